// An app of its own, with just those packages beside ours that a test names: what its compiler says.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(__dirname, '../..');
const MODULES = path.join(ROOT, 'node_modules');

const EXPRESS_TYPES = {
  4: { '@types/express': '@types/express4' },
  5: Object.fromEntries(
    ['express', 'express-serve-static-core', 'serve-static'].map((name) => [
      `@types/${name}`,
      `@types/${name}`,
    ]),
  ),
} as const;
/** What both of them import. */
const BELOW_EXPRESS = ['body-parser', 'connect', 'send', 'qs', 'range-parser', 'mime', 'http-errors'];
/** What our own types import; not under test, so not copied. */
const OURS_IMPORT = ['axios', 'zod', 'lru-cache', '@types/node', 'undici-types'];

export interface Installed {
  readonly express?: 4 | 5;
  readonly types?: readonly ('express-session' | 'cookie-session')[];
  /** Packages without their types. */
  readonly untyped?: readonly string[];
}

export class Consumer {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'consumer-'));

  readonly #installed = new Map<string, ts.SourceFile>();

  constructor({ express, types = [], untyped = [] }: Installed) {
    const below = express === undefined ? [] : BELOW_EXPRESS.map((name) => `@types/${name}`);
    const keygrip = types.includes('cookie-session') ? ['@types/keygrip'] : [];
    const named = [...types.map((name) => `@types/${name}`), ...keygrip, ...untyped, ...below];
    const copies: Readonly<Record<string, string>> = {
      ...(express && EXPRESS_TYPES[express]),
      ...Object.fromEntries(named.map((name) => [name, name])),
    };
    for (const [name, from] of Object.entries(copies)) this.#copy(path.join(MODULES, from), name);
    this.#copy(path.join(ROOT, 'dist'), 'express-wechat-auth/dist');
    this.#copy(path.join(ROOT, 'package.json'), 'express-wechat-auth/package.json');
    for (const name of OURS_IMPORT) {
      const to = this.#module(name);
      symlinkSync(path.join(MODULES, name), to);
    }
    writeFileSync(path.join(this.#folder, 'package.json'), '{}');
  }

  #module(name: string): string {
    const to = path.join(this.#folder, 'node_modules', name);
    mkdirSync(path.dirname(to), { recursive: true });
    return to;
  }

  #copy(from: string, name: string): void {
    // A compiler reads no JavaScript where there are types, and no maps; untyped packages keep theirs.
    const isRead = (file: string): boolean =>
      !(name.startsWith('express-wechat-auth') && /\.(?:js|map)$/.test(file));
    cpSync(from, this.#module(name), { recursive: true, dereference: true, filter: isRead });
  }

  /** What the compiler finds wrong, in the app and in all that it has installed, each fault in a line. */
  compile(source: string, options: Readonly<Record<string, unknown>>): string[] {
    const app = path.join(this.#folder, 'app.ts');
    writeFileSync(app, source);
    const { options: settled, errors } = ts.convertCompilerOptionsFromJson(
      {
        noEmit: true,
        strict: true,
        skipLibCheck: false,
        target: 'es2022',
        lib: ['es2023'],
        types: ['node'],
        esModuleInterop: true,
        // For node10, which is still in use.
        ignoreDeprecations: '6.0',
        ...options,
      },
      this.#folder,
    );
    const program = ts.createProgram([app], settled, this.#host(settled));
    const own = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(this.#folder));
    return [
      ...errors,
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...own.flatMap((file) => [
        ...program.getSyntacticDiagnostics(file),
        ...program.getSemanticDiagnostics(file),
      ]),
    ].map((fault) => this.#words(fault));
  }

  #host(options: ts.CompilerOptions): ts.CompilerHost {
    const host = ts.createCompilerHost(options);
    host.getCurrentDirectory = () => this.#folder;
    const read = host.getSourceFile.bind(host);
    // What lies outside is the same for every consumer, and what is installed the same for every compilation: read once.
    host.getSourceFile = (name, how, ...rest) => {
      const isInside = name.startsWith(this.#folder);
      if (isInside && !name.startsWith(path.join(this.#folder, 'node_modules')))
        return read(name, how, ...rest);
      const files = isInside ? this.#installed : outside;
      const key = `${name} ${JSON.stringify(how)}`;
      const known = files.get(key) ?? read(name, how, ...rest);
      if (known) files.set(key, known);
      return known;
    };
    return host;
  }

  #words({ file, start = 0, code, messageText }: ts.Diagnostic): string {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    if (!file) return `TS${code} ${text}`;
    const line = file.getLineAndCharacterOfPosition(start).line + 1;
    return `${path.relative(this.#folder, file.fileName)}:${line} TS${code} ${text}`;
  }

  /** Changes a file of our package as it is installed there. */
  rewrite(file: string, change: (text: string) => string): void {
    const at = path.join(this.#module('express-wechat-auth'), file);
    writeFileSync(at, change(readFileSync(at, 'utf8')));
    this.#installed.clear();
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

const outside = new Map<string, ts.SourceFile>();
