// Measures what an account costs before its first login, if the option `account` chooses it for each request.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from './parts/figures.mjs';
import { table } from './parts/table.mjs';

const SCRIPT = fileURLToPath(new URL('accounts/cost.mjs', import.meta.url));

export function benchAccounts({ rounds = 5 } = {}) {
  const runs = Array.from({ length: rounds }, measure);
  const of = (name) => median(runs.map((run) => run[name]));
  const kb = (bytes) => `${(bytes / 1e3).toFixed(1)} kB`;
  return table(
    ['', 'heap', 'time'],
    [
      ['one of 1,000 accounts (`account`)', kb(of('account')), `${of('ms').toFixed(3)} ms`],
      ['one plain `wechatAuth()`', kb(of('plain')), '–'],
    ],
  );
}

function measure() {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', SCRIPT], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${SCRIPT} failed: ${stderr}`);
  return JSON.parse(stdout);
}
