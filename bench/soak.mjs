// The soak test: two processes of one app share a Redis that is stopped twice. They serve as many logins as
// the machine can do, with a fault in every twentieth. Each user must be logged in as that user, or get an
// error that has a kind.
//
//   npm run soak -- --minutes 20 --logins 100000 --guarded 1000000
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createEmulator } from 'express-wechat-auth/emulator';
import { startChild } from './parts/child.mjs';
import { mb, table, whole } from './parts/table.mjs';
import { seededRandom } from './soak/faults.mjs';
import { People } from './soak/people.mjs';
import { startRedis } from './soak/redis.mjs';

const AWAY_MS = 1_500;
/**
 * Logins may still fail for this time after Redis is back. It is longer than the library's time limit of a
 * call to a store, 5 s.
 */
const AFTERMATH_MS = 6_000;
/**
 * The caches of a process are full after this number of logins, and its heap no longer grows. It is more than
 * their 10,000 entries: a login whose request fails, or whose callback another process serves, adds fewer.
 */
const WARM_LOGINS = 21_000;
/** In bytes. One leaked object per login would take more. */
const HEAP_LIMIT_PER_LOGIN = 50;
const MIN_POINTS = 8;
/**
 * The processes are measured while nobody uses them, after this time: node-redis keeps a timer of 5 s for each
 * command, so that under load the heap depends on the commands of the last 5 s.
 */
const REST_MS = 5_500;
/** A soak spends a fifth of its time at rest. With 120 logins a second, 10 minutes have MIN_POINTS when it is warm. */
const MEASURE_EVERY_MS = 30_000;

const options = readArguments();
const tally = newTally();
process.on('unhandledRejection', (error) =>
  tally.violation('the soak itself', String(error?.stack ?? error)),
);

// Without a listener, a signal ends the process at once, and what it has started stays.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => process.exit(128 + os.constants.signals[signal]));

const refusedUser = 'refused';
const users = Array.from({ length: 400 }, (_, number) => ({
  id: `user${number}`,
  nickname: `用户${number}`,
}));
const emulator = await createEmulator({ users: [...users, { id: refusedUser, nickname: refusedUser }] });
const redis = await startRedis();
const host = 'soak.test';
const { official, website } = emulator.apps;
const auth = {
  appId: official.appId,
  appSecret: official.appSecret,
  website: { appId: website.appId, appSecret: website.appSecret },
  endpoints: emulator.endpoints,
  baseURL: `http://${host}`,
  http: { timeout: 1_500 },
};
const script = fileURLToPath(new URL('soak/app.mjs', import.meta.url));
const env = { SOAK: JSON.stringify({ redis: redis.url, auth, refusedUser }) };
const apps = await Promise.all(
  Array.from({ length: options.processes }, () => startChild(script, { execArgv: ['--expose-gc'], env })),
);

let redisIsBackAt = 0;
const site = {
  ports: apps.map(({ about }) => about.port),
  host,
  emulator,
  users,
  refusedUser,
  faultShare: options.faults,
  isRedisAway: () => performance.now() < redisIsBackAt,
};
console.error(`seed ${options.seed}; at most ${options.minutes} minutes`);

const before = await measure();
const started = performance.now();
const ends = started + options.minutes * 60_000;
const points = [];
let isRunning = true;
/** Resolves when the people may go on. */
let rest = Promise.resolve();
let busyPeople = 0;
const watch = watchApps();
const people = new People(site, tally, seededRandom(options.seed));
await Promise.all(Array.from({ length: options.people }, livePeople));
const took = performance.now() - started;
isRunning = false;
await watch;

people.end();
await emulator.close();
const after = await measureAtRest();
for (const text of await unhandledErrors()) tally.violation('in the app', text);
await Promise.all(apps.map((app) => app.end()));
await redis.end();

console.log(report());
process.exitCode = tally.violations.size > 0 ? 1 : 0;

async function livePeople() {
  while (performance.now() < ends && !isDone()) {
    const number = tally.started++;
    if (options.rate > 0) {
      const due = started + (number / options.rate) * 1_000;
      if (due >= ends) return;
      await sleep(Math.max(0, due - performance.now()));
    }
    await rest;
    busyPeople += 1;
    await people.live(number, options.pages).finally(() => (busyPeople -= 1));
  }
}

