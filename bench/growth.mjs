// Whether a login costs more when a million users are known, and what they leave in memory.
import { fileURLToPath } from 'node:url';
import { logIn } from './logins.mjs';
import { startChild } from './parts/child.mjs';
import { median } from './parts/figures.mjs';
import { mb, table, whole } from './parts/table.mjs';

const script = (name) => fileURLToPath(new URL(name, import.meta.url));
const AT_ONCE = 8;

export async function benchGrowth({ users = 1_000_000, logins = 1_000, rounds = 5 } = {}) {
  const wechat = await startChild(script('logins/wechat.mjs'));
  const { port, cert, apps } = wechat.about;
  const app = await startChild(script('growth/app.mjs'), {
    args: [apps.official.appId, apps.official.appSecret],
    execArgv: ['--expose-gc'],
    env: { NODE_ENV: 'production', EMULATED_WECHAT_PORT: String(port), EMULATED_WECHAT_CERT: cert },
  });
  const site = { ...app, routes: { login: '/login', who: '/me' } };
  // What is compiled once is not a login's cost.
  await logIn(site, wechat, 4_000, { check: true, atOnce: AT_ONCE });
  const rows = [await measure(site, wechat, logins, rounds, 0)];
  for (const known of [0.1, 0.5, 1].map((part) => Math.round(part * users))) {
    await app.ask('getToKnow', rows.at(-1).known, known);
    console.error(`${whole(known)} users are known`);
    rows.push(await measure(site, wechat, logins, rounds, known));
  }
  await Promise.all([app.end(), wechat.end()]);
  return table(
    ['users known', 'CPU a login', 'over the first', 'heap'],
    rows.map(({ known, cpu, heap }) => [
      whole(known),
      `${cpu.toFixed(2)} ms`,
      (cpu / rows[0].cpu).toFixed(2),
      mb(heap),
    ]),
  );
}

async function measure(site, wechat, logins, rounds, known) {
  const cpu = [];
  for (let round = 0; round < rounds; round++) {
    await logIn(site, wechat, AT_ONCE, { atOnce: AT_ONCE });
    const before = await site.ask('cpu');
    await logIn(site, wechat, logins, { atOnce: AT_ONCE });
    cpu.push(((await site.ask('cpu')) - before) / logins);
  }
  const { heapUsed } = await site.ask('memory');
  return { known, cpu: median(cpu), heap: heapUsed };
}
