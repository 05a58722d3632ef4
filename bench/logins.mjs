// Measures logins over TLS, one by one and many at once: how long the callback takes, how much CPU a login
// costs in a fresh and in a warm process, and how many logins a second one process serves. The apps take
// turns, round by round.
//
//   npm run bench -- logins [--rounds 5] [--logins 60]
import { fileURLToPath } from 'node:url';
import { APPS } from './logins/apps.mjs';
import { Browser } from './logins/browser.mjs';
import { startChild } from './parts/child.mjs';
import { median, quantile, spread } from './parts/figures.mjs';
import { forEach } from './parts/for-each.mjs';
import { table, whole } from './parts/table.mjs';

const script = (name) => fileURLToPath(new URL(`logins/${name}`, import.meta.url));

const AT_ONCE = [1, 8, 32];
/** Round-trip times to WeChat, in ms. */
const ROUND_TRIPS = [30, 0];
/** The number of logins that count as the first ones of a fresh process, in which V8 has compiled little. */
const COLD_LOGINS = 300;
const WARM_UP_LOGINS = 2_000;
/**
 * Before each measurement of a warm app. While the other apps had their turns, V8 has freed code and memory of
 * the idle process: after 40 s, the next 480 logins took more than twice the CPU.
 */
const WARM_AGAIN_LOGINS = 1_000;

export async function benchLogins({ rounds = 5, logins = 60 } = {}) {
  const names = Object.keys(APPS);
  const wechat = await startChild(script('wechat.mjs'));
  const cold = await measureCold(names, wechat, rounds);
  const apps = [];
  for (const name of names) apps.push(await startApp(name, wechat));
  for (const app of apps) await logIn(app, wechat, WARM_UP_LOGINS, { check: true, atOnce: 8 });
  const warm = apps.map(() => []);
  await takeTurns('warm', rounds, apps, async (app, at) => {
    await warmAgain(app, wechat);
    warm[at].push(await cpuPerLogin(app, wechat, logins * 8, 8));
  });
  const tables = [`CPU per login, 8 at once:\n\n${cpuTable(names, cold, warm)}`];
  for (const ms of ROUND_TRIPS) {
    const cells = [];
    for (const atOnce of AT_ONCE) cells.push(await measureLoad(apps, wechat, { ms, atOnce, rounds, logins }));
    tables.push(`At ${ms} ms:\n\n${loadTable(names, cells)}`);
  }
  for (const app of apps) await app.end();
  await wechat.call('delay', 0);
  tables.push(`Connections to WeChat:\n\n${await connectionsTable(names, wechat)}`);
  await wechat.end();
  return tables.join('\n\n');
}

async function takeTurns(what, rounds, apps, work) {
  for (let round = 1; round <= rounds; round++) {
    for (const [at, app] of apps.entries()) await work(app, at);
    console.error(`${what}: round ${round} of ${rounds}`);
  }
}

/** The CPU time of the app's process for one login, in ms. */
async function cpuPerLogin(app, wechat, count, atOnce) {
  const before = await app.call('cpu');
  await logIn(app, wechat, count, { atOnce });
  return ((await app.call('cpu')) - before) / count;
}

/** The first logins of a fresh process, for each app. */
async function measureCold(names, wechat, rounds) {
  const cpu = names.map(() => []);
  await takeTurns('cold', rounds, names, async (name, at) => {
    const app = await startApp(name, wechat);
    cpu[at].push(await cpuPerLogin(app, wechat, COLD_LOGINS, 8));
    await app.end();
  });
  return cpu;
}

function warmAgain(app, wechat) {
  return logIn(app, wechat, WARM_AGAIN_LOGINS, { atOnce: 8 });
}

