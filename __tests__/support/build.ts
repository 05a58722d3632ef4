// Builds dist/ before all tests, if it is older than lib/: the example app and the tests of the package run
// it.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../..');

export default function build(): void {
  const built = path.join(ROOT, 'dist/index.js');
  if (existsSync(built) && statSync(built).mtimeMs > newest(path.join(ROOT, 'lib'))) return;
  // Otherwise the output of a deleted source would be packed.
  rmSync(path.join(ROOT, 'dist'), { recursive: true, force: true });
  // Two passes, as in package.json: the declarations keep their comments, the JavaScript has none. The first
  // pass has checked the types.
  for (const options of [[], ['--declaration', 'false', '--removeComments', '--noCheck']]) {
    execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', ROOT, ...options], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }
  for (const step of ['prune-declarations.mjs', 'bundle-valibot.mjs'])
    execFileSync(process.execPath, [path.join(ROOT, '.ci', step)], { stdio: 'inherit' });
}

function newest(folder: string): number {
  return Math.max(
    ...readdirSync(folder, { withFileTypes: true, recursive: true }).map(
      (entry) => statSync(path.join(entry.parentPath, entry.name)).mtimeMs,
    ),
  );
}
