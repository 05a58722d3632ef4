// TypeScript 7 has no API for programs, so it runs as a process.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** The command. Both versions of TypeScript have a command tsc, so the file is named. */
export const TSC = path.resolve(__dirname, '../../../node_modules/typescript7/bin/tsc');

/** A file, and the compiler options of its tsconfig.json. */
export interface Compiled {
  readonly file: string;
  readonly compilerOptions: Readonly<Record<string, unknown>>;
}

/**
 * Compiles files of a folder, each with its options. One process does it all, and reads the types once.
 * Returns the errors, one line each.
 */
export function compileWith7(folder: string, compiled: readonly Compiled[]): string[] {
  const configurations = compiled.map(({ file, compilerOptions }, index) => {
    const name = `compiled-${index}.json`;
    writeFileSync(path.join(folder, name), JSON.stringify({ compilerOptions, files: [file] }));
    return name;
  });
  // --force: otherwise the second run for a file looks only at what has changed.
  const options = ['--force', '--singleThreaded', '--pretty', 'false', '--locale', 'en'];
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [TSC, '--build', ...configurations, ...options],
    { cwd: folder, encoding: 'utf8' },
  );
  if (error) throw error;
  const errors = linesOf(stdout);
  if (stderr || (status === 0) !== (errors.length === 0))
    throw new Error(`tsc ended with ${String(status)}: ${stderr}${stdout}`);
  return errors;
}

/** One line for each error, in the form of the tests: `app.ts:1 TS2322 Type …`. */
function linesOf(output: string): string[] {
  const whole = output.trimEnd().replaceAll(/\n(?= )/g, ' ');
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^(?:(.+)\((\d+),\d+\): )?error (TS\d+): /, errorStart));
}

function errorStart(_: string, file: string | undefined, line: string, code: string): string {
  return file === undefined ? `${code} ` : `${file}:${line} ${code} `;
}
