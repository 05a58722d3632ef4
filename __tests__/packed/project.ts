// A project of a user's: in a folder of its own, with the packed package in its node_modules and what else it installed.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { ROOT, readJSON, type Manifest, type Tarball } from './tarball';

const MODULES = path.join(ROOT, 'node_modules');

export interface ProjectFiles {
  readonly type: 'commonjs' | 'module';
  /** What it installed: names, or a name and where that stands among our own packages. */
  readonly installed: readonly (string | readonly [name: string, from: string])[];
  readonly compilerOptions: Readonly<Record<string, unknown>>;
  /** The file that starts it: its name, and what is in it. */
  readonly main: string;
  readonly source: string;
}

/** A process that serves: where it listens, and how it ends. */
export interface Serving {
  readonly says: string;
  /** Asks it to end, and waits for its exit code. */
  stop(): Promise<number | null>;
}

export class Project {
  // As the compiler and Node see it, on a system whose temporary folder is a link.
  readonly folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'consumer-')));
  readonly #files: ProjectFiles;
  readonly #running = new Set<ChildProcess>();
  #faults: readonly string[] | undefined;

  constructor(tarball: Tarball, files: ProjectFiles) {
    this.#files = files;
    const { name, dependencies, bin } = tarball.manifest;
    // A copy, and not a link: what it does not bring along and does not declare must be missing.
    cpSync(tarball.contents, this.#module(name), { recursive: true });
    for (const dependency of Object.keys(dependencies)) this.#link(dependency);
    this.#installCommands(name, bin);
    for (const each of files.installed) {
      const [installed, from] = typeof each === 'string' ? [each, each] : each;
      if (installed.startsWith('@types/')) this.#copyTypes(installed, path.join(MODULES, from));
      else this.#link(installed, from);
    }
    this.write('package.json', JSON.stringify({ private: true, type: files.type }));
    const { compilerOptions, main } = files;
    this.write('tsconfig.json', JSON.stringify({ compilerOptions, files: [main] }));
    this.write(main, files.source);
  }

  write(file: string, text: string): void {
    writeFileSync(path.join(this.folder, file), text);
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

  /** Types are copied, with those they need: behind a link they would find ours in the place of the project's. */
  #copyTypes(name: string, from: string): void {
    // But Node's, which are big and need nobody's.
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
    const { dependencies } = readJSON(path.join(folder, 'package.json')) as Manifest;
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

  /** What the compiler finds wrong: in the project, in our types, in all the types that they reach. Writes the JavaScript beside. */
  compile(): readonly string[] {
    this.#faults ??= this.#compile();
    return this.#faults;
  }

  #compile(): string[] {
    const file = path.join(this.folder, 'tsconfig.json');
    const { fileNames, options, errors } = ts.parseJsonConfigFileContent(readJSON(file), ts.sys, this.folder);
    const program = ts.createProgram(fileNames, options, this.#host(options));
    const faults = [...errors, ...ts.getPreEmitDiagnostics(program)];
    if (!options.noEmit) faults.push(...program.emit().diagnostics);
    return faults.map((fault) => this.#words(fault));
  }

  #host(options: ts.CompilerOptions): ts.CompilerHost {
    const host = ts.createCompilerHost(options);
    host.getCurrentDirectory = () => this.folder;
    const read = host.getSourceFile.bind(host);
    // What lies outside is the same for every project: read once.
    host.getSourceFile = (name, how, ...rest) => {
      if (name.startsWith(this.folder)) return read(name, how, ...rest);
      const key = `${name} ${JSON.stringify(how)}`;
      const known = outside.get(key) ?? read(name, how, ...rest);
      if (known) outside.set(key, known);
      return known;
    };
    return host;
  }

  #words({ file, start = 0, code, messageText }: ts.Diagnostic): string {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    if (!file) return `TS${code} ${text}`;
    const line = file.getLineAndCharacterOfPosition(start).line + 1;
    return `${path.relative(this.folder, file.fileName)}:${line} TS${code} ${text}`;
  }

  /** Runs a script of the project's to its end: what it printed. */
  async node(...args: string[]): Promise<string> {
    return finish(this.#spawn(process.execPath, args));
  }

  /** Runs a command that the project has installed to its end: what it printed. */
  async command(name: string, ...args: string[]): Promise<string> {
    return finish(this.#spawn(path.join('node_modules/.bin', name), args));
  }

  /** Starts the app, and waits until it says where it listens. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<Serving> {
    const script = this.#files.main.replace(/ts$/, 'js');
    return serve(this.#spawn(process.execPath, [script], env), /Listening at (\S+)\n/);
  }

  /** Starts a command that serves, and waits until it says this. */
  async serveCommand(name: string, args: readonly string[], says: RegExp): Promise<Serving> {
    return serve(this.#spawn(path.join('node_modules/.bin', name), args), says);
  }

  #spawn(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    // Nothing of our environment: no credentials, no NODE_PATH, no proxy.
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

  /** Ends what still runs, as after a test that failed, and leaves nothing behind. */
  remove(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true });
  }
}

const outside = new Map<string, ts.SourceFile>();

interface Heard {
  readonly out: string;
  readonly err: string;
}

function listenTo(child: ChildProcess): Heard {
  const heard = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (heard.out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (heard.err += text));
  return heard;
}

async function finish(child: ChildProcess): Promise<string> {
  const heard = listenTo(child);
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0 || heard.err) throw new Error(`It ended with ${String(status)}: ${heard.err}${heard.out}`);
  return heard.out;
}

async function serve(child: ChildProcess, says: RegExp): Promise<Serving> {
  const heard = listenTo(child);
  const gone = once(child, 'close') as Promise<[number | null]>;
  const said = new Promise<string>((resolve) => {
    child.stdout?.on('data', () => {
      const match = says.exec(heard.out);
      if (match) resolve(match[1] ?? heard.out);
    });
  });
  const ended = gone.then(() => Promise.reject(new Error(`It ended: ${heard.err}${heard.out}`)));
  return {
    says: await Promise.race([said, ended]),
    stop: async () => {
      ended.catch(() => undefined);
      child.kill();
      const [status] = await gone;
      return status;
    },
  };
}
