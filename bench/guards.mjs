// Measures how many requests one second of CPU time serves: to guarded pages, to other pages, and to apps
// without the package. Wall-clock time would include other load on the machine.
import { fileURLToPath } from 'node:url';
import { load } from './guards/load.mjs';
import { startChild } from './parts/child.mjs';
import { median } from './parts/figures.mjs';
import { table, whole } from './parts/table.mjs';

/**
 * name → the app with which it is compared: the same app without the line that it adds, or, for the last two,
 * the app that checks the session by hand.
 */
const COMPARED_WITH = {
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
  const names = Object.keys(COMPARED_WITH);
  const rates = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    // Alternately forwards and backwards, so that no app always follows the same one; and each in a fresh
    // process, because V8 compiles differently from process to process.
    for (const name of round % 2 === 0 ? names : names.toReversed()) rates[name].push(await rateOf(name));
    console.error(`round ${round + 1} of ${rounds}`);
  }
  const ratio = (name) => median(rates[name]) / median(rates[COMPARED_WITH[name]]);
  return table(
    ['', 'requests per second of CPU time', 'compared with', 'ratio'],
    names.map((name) => [
      name,
      whole(median(rates[name])),
      COMPARED_WITH[name] === name ? '' : COMPARED_WITH[name],
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
  const before = await app.call('cpu');
  const count = await load(port, cookie, { ms: 1_000 });
  const rate = count / (((await app.call('cpu')) - before) / 1000);
  await app.end();
  return rate;
}
