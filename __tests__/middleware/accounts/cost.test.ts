// The memory that accounts take before their first login, measured in a process of its own.
// docs/benchmarks.md has the times.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

const SCRIPT = path.resolve(__dirname, '../../../bench/accounts/cost.mjs');

it('an account takes at most 30 kB before its first login, and a plain wechatAuth() at most 60 kB', () => {
  const output = execFileSync(process.execPath, ['--expose-gc', SCRIPT], { encoding: 'utf8' });
  const { plain, account } = JSON.parse(output) as { plain: number; account: number };
  expect(account).toBeGreaterThan(0);
  expect(account).toBeLessThanOrEqual(30_000);
  expect(plain).toBeLessThanOrEqual(60_000);
});