/** Measures the processes once nobody has used them for a while. */
async function measureWithoutPeople() {
  let goOn;
  rest = new Promise((resolve) => (goOn = resolve));
  while (busyPeople > 0) await sleep(50);
  await sleep(REST_MS);
  points.push({ at: performance.now() - started, logins: tally.logins, apps: await measure() });
  goOn();
}

function isDone() {
  return tally.logins >= options.logins && tally.guarded >= options.guarded;
}

/** The share of the soak that is done, from 0 to 1. */
function progress() {
  const time = (performance.now() - started) / (ends - started);
  return Math.max(time, Math.min(tally.logins / options.logins, tally.guarded / options.guarded));
}

/** Measures the processes now and then, and stops Redis at a third and at two thirds of the soak. */
async function watchApps() {
  const outages = [1 / 3, 2 / 3];
  let [nextMeasurement, nextLine] = [0, 60_000];
  while (isRunning) {
    const now = performance.now() - started;
    if (outages.length > 0 && progress() >= outages[0]) {
      outages.shift();
      await interruptRedis();
    }
    if (now >= nextMeasurement && !site.isRedisAway()) {
      nextMeasurement = now + MEASURE_EVERY_MS;
      await measureWithoutPeople();
    }
    if (now >= nextLine) {
      nextLine += 60_000;
      console.error(
        `${Math.round(now / 60_000)} min: ${whole(tally.logins)} logins, ${whole(tally.guarded)} guarded requests, ` +
          `${tally.violations.size} kinds of violation, heap at rest ${lastHeaps()}`,
      );
    }
    await sleep(200);
  }
  if (tally.outages < 2) tally.violation('the soak itself', 'ended before Redis was stopped twice');
}

function lastHeaps() {
  return (points.at(-1)?.apps ?? []).map(({ heap }) => mb(heap)).join(', ');
}

async function interruptRedis() {
  redisIsBackAt = Infinity;
  await redis.stop();
  await sleep(AWAY_MS);
  await redis.start();
  // The clients reconnect when they notice, which takes longer on a busy machine.
  const everywhere = async () => (await Promise.all(apps.map((app) => app.call('hasRedis')))).every(Boolean);
  while (!(await everywhere())) await sleep(50);
  redisIsBackAt = performance.now() + AFTERMATH_MS;
  tally.outages += 1;
}

async function measure() {
  return Promise.all(apps.map((app) => app.call('measure')));
}

/**
 * Measures once no request is left and WeChat is closed: each process must have no more sockets than at the
 * start.
 */
async function measureAtRest() {
  for (let tries = 0; ; tries++) {
    const now = await measure();
    const isAtRest = now.every(({ sockets }, number) => sockets <= before[number].sockets);
    if (isAtRest) return now;
    if (tries > 20) {
      tally.violation('in the app', 'sockets stayed open after the last response');
      return now;
    }
    await sleep(500);
  }
}

async function unhandledErrors() {
  return (await Promise.all(apps.map((app) => app.call('unhandled')))).flat();
}

function newTally() {
  const count = (map) => (key) => void map.set(key, (map.get(key) ?? 0) + 1);
  const results = new Map();
  const refusals = new Map();
  const violations = new Map();
  return {
    ...{ started: 0, logins: 0, guarded: 0, faults: 0, identities: 0, logouts: 0, outages: 0 },
    ...{ results, refusals, violations },
    result: count(results),
    refusal: count(refusals),
    violation: (where, what) => count(violations)(`${what} (${where})`),
  };
}

/** The slope of y over x, fitted by least squares. */
function slope(pairs) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))];
  const spread = pairs.reduce((sum, [each]) => sum + (each - x) ** 2, 0);
  return pairs.reduce((sum, [eachX, eachY]) => sum + (eachX - x) * (eachY - y), 0) / spread;
}

/**
 * How one process grows once its caches are full, or, in a short soak, in the second half of the
 * measurements.
 */
