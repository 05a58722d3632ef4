// Whether a login costs more when a million users are known, and what they leave in memory.
import { fileURLToPath } from 'node:url';
import { logIn } from './logins.mjs';
import { startChild } from './parts/child.mjs';
import { median } from './parts/figures.mjs';
import { mb, table, whole } from './parts/table.mjs';

const script = (name) => fileURLToPath(new URL(name, import.meta.url));
const AT_ONCE = 8;

/** A second process never gets beyond these: what the machine does meanwhile, it does to both. */
const FIRST_USERS = 1_000;

export async function benchGrowth({ users = 1_000_000, logins = 1_000, rounds = 5 } = {}) {
  const wechat = await startChild(script('logins/wechat.mjs'));
  const growing = await startApp(wechat);
  const beside = await startApp(wechat);
  for (const app of [growing, beside]) {
    await app.ask('getToKnow', 0, FIRST_USERS);
    // What is compiled once is not a login's cost.
    await logIn(app, wechat, 4_000, { check: true, atOnce: AT_ONCE });
  }
  const rows = [];
  let known = FIRST_USERS;
  for (const next of [FIRST_USERS, users / 10, users / 2, users].map(Math.round)) {
    await growing.ask('getToKnow', known, next);
    known = Math.max(known, next);
    console.error(`${whole(known)} users are known`);
    const [own, other] = await measure([growing, beside], wechat, logins, rounds);
    const { heapUsed } = await growing.ask('memory');
    rows.push([
      whole(known),
      `${own.toFixed(2)} ms`,
      `${other.toFixed(2)} ms`,
      (own / other).toFixed(2),
      mb(heapUsed),
    ]);
  }
  await Promise.all([growing.end(), beside.end(), wechat.end()]);
  return table(['users known', 'CPU a login', `beside, ${whole(FIRST_USERS)} known`, 'ratio', 'heap'], rows);
}

async function startApp({ about: { port, cert, apps } }) {
  const app = await startChild(script('growth/app.mjs'), {
    args: [apps.official.appId, apps.official.appSecret],
    execArgv: ['--expose-gc'],
    env: { NODE_ENV: 'production', EMULATED_WECHAT_PORT: String(port), EMULATED_WECHAT_CERT: cert },
  });
  return { ...app, routes: { login: '/login', who: '/me' } };
}

/** CPU a login in ms, in turn. */
async function measure(apps, wechat, logins, rounds) {
  const cpu = apps.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, app] of apps.entries()) {
      await logIn(app, wechat, AT_ONCE, { atOnce: AT_ONCE });
      const before = await app.ask('cpu');
      await logIn(app, wechat, logins, { atOnce: AT_ONCE });
      cpu[at].push(((await app.ask('cpu')) - before) / logins);
    }
  }
  return cpu.map(median);
}
