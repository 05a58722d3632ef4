// Measures whether a login costs more once the app has seen a million users, and how much memory they take.
import { fileURLToPath } from 'node:url';
import { logIn } from './logins.mjs';
import { startChild } from './parts/child.mjs';
import { median } from './parts/figures.mjs';
import { mb, table, whole } from './parts/table.mjs';

const script = (name) => fileURLToPath(new URL(name, import.meta.url));
const AT_ONCE = 8;

/** The control process keeps this number of users. Other load on the machine affects both processes alike. */
const FIRST_USERS = 1_000;

export async function benchGrowth({ users = 1_000_000, logins = 1_000, rounds = 5 } = {}) {
  const wechat = await startChild(script('logins/wechat.mjs'));
  const growing = await startApp(wechat);
  const control = await startApp(wechat);
  for (const app of [growing, control]) {
    await app.call('addUsers', 0, FIRST_USERS);
    // Warms up, because V8 compiles code only once.
    await logIn(app, wechat, 4_000, { check: true, atOnce: AT_ONCE });
  }
  const rows = [];
  let known = FIRST_USERS;
  for (const next of [FIRST_USERS, users / 10, users / 2, users].map(Math.round)) {
    await growing.call('addUsers', known, next);
    known = Math.max(known, next);
    console.error(`${whole(known)} users`);
    const [own, other] = await measure([growing, control], wechat, logins, rounds);
    const { heapUsed } = await growing.call('memory');
    rows.push([
      whole(known),
      `${own.toFixed(2)} ms`,
      `${other.toFixed(2)} ms`,
      (own / other).toFixed(2),
      mb(heapUsed),
    ]);
  }
  await Promise.all([growing.end(), control.end(), wechat.end()]);
  return table(['users', 'CPU per login', `control (${whole(FIRST_USERS)} users)`, 'ratio', 'heap'], rows);
}

async function startApp({ about: { port, cert, apps } }) {
  const app = await startChild(script('growth/app.mjs'), {
    args: [apps.official.appId, apps.official.appSecret],
    execArgv: ['--expose-gc'],
    env: { NODE_ENV: 'production', EMULATED_WECHAT_PORT: String(port), EMULATED_WECHAT_CERT: cert },
  });
  return { ...app, routes: { login: '/login', who: '/me' } };
}

/** The CPU time of a login in ms; the apps take turns. */
async function measure(apps, wechat, logins, rounds) {
  const cpu = apps.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, app] of apps.entries()) {
      await logIn(app, wechat, AT_ONCE, { atOnce: AT_ONCE });
      const before = await app.call('cpu');
      await logIn(app, wechat, logins, { atOnce: AT_ONCE });
      cpu[at].push(((await app.call('cpu')) - before) / logins);
    }
  }
  return cpu.map(median);
}
