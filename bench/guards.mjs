// Requests a second to pages that are guarded, not guarded, and in apps that know nothing of us.
import { fileURLToPath } from 'node:url';
import { load } from './guards/load.mjs';
import { startChild } from './parts/child.mjs';
import { median } from './parts/figures.mjs';
import { table, whole } from './parts/table.mjs';

/** Each is compared with the one that lacks a line. */
const BESIDE = {
  bare: 'bare',
  'bare, with wechatAuth()': 'bare',
  'cookie-session': 'cookie-session',
  'cookie-session, with wechatAuth()': 'cookie-session',
  'a check by hand': 'a check by hand',
  'requireWechatUser()': 'a check by hand',
  'passport.session() and a check': 'a check by hand',
};

export async function benchGuards({ rounds = 40, ms = 250 } = {}) {
  const { about, end } = await startChild(fileURLToPath(new URL('guards/apps.mjs', import.meta.url)), {
    env: { NODE_ENV: 'production' },
  });
  const names = Object.keys(BESIDE);
  const rates = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -4; round < rounds; round++) {
    // Back and forth, so that nobody always follows the same one.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const rate = await load(about.ports[name], about.cookie, { ms });
      if (round >= 0) rates[name].push(rate);
    }
  }
  await end();
  const ratios = (name) => rates[name].map((rate, round) => rate / rates[BESIDE[name]][round]);
  return table(
    ['', 'requests a second', 'beside', 'ratio'],
    names.map((name) => [
      name,
      whole(median(rates[name])),
      BESIDE[name] === name ? '' : BESIDE[name],
      BESIDE[name] === name ? '1.00' : median(ratios(name)).toFixed(3),
    ]),
  );
}
