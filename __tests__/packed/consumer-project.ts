// A user's project in its own folder, with the packed package and the other packages that the user installed
// in its node_modules.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { cachingHost } from '../support/compiler/caching-host';
import { compileWith7, type Compiled } from '../support/compiler/typescript7';
import { ROOT, readJSON, type Manifest, type Tarball } from './tarball';

const MODULES = path.join(ROOT, 'node_modules');

/**
 * The name of an installed package; or its name, and the name that it has in this repository's node_modules.
 */
export type Installed = string | readonly [name: string, from: string];

export interface ProjectOptions {
  readonly type?: 'commonjs' | 'module';
  readonly installed?: readonly Installed[];
}

/** A process that serves until it is stopped. */
export interface Serving {
  /** What it printed when it was ready. */
  readonly output: string;
  /** Ends the process, and returns its exit code. */
  stop(): Promise<number | null>;
}

export class ConsumerProject {
  // Without links, because the compiler and Node report real paths, and the temporary folder may be a link.
  readonly folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'consumer-')));
  readonly #package: string;
  readonly #running = new Set<ChildProcess>();
  readonly #installedFiles = new Map<string, ts.SourceFile>();

  constructor(tarball: Tarball, { type = 'commonjs', installed = [] }: ProjectOptions = {}) {
    const { name, dependencies, bin } = tarball.manifest;
    this.#package = name;
    // Copied instead of linked: through a link, our package would find packages of this repository that it
    // does not declare.
    cpSync(tarball.contents, this.#module(name), { recursive: true });
    for (const dependency of Object.keys(dependencies)) this.#link(dependency);
    this.#installCommands(name, bin);
    for (const each of installed) {
      const [to, from] = typeof each === 'string' ? [each, each] : each;
      if (to.startsWith('@types/')) this.#copyTypes(to, path.join(MODULES, from));
      else this.#link(to, from);
    }
    this.write('package.json', JSON.stringify({ private: true, type }));
  }

  write(file: string, text: string): void {
    writeFileSync(path.join(this.folder, file), text);
  }

  /** Changes a file of our package as it is installed in the project. */
  rewriteInstalled(file: string, change: (text: string) => string): void {
    const at = path.join(this.#module(this.#package), file);
    writeFileSync(at, change(readFileSync(at, 'utf8')));
    this.#installedFiles.clear();
  }

  #module(name: string): string {
    const to = path.join(this.folder, 'node_modules', name);
    mkdirSync(path.dirname(to), { recursive: true });
    return to;
  }

  #link(name: string, from = name): void {
    const to = this.#module(name);
    if (!existsSync(to)) symlinkSync(path.join(MODULES, from), to, 'junction');
  }

  /** Copies types, and the types that they need: through a link, they would find those of this repository. */
  #copyTypes(name: string, from: string): void {
    // A link is enough for Node's types: they are large, and need no package that a test varies.
    if (name === '@types/node') {
      this.#link(name);
      return;
    }
    const to = this.#module(name);
    if (existsSync(to)) return;
    cpSync(from, to, { recursive: true });
    this.#copyTypesNeededBy(from, from);
  }

  #copyTypesNeededBy(folder: string, copied: string): void {
    const { dependencies = {} } = readJSON(path.join(folder, 'package.json')) as Partial<Manifest>;
    for (const name of Object.keys(dependencies).filter((each) => each.startsWith('@types/'))) {
      const nested = path.join(copied, 'node_modules', name);
      if (existsSync(nested)) this.#copyTypesNeededBy(nested, copied);
      else this.#copyTypes(name, path.join(MODULES, name));
    }
  }

  #installCommands(name: string, bin: Manifest['bin']): void {
    for (const [command, file] of Object.entries(bin)) {
      chmodSync(path.join(this.#module(name), file), 0o755);
      symlinkSync(path.join('..', name, file), this.#module(`.bin/${command}`));
    }
  }

  /**
   * Compiles files with TypeScript 7, and writes the JavaScript beside them unless `noEmit` is set. Returns
   * the errors in all types that the files reach, one line each.
   */
  compile(...compiled: readonly Compiled[]): string[] {
    return compileWith7(this.folder, compiled);
  }

  /**
   * Does the same with TypeScript 6, for one file. Looks for errors in all types that the file reaches, or only in the
   * project's own files and the packages that were copied into it, which is faster.
   */
  compileWith6(
    file: string,
    compilerOptions: Readonly<Record<string, unknown>>,
    checked: 'all types' | 'copied types' = 'all types',
  ): string[] {
    const { options, errors } = ts.convertCompilerOptionsFromJson(compilerOptions, this.folder);
    const program = ts.createProgram([path.join(this.folder, file)], options, this.#host(options));
    const own = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(this.folder));
    const found = [
      ...errors,
      ...(checked === 'all types'
        ? ts.getPreEmitDiagnostics(program)
        : [
            ...program.getOptionsDiagnostics(),
            ...program.getGlobalDiagnostics(),
            ...own.flatMap((each) => [
              ...program.getSyntacticDiagnostics(each),
              ...program.getSemanticDiagnostics(each),
            ]),
          ]),
      ...(options.noEmit ? [] : program.emit().diagnostics),
    ];
    return found.map((diagnostic) => this.#textOf(diagnostic));
  }

  #host(options: ts.CompilerOptions): ts.CompilerHost {
    // Parsed files are cached: those outside the project for all projects, and those of its node_modules for
    // all of its compilations. Its own files may change.
    const host = cachingHost(options, (name) => {
      if (!name.startsWith(this.folder)) return outsideFiles;
      return name.startsWith(path.join(this.folder, 'node_modules')) ? this.#installedFiles : undefined;
    });
    host.getCurrentDirectory = () => this.folder;
    return host;
  }

  #textOf({ file, start = 0, code, messageText }: ts.Diagnostic): string {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    if (!file) return `TS${code} ${text}`;
    const line = file.getLineAndCharacterOfPosition(start).line + 1;
    return `${path.relative(this.folder, file.fileName)}:${line} TS${code} ${text}`;
  }

  /** Runs Node in the project to its end, and returns what it printed. */
  async node(...args: string[]): Promise<string> {
    return finish(this.#spawn(process.execPath, args));
  }

  /** Runs an installed command to its end, and returns what it printed. */
  async command(name: string, ...args: string[]): Promise<string> {
    return finish(this.#spawn(path.join('node_modules/.bin', name), args));
  }

  /** Starts a script that prints "Listening at" and its address. */
  async serveScript(script: string, env: Readonly<Record<string, string>> = {}): Promise<Serving> {
    return serve(this.#spawn(process.execPath, [script], env), /Listening at (\S+)\n/);
  }

  /** Starts an installed command that serves, and waits until its output matches. */
  async serveCommand(name: string, args: readonly string[], ready: RegExp): Promise<Serving> {
    return serve(this.#spawn(path.join('node_modules/.bin', name), args), ready);
  }

  #spawn(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    // PATH alone is passed on: no credentials, no NODE_PATH, no proxy.
    const { PATH = '' } = process.env;
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    return child;
  }

  /** Ends processes that a failed test left behind, and deletes the folder. */
  remove(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true });
  }
}

const outsideFiles = new Map<string, ts.SourceFile>();

interface Output {
  readonly out: string;
  readonly err: string;
}

function outputOf(child: ChildProcess): Output {
  const output = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.err += text));
  return output;
}

async function finish(child: ChildProcess): Promise<string> {
  const output = outputOf(child);
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0 || output.err)
    throw new Error(`the process ended with ${String(status)}: ${output.err}${output.out}`);
  return output.out;
}

async function serve(child: ChildProcess, ready: RegExp): Promise<Serving> {
  const output = outputOf(child);
  const closed = once(child, 'close') as Promise<[number | null]>;
  const isReady = new Promise<string>((resolve) => {
    child.stdout?.on('data', () => {
      const match = ready.exec(output.out);
      if (match) resolve(match[1] ?? output.out);
    });
  });
  const ended = closed.then(() =>
    Promise.reject(new Error(`the process ended before it was ready: ${output.err}${output.out}`)),
  );
  return {
    output: await Promise.race([isReady, ended]),
    stop: async () => {
      ended.catch(() => undefined);
      child.kill();
      const [status] = await closed;
      return status;
    },
  };
}
