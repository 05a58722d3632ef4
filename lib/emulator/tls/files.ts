import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/**
 * Makes a folder and the folders above it. With the option `recursive`, `mkdirSync` never returns if the
 * system reports ENOENT for a folder whose parent exists, as Linux does below `/proc`.
 */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = path.dirname(folder);
  if (parent !== folder) makeFolder(parent);
  unlessItExists(() => mkdirSync(folder, { mode: 0o700 }));
}

export function readIfExists(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes another file and renames it, so that no process reads half a file. */
export function replaceFile(file: string, text: string, mode: number): void {
  const temporary = temporaryName(file);
  writeFileSync(temporary, text, { mode });
  renameSync(temporary, file);
}

/**
 * Makes a file, unless it exists. A link to a complete file is made in one step, so that no process reads
 * half a file.
 */
export function makeFile(file: string, text: string, mode: number): void {
  const temporary = temporaryName(file);
  writeFileSync(temporary, text, { mode });
  try {
    unlessItExists(() => linkSync(temporary, file));
  } finally {
    unlinkSync(temporary);
  }
}

function temporaryName(file: string): string {
  return `${file}.${process.pid}.tmp`;
}

/** Another emulator that starts at the same time may have made it. */
function unlessItExists(make: () => void): void {
  try {
    make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
