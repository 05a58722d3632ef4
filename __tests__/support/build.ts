// Builds dist/ before all tests, if it is older than lib/: the example app and the tests of the package run
// it.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../..');

export default function build(): void {
  const built = path.join(ROOT, 'dist/index.js');
  if (existsSync(built) && statSync(built).mtimeMs > newest(path.join(ROOT, 'lib'))) return;
  execFileSync(process.execPath, [path.join(ROOT, '.ci/build.mjs')], { stdio: 'inherit' });
}

function newest(folder: string): number {
  return Math.max(
    ...readdirSync(folder, { withFileTypes: true, recursive: true }).map(
      (entry) => statSync(path.join(entry.parentPath, entry.name)).mtimeMs,
    ),
  );
}
