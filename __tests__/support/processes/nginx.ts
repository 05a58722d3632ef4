import { spawnSync } from 'node:child_process';

/**
 * Whether to run these tests on a real nginx. With CI=true they always run, and fail if nginx is not
 * installed.
 */
export function mustRunNginx(what: string): boolean {
  const isInstalled = spawnSync('nginx', ['-v']).error === undefined;
  const mustRun = isInstalled || process.env['CI'] === 'true';
  if (!mustRun) process.stderr.write(`\nSKIPPED: ${what}: nginx is not installed\n`);
  return mustRun;
}
