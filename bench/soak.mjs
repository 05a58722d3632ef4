// Hours of logins in minutes: two processes of one app on a Redis that goes away twice, people who do what people do, and a
// twentieth of all logins meets a fault. Everybody must end as themselves, or with an error that has a code.
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
/** Commands that were under way fail up to so much later: the longest wait of ours. */
const AFTERMATH_MS = 6_000;
/** Caches are full after so many logins of one process; before, the heap has to grow. */
const WARM_LOGINS = 12_000;
/** A leak of a single small object for each login would be more. */
const HEAP_LIMIT_PER_LOGIN = 50;
const LEAST_POINTS = 8;

const asked = readArguments();
const tally = newTally();
process.on('unhandledRejection', (error) => tally.wrong('the soak itself', String(error?.stack ?? error)));

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
  Array.from({ length: asked.processes }, () => startChild(script, { execArgv: ['--expose-gc'], env })),
);

let redisIsBackAt = 0;
const site = {
  ports: apps.map(({ about }) => about.port),
  host,
  emulator,
  users,
  refusedUser,
  faultShare: asked.faults,
  isRedisAway: () => performance.now() < redisIsBackAt,
};
console.error(`seed ${asked.seed}; ${asked.minutes} minutes at most`);

const before = await look();
const started = performance.now();
const ends = started + asked.minutes * 60_000;
const points = [];
let going = true;
const watch = watchApps();
const people = new People(site, tally, seededRandom(asked.seed));
await Promise.all(Array.from({ length: asked.people }, livePeople));
const took = performance.now() - started;
going = false;
await watch;

people.end();
await emulator.close();
const after = await settled();
for (const { wrongs } of [await reports()]) wrongs.forEach((text) => tally.wrong('in the app', text));
await Promise.all(apps.map((app) => app.end()));
await redis.end();

console.log(report());
process.exitCode = tally.wrongs.size > 0 ? 1 : 0;

async function livePeople() {
  while (performance.now() < ends && !isDone()) {
    const number = tally.begun++;
    if (asked.rate > 0) {
      const due = started + (number / asked.rate) * 1_000;
      if (due >= ends) return;
      await sleep(Math.max(0, due - performance.now()));
    }
    await people.live(number, asked.pages);
  }
}

function isDone() {
  return tally.logins >= asked.logins && tally.guarded >= asked.guarded;
}

/** How much of the soak is over. */
function part() {
  const time = (performance.now() - started) / (ends - started);
  return Math.max(time, Math.min(tally.logins / asked.logins, tally.guarded / asked.guarded));
}

/** Looks at the processes, and takes Redis away at a third and at two thirds. */
async function watchApps() {
  const outages = [1 / 3, 2 / 3];
  let [nextLook, nextNews] = [0, 60_000];
  while (going) {
    const now = performance.now() - started;
    if (outages.length > 0 && part() >= outages[0]) {
      outages.shift();
      await takeRedisAway();
    }
    if (now >= nextLook && !site.isRedisAway()) {
      nextLook = now + Math.max(2_000, (ends - started) / 100);
      points.push({ at: now, logins: tally.logins, apps: await look() });
    }
    if (now >= nextNews) {
      nextNews += 60_000;
      console.error(
        `${Math.round(now / 60_000)} min: ${whole(tally.logins)} logins, ${whole(tally.guarded)} guarded requests, ${tally.wrongs.size} kinds of wrong`,
      );
    }
    await sleep(200);
  }
  if (tally.outages < 2) tally.wrong('the soak itself', 'was over before Redis had been away twice');
}

async function takeRedisAway() {
  redisIsBackAt = Infinity;
  await redis.stop();
  await sleep(AWAY_MS);
  await redis.start();
  // When a client finds out is its own affair, and takes longer on a busy machine.
  const everywhere = async () => (await Promise.all(apps.map((app) => app.ask('hasRedis')))).every(Boolean);
  while (!(await everywhere())) await sleep(50);
  redisIsBackAt = performance.now() + AFTERMATH_MS;
  tally.outages += 1;
}

async function look() {
  return Promise.all(apps.map((app) => app.ask('look')));
}

/** Nobody asks any more and WeChat is closed: each process must be left with the sockets it began with. */
async function settled() {
  for (let tries = 0; ; tries++) {
    const now = await look();
    const isBack = now.every(({ sockets }, number) => sockets <= before[number].sockets);
    if (isBack) return now;
    if (tries > 20) {
      tally.wrong('in the app', 'sockets stayed open after the last answer');
      return now;
    }
    await sleep(500);
  }
}

async function reports() {
  const wrongs = (await Promise.all(apps.map((app) => app.ask('unhandled')))).flat();
  return { wrongs };
}

