// Builds dist/ from lib/.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
// Both versions of TypeScript have a command tsc, so the file is named.
const TSC = path.join(ROOT, 'node_modules/typescript7/bin/tsc');

// Otherwise the output of a deleted source would be packed.
rmSync(path.join(ROOT, 'dist'), { recursive: true, force: true });
// Two runs side by side, because the declarations keep their comments, and the JavaScript has none. The first
// one checks the types.
const compiled = await Promise.all([
  compile('--emitDeclarationOnly'),
  compile('--declaration', 'false', '--removeComments', '--noCheck'),
]);
if (compiled.includes(false)) process.exit(1);
await import('./prune-declarations.mjs');
await import('./bundle-valibot.mjs');

async function compile(...options) {
  // The output goes to stderr: stdout is for programs that build the package, such as `npm pack --json`.
  // More threads take more CPU time, and each of the two runs has a core.
  const args = [TSC, '-p', ROOT, '--singleThreaded', ...options];
  const compiler = spawn(process.execPath, args, { stdio: ['ignore', 2, 2] });
  const [status] = await once(compiler, 'exit');
  return status === 0;
}
