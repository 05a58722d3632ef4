// Builds dist/ from lib/.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');

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
  const compiler = spawn(process.execPath, [TSC, '-p', ROOT, ...options], { stdio: ['ignore', 2, 2] });
  const [status] = await once(compiler, 'exit');
  return status === 0;
}
