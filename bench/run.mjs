// Runs all benchmarks or the named ones, and prints their tables for docs/benchmarks.md. The tables of memory
// and of the soak test come from memory.mjs and soak.mjs.
//
//   npm run bench
//   npm run bench -- logins guards
import os from 'node:os';
import { parseArgs } from 'node:util';
import { benchAccounts } from './accounts.mjs';
import { benchEmulator } from './emulator.mjs';
import { benchFootprint } from './footprint.mjs';
import { benchGrowth } from './growth.mjs';
import { benchGuards } from './guards.mjs';
import { benchLogins } from './logins.mjs';
import { readAmounts } from './parts/amounts.mjs';
import { benchRequests } from './requests.mjs';
import { benchSessions } from './sessions.mjs';

const BENCHES = {
  logins: ['Logins', benchLogins],
  guards: ['Pages', benchGuards],
  requests: ['Requests that are not logins', benchRequests],
  footprint: ['Loading', benchFootprint],
  sessions: ['Sessions', benchSessions],
  growth: ['Growth', benchGrowth],
  accounts: ['Accounts', benchAccounts],
  emulator: ['Emulator', benchEmulator],
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(
    ['rounds', 'logins', 'users', 'tickets'].map((name) => [name, { type: 'string' }]),
  ),
});
const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  console.error(
    `${unknown.join(', ')} is not a benchmark; the benchmarks are ${Object.keys(BENCHES).join(', ')}.`,
  );
  process.exit(1);
}
const amounts = readAmounts(values);

console.log(
  `${new Date().toISOString().slice(0, 10)} · Node ${process.versions.node} · ${os.type()} ${os.arch()} · ${os.availableParallelism()} cores (${os.cpus()[0]?.model.trim()})`,
);
for (const name of names) {
  const [title, bench] = BENCHES[name];
  console.log(`\n## ${title}\n`);
  console.log(await bench(amounts));
}
