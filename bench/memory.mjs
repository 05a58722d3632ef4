// Measures how much memory a million logins take in the default stores of this package and of wechat-oauth,
// each in its own process.
//
//   npm run bench:memory -- --logins 1000000
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readAmounts } from './parts/amounts.mjs';
import { mb, table, whole } from './parts/table.mjs';

const require = createRequire(import.meta.url);
const CONTENDERS = ['express-wechat-auth', 'wechat-oauth'];
const TARGET_MB = 50;

const { values } = parseArgs({ options: { logins: { type: 'string', default: '1000000' } } });
const { logins } = readAmounts(values);
const runs = CONTENDERS.map(run);
console.log(report(runs).join('\n'));

function run(name) {
  const script = fileURLToPath(new URL('memory-contender.mjs', import.meta.url));
  const { status, signal, stdout, error } = spawnSync(
    process.execPath,
    ['--expose-gc', script, name, String(logins)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (status !== 0) {
    console.error(`The run of ${name} failed: ${error?.message ?? signal ?? `exit code ${status}`}.`);
    process.exit(1);
  }
  const { version } = require(`${name}/package.json`);
  return { title: `${name} ${version}`, ...JSON.parse(stdout) };
}

function report([ours, theirs]) {
  const both = (value) => [ours, theirs].map(value);
  const titles = both(({ title }) => title);
  const facts = [
    ['heap at the start', ...both(({ start }) => mb(start.heap))],
    [`heap after ${whole(logins)} logins`, ...both(({ end }) => mb(end.heap))],
    ['**growth of the heap**', ...both(({ start, end }) => `**${mb(end.heap - start.heap)}**`)],
    ['growth outside the heap', ...both(({ start, end }) => mb(end.external - start.external))],
    ['growth of the process (RSS)', ...both(({ start, end }) => mb(end.rss - start.rss))],
    ['users whose token is still stored', ...both(({ held }) => whole(held))],
  ];
  const samples = ours.samples.map(({ done, heap }, at) => [
    whole(done),
    ...[heap - ours.start.heap, theirs.samples[at].heap - theirs.start.heap].map(mb),
  ]);
  const grown = ours.end.heap - ours.start.heap;
  return [
    `${whole(logins)} logins · Node ${process.versions.node} · ${os.type()} ${os.arch()} · ${os.availableParallelism()} cores`,
    '',
    table(['', ...titles], facts),
    '',
    table(['growth of the heap after logins', ...titles], samples),
    '',
    `Target for ${ours.title}: at most ${TARGET_MB} MB: ${grown <= TARGET_MB * 1e6 ? 'met' : 'missed'}.`,
  ];
}