function newTally() {
  const count = (map) => (key) => void map.set(key, (map.get(key) ?? 0) + 1);
  const outcomes = new Map();
  const refusals = new Map();
  const wrongs = new Map();
  return {
    ...{ begun: 0, logins: 0, guarded: 0, faults: 0, identities: 0, logouts: 0, outages: 0 },
    ...{ outcomes, refusals, wrongs },
    outcome: count(outcomes),
    refusal: count(refusals),
    wrong: (around, what) => count(wrongs)(`${what} (${around})`),
  };
}

/** Least squares: by how much y grows for one x. */
function slope(pairs) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))];
  const spread = pairs.reduce((sum, [each]) => sum + (each - x) ** 2, 0);
  return pairs.reduce((sum, [eachX, eachY]) => sum + (eachX - x) * (eachY - y), 0) / spread;
}

/** The course of one process once its caches are full; of a short soak, the second half of what there is. */
function course(number) {
  const warm = points.filter(({ logins }) => logins / apps.length >= WARM_LOGINS);
  const isWarm = warm.length >= LEAST_POINTS;
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
    tally.wrong('in the app', `the heap grows by more than ${HEAP_LIMIT_PER_LOGIN} B a login`);
  return { isWarm, ...values };
}

function report() {
  const courses = apps.map((_, number) => course(number));
  const lists = (map) => [...map].sort(([, a], [, b]) => b - a);
  const signed = (value, digits) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
  const each = (show) => apps.map((_, number) => show(number));
  const seconds = took / 1_000;
  const counts = [
    ['minutes', (seconds / 60).toFixed(1)],
    ['logins ended', whole(tally.logins)],
    ['… in a second', (tally.logins / seconds).toFixed(0)],
    ['guarded requests', whole(tally.guarded)],
    ['… in a second', (tally.guarded / seconds).toFixed(0)],
    ['logins that met a fault', whole(tally.faults)],
    ['Redis taken away', String(tally.outages)],
    ['identities checked', whole(tally.identities)],
    ['logouts checked', whole(tally.logouts)],
    ...lists(tally.outcomes).map(([outcome, count]) => [`ended: ${outcome}`, whole(count)]),
    ...lists(tally.refusals).map(([code, count]) => [`guarded request refused: ${code}`, whole(count)]),
    ['**wrong**', `**${whole(lists(tally.wrongs).reduce((sum, [, count]) => sum + count, 0))}**`],
  ];
  const shape = [
    ['heap at the start', ...each((number) => mb(before[number].heap))],
    ['heap at the end', ...each((number) => mb(after[number].heap))],
    ['heap, slope per hour', ...each((number) => `${signed(courses[number].heapPerHour / 1e6, 1)} MB`)],
    [
      'heap, slope per 1,000 logins',
      ...each((number) => `${signed(courses[number].heapPerThousand / 1e3, 1)} kB`),
    ],
    ['sockets at the start', ...each((number) => String(before[number].sockets))],
    ['sockets at the end', ...each((number) => String(after[number].sockets))],
    ['sockets, slope per hour', ...each((number) => signed(courses[number].socketsPerHour, 1))],
    ['sockets, slope per 1,000 logins', ...each((number) => signed(courses[number].socketsPerThousand, 2))],
    ['process (RSS) at the end', ...each((number) => mb(after[number].rss))],
  ];
  return [
    `${asked.processes} processes · ${asked.people} people at once · seed ${asked.seed} · Node ${process.versions.node} · ${os.type()} ${os.arch()} · ${os.availableParallelism()} cores`,
    '',
    table(['', 'count'], counts),
    '',
    table(['', ...each((number) => `process ${number + 1}`)], shape),
    '',
    courses[0].isWarm
      ? 'Slopes: linear fits from where the caches are full.'
      : `Slopes: of the second half; too short to judge, since caches fill for ${whole(WARM_LOGINS)} logins of each process.`,
    ...lists(tally.wrongs).map(([text, count]) => `WRONG ${count}×: ${text}`),
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
      // Logins in a second at most; 0 is as fast as it goes.
      rate: { type: 'string', default: '0' },
      faults: { type: 'string', default: '0.05' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  const numbers = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]));
  const wrong = Object.keys(numbers).find(
    (name) => !(numbers[name] >= (['rate', 'faults', 'seed'].includes(name) ? 0 : Number.MIN_VALUE)),
  );
  if (wrong !== undefined) {
    console.error(`--${wrong} is ${values[wrong]}; use a number from 0 up.`);
    process.exit(1);
  }
  return { ...numbers, pages: Math.max(1, Math.round(numbers.guarded / numbers.logins)) };
}
