import { spawnSync } from 'node:child_process';

/** Whether these tests on a real nginx run. With CI=true they always run, and fail if it is not installed. */
export function mustRunNginx(what: string): boolean {
  const isInstalled = spawnSync('nginx', ['-v']).error === undefined;
  const mustRun = isInstalled || process.env['CI'] === 'true';
  if (!mustRun) process.stderr.write(`\nSKIPPED: ${what}: nginx is not installed\n`);
  return mustRun;
}