/** @param ms the round-trip time to WeChat */
async function measureLoad(apps, wechat, { ms, atOnce, rounds, logins }) {
  const cells = apps.map(() => ({ atOnce, p50: [], times: [], cpu: [], rate: [] }));
  await takeTurns(`${atOnce} at once`, rounds, apps, async (app, at) => {
    await wechat.call('delay', 0);
    await warmAgain(app, wechat);
    await wechat.call('delay', ms);
    // Opens the connections.
    await logIn(app, wechat, Math.max(5, atOnce), { atOnce });
    const count = logins * Math.ceil(Math.sqrt(atOnce));
    const before = await app.call('cpu');
    const started = performance.now();
    const times = await logIn(app, wechat, count, { atOnce });
    const seconds = (performance.now() - started) / 1_000;
    cells[at].cpu.push(((await app.call('cpu')) - before) / count);
    cells[at].rate.push(count / seconds);
    cells[at].p50.push(median(times));
    cells[at].times.push(...times);
  });
  return cells;
}

const GRANT = 'grant, express-session';

function cpuTable(names, cold, warm) {
  const grant = Math.max(0, names.indexOf(GRANT));
  const columns = (cpu, at) => [
    `${median(cpu[at]).toFixed(2)} ms`,
    (median(cpu[at]) / median(cpu[grant])).toFixed(2),
    spread(cpu[at], cpu[grant]),
  ];
  return table(
    ['', `first ${COLD_LOGINS} logins`, "over grant's", 'spread', 'warm', "over grant's", 'spread'],
    names.map((name, at) => [name, ...columns(cold, at), ...columns(warm, at)]),
  );
}

function loadTable(names, cells) {
  const grant = Math.max(0, names.indexOf(GRANT));
  const rows = cells.flatMap((apps) => {
    const [limit] = apps;
    return apps.map(({ atOnce, p50, times, cpu, rate }, at) => [
      names[at],
      String(atOnce),
      `${median(times).toFixed(1)} ms`,
      (median(times) / median(limit.times)).toFixed(2),
      spread(p50, limit.p50),
      `${quantile(times, 0.99).toFixed(1)} ms`,
      (quantile(times, 0.99) / quantile(apps[grant].times, 0.99)).toFixed(2),
      (median(cpu) / median(apps[grant].cpu)).toFixed(2),
      whole(median(rate)),
    ]);
  });
  return table(
    [
      ...['', 'at once', 'callback p50', 'over limit', 'spread', 'callback p99', "over grant's"],
      ...["CPU per login over grant's", 'logins per second'],
    ],
    rows,
  );
}

/** How many connections an app opens to WeChat in 1,000 logins one by one, and in 1,000 with 32 at once. */
async function connectionsTable(names, wechat) {
  const rows = [];
  for (const name of names) rows.push([name, ...(await countConnections(name, wechat)).map(String)]);
  return table(['', 'in 1,000 logins', 'with 32 at once'], rows);
}

async function startApp(name, { about: { port, cert, apps } }) {
  const { appId, appSecret } = apps.official;
  const child = await startChild(script('app.mjs'), {
    args: [name, appId, appSecret],
    execArgv: process.env.BENCH_NODE_OPTIONS?.split(' ') ?? [],
    env: { NODE_ENV: 'production', EMULATED_WECHAT_PORT: String(port), EMULATED_WECHAT_CERT: cert },
  });
  return { ...child, name, routes: APPS[name] };
}

/**
 * Logs in with a fresh browser each time, one after another or some at once. Returns how long each callback
 * took, in ms.
 */
function logIn({ routes, about: { origin } }, wechat, count, { check = false, atOnce = 1 } = {}) {
  const logInOnce = (user) => {
    const authorize = (url) => wechat.call('authorize', url, user);
    return new Browser().logIn({ ...routes, origin, authorize, check });
  };
  return forEach(count, logInOnce, atOnce);
}

async function countConnections(name, wechat) {
  const counts = [];
  for (const atOnce of [1, 32]) {
    const app = await startApp(name, wechat);
    await wechat.call('connections');
    await logIn(app, wechat, 1_000, { atOnce });
    counts.push(await wechat.call('connections'));
    await app.end();
  }
  return counts;
}