function growthOf(number) {
  const warm = points.filter(({ logins }) => logins / apps.length >= WARM_LOGINS);
  const isWarm = warm.length >= MIN_POINTS;
  const chosen = isWarm ? warm : points.slice(Math.floor(points.length / 2));
  const by = (x, what) => slope(chosen.map((point) => [x(point), point.apps[number][what]]));
  const hours = ({ at }) => at / 3_600_000;
  const thousands = ({ logins }) => logins / 1_000;
  const values = {
    heapPerHour: by(hours, 'heap'),
    heapPerThousand: by(thousands, 'heap'),
    socketsPerHour: by(hours, 'sockets'),
    socketsPerThousand: by(thousands, 'sockets'),
  };
  if (isWarm && values.heapPerThousand / 1_000 > HEAP_LIMIT_PER_LOGIN)
    tally.violation('in the app', `the heap grows by more than ${HEAP_LIMIT_PER_LOGIN} bytes per login`);
  return { isWarm, ...values };
}

function report() {
  const growth = apps.map((_, number) => growthOf(number));
  const lists = (map) => [...map].sort(([, a], [, b]) => b - a);
  // One point has no slope.
  const signed = (value, digits) =>
    Number.isNaN(value) ? '?' : `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
  const each = (show) => apps.map((_, number) => show(number));
  const seconds = took / 1_000;
  const counts = [
    ['minutes', (seconds / 60).toFixed(1)],
    ['logins', whole(tally.logins)],
    ['… per second', (tally.logins / seconds).toFixed(0)],
    ['guarded requests', whole(tally.guarded)],
    ['… per second', (tally.guarded / seconds).toFixed(0)],
    ['logins that met a fault', whole(tally.faults)],
    ['Redis stopped', String(tally.outages)],
    ['identities checked', whole(tally.identities)],
    ['logouts checked', whole(tally.logouts)],
    ...lists(tally.results).map(([result, count]) => [`ended: ${result}`, whole(count)]),
    ...lists(tally.refusals).map(([kind, count]) => [`guarded request refused: ${kind}`, whole(count)]),
    ['**violations**', `**${whole(lists(tally.violations).reduce((sum, [, count]) => sum + count, 0))}**`],
  ];
  const shape = [
    ['heap at the start', ...each((number) => mb(before[number].heap))],
    ['heap at the end', ...each((number) => mb(after[number].heap))],
    ['heap, slope per hour', ...each((number) => `${signed(growth[number].heapPerHour / 1e6, 1)} MB`)],
    [
      'heap, slope per 1,000 logins',
      ...each((number) => `${signed(growth[number].heapPerThousand / 1e3, 1)} kB`),
    ],
    ['sockets at the start', ...each((number) => String(before[number].sockets))],
    ['sockets at the end', ...each((number) => String(after[number].sockets))],
    ['sockets, slope per hour', ...each((number) => signed(growth[number].socketsPerHour, 1))],
    ['sockets, slope per 1,000 logins', ...each((number) => signed(growth[number].socketsPerThousand, 2))],
    ['process (RSS) at the end', ...each((number) => mb(after[number].rss))],
  ];
  return [
    `${options.processes} processes · ${options.people} people at once · seed ${options.seed} · Node ${process.versions.node} · ${os.type()} ${os.arch()} · ${os.availableParallelism()} cores`,
    '',
    table(['', 'count'], counts),
    '',
    table(['', ...each((number) => `process ${number + 1}`)], shape),
    '',
    growth[0].isWarm
      ? 'Slopes: linear fits, from the time when the caches are full.'
      : `Slopes: linear fits of the second half. The soak was too short to judge them: caches fill for ${whole(WARM_LOGINS)} logins of each process.`,
    ...lists(tally.violations).map(([text, count]) => `VIOLATION ${count}×: ${text}`),
  ].join('\n');
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '3' },
      logins: { type: 'string', default: '100000' },
      guarded: { type: 'string', default: '1000000' },
      processes: { type: 'string', default: '2' },
      people: { type: 'string', default: '48' },
      // The most logins per second; 0 for no limit.
      rate: { type: 'string', default: '0' },
      faults: { type: 'string', default: '0.05' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  const numbers = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]));
  const canBeZero = ['rate', 'faults', 'seed'];
  const wrong = Object.keys(numbers).find(
    (name) => !(numbers[name] >= (canBeZero.includes(name) ? 0 : Number.MIN_VALUE)),
  );
  if (wrong !== undefined) {
    console.error(
      `--${wrong} is ${values[wrong]}; it must be a number ${canBeZero.includes(wrong) ? 'of at least' : 'above'} 0.`,
    );
    process.exit(1);
  }
  return { ...numbers, pages: Math.max(1, Math.round(numbers.guarded / numbers.logins)) };
}
