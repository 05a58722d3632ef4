// The package as npm would publish it, unpacked as npm would install it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const ROOT = path.resolve(__dirname, '../..');

/** The fields of a package.json that the tests read. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly repository: { readonly url: string; readonly directory?: string };
  readonly homepage: string;
  readonly bugs: string;
}

export function readJSON(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number; readonly mode: number }[];
}

export class Tarball {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'packed-'));
  readonly packed: Packed;
  /** The folder that holds the unpacked files. */
  readonly contents: string;
  readonly manifest: Manifest;

  constructor() {
    // Without scripts: support/build.ts has built dist/ before all tests.
    const args = ['pack', '--ignore-scripts', '--json', '--offline', '--pack-destination', this.#folder];
    const output = execFileSync('npm', args, {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [packed] = JSON.parse(output) as Packed[];
    if (!packed) throw new Error(`npm pack packed nothing: ${output}`);
    this.packed = packed;
    execFileSync('tar', ['-xzf', packed.filename], { cwd: this.#folder });
    this.contents = path.join(this.#folder, 'package');
    this.manifest = readJSON(path.join(this.contents, 'package.json')) as Manifest;
  }

  /** The path of the packed file. */
  get file(): string {
    return path.join(this.#folder, this.packed.filename);
  }

  get names(): string[] {
    return this.packed.files.map((file) => file.path).sort();
  }

  read(name: string): string {
    return readFileSync(path.join(this.contents, name), 'utf8');
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
