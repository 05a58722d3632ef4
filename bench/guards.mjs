// Requests to pages that are guarded, not guarded, and in apps that know nothing of us: how many a second of CPU time serves.
// By the clock, whatever else the machine does would count, too.
import { fileURLToPath } from 'node:url';
import { load } from './guards/load.mjs';
import { startChild } from './parts/child.mjs';
import { median } from './parts/figures.mjs';
import { table, whole } from './parts/table.mjs';

/** Each is compared with the one that lacks a line. */
const BESIDE = {
  bare: 'bare',
  'bare, with a middleware that does nothing': 'bare',
  'bare, with wechatAuth()': 'bare',
  'cookie-session': 'cookie-session',
  'cookie-session, with wechatAuth()': 'cookie-session',
  'a check by hand': 'a check by hand',
  'requireWechatUser()': 'a check by hand',
  'passport.session() and a check': 'a check by hand',
};

export async function benchGuards({ rounds = 12 } = {}) {
  const names = Object.keys(BESIDE);
  const rates = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    // Back and forth, so that nobody always follows the same one; and in fresh processes, which never compile alike.
    for (const name of round % 2 === 0 ? names : names.toReversed()) rates[name].push(await rateOf(name));
    console.error(`round ${round + 1} of ${rounds}`);
  }
  const ratio = (name) => median(rates[name]) / median(rates[BESIDE[name]]);
  return table(
    ['', 'requests a second of CPU time', 'beside', 'ratio'],
    names.map((name) => [
      name,
      whole(median(rates[name])),
      BESIDE[name] === name ? '' : BESIDE[name],
      ratio(name).toFixed(3),
    ]),
  );
}

async function rateOf(name) {
  const app = await startChild(fileURLToPath(new URL('guards/apps.mjs', import.meta.url)), {
    args: [name],
    env: { NODE_ENV: 'production' },
  });
  const { port, cookie } = app.about;
  await load(port, cookie, { ms: 800 });
  const before = await app.ask('cpu');
  const count = await load(port, cookie, { ms: 1_000 });
  const rate = count / (((await app.ask('cpu')) - before) / 1000);
  await app.end();
  return rate;
}
