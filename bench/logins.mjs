// Measures how long the callback takes, and how much CPU a whole login takes, over TLS. The apps take turns,
// round by round.
//
//   npm run bench -- logins [--rounds 5] [--logins 100]
import { fileURLToPath } from 'node:url';
import { APPS } from './logins/apps.mjs';
import { Browser } from './logins/browser.mjs';
import { startChild } from './parts/child.mjs';
import { median } from './parts/figures.mjs';
import { table } from './parts/table.mjs';

const script = (name) => fileURLToPath(new URL(`logins/${name}`, import.meta.url));

const AT_ONCE = 8;

export async function benchLogins({ rounds = 5, logins = 60, only = Object.keys(APPS) } = {}) {
  const wechat = await startChild(script('wechat.mjs'));
  const apps = [];
  for (const name of only) apps.push(await startApp(name, wechat));
  // Warms up, because V8 compiles code only once.
  for (const app of apps) await logIn(app, wechat, 2_000, { check: true, atOnce: AT_ONCE });
  const results = apps.map(() => ({ cpu: [], near: [], far: [] }));
  await takeTurns(rounds, apps, async (app, at) => {
    const count = logins * AT_ONCE;
    await logIn(app, wechat, AT_ONCE, { atOnce: AT_ONCE });
    const before = await app.call('cpu');
    await logIn(app, wechat, count, { atOnce: AT_ONCE });
    results[at].cpu.push(((await app.call('cpu')) - before) / count);
  });
  for (const [distance, ms] of Object.entries(ROUND_TRIPS)) {
    await wechat.call('delay', ms);
    await takeTurns(rounds, apps, async (app, at) => {
      await logIn(app, wechat, 5);
      results[at][distance].push(...(await logIn(app, wechat, logins)));
    });
  }
  for (const app of apps) await app.end();
  await wechat.call('delay', 0);
  const connections = [];
  for (const { name } of apps) connections.push(await countConnections(name, wechat));
  await wechat.end();
  return report(apps, results, connections);
}

/** Round-trip times to WeChat, in ms. */
const ROUND_TRIPS = { near: 0, far: 30 };

async function takeTurns(rounds, apps, work) {
  for (let round = 1; round <= rounds; round++) {
    for (const [at, app] of apps.entries()) await work(app, at);
    console.error(`round ${round} of ${rounds}`);
  }
}

function report(apps, results, connections) {
  const columnsOf = (figure) => {
    const [limit, ...others] = results.map((result) => median(result[figure]));
    return [limit, ...others].map((value) => [`${value.toFixed(2)} ms`, (value / limit).toFixed(2)]);
  };
  const [far, near, cpu] = ['far', 'near', 'cpu'].map(columnsOf);
  return table(
    [
      '',
      'callback p50 at 30 ms',
      'over limit',
      'callback p50 at 0 ms',
      'over limit',
      'CPU per login',
      'over limit',
      'connections in 1,000 logins',
      'with 32 at once',
    ],
    apps.map(({ name }, at) => [
      name,
      ...far[at],
      ...near[at],
      ...cpu[at],
      ...connections[at].map((count) => String(count)),
    ]),
  );
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
export async function logIn(
  { routes, about: { origin } },
  wechat,
  count,
  { check = false, atOnce = 1 } = {},
) {
  const times = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const user = next++;
      const authorize = (url) => wechat.call('authorize', url, user);
      times.push(await new Browser().logIn({ ...routes, origin, authorize, check }));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return times;
}

/** How many connections an app opens to WeChat in 1,000 logins one by one, and in 1,000 with 32 at once. */
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
