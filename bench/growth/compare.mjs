// Runs two apps in processes of their own, and compares the CPU time that the same work costs them.
import { fileURLToPath } from 'node:url';
import { startChild } from '../parts/child.mjs';
import { median, spread } from '../parts/figures.mjs';
import { forEach as forEachAtOnce } from '../parts/for-each.mjs';

const script = (name) => fileURLToPath(new URL(name, import.meta.url));
const AT_ONCE = 8;

export function startWechat() {
  return startChild(script('wechat.mjs'));
}

export function startApp(name, { about: { port, cert } }) {
  return startChild(script(name), {
    execArgv: ['--expose-gc'],
    env: { NODE_ENV: 'production', EMULATED_WECHAT_PORT: String(port), EMULATED_WECHAT_CERT: cert },
  });
}

/** Does the work for each number up to `count`, eight at once. Returns the results in order. */
export function forEach(count, work) {
  return forEachAtOnce(count, work, AT_ONCE);
}

/**
 * Warms up, so that V8 has compiled the code. The apps take turns in short rounds: a process that has only
 * waited for a while is slower in its next thousand logins.
 *
 * @param work does the piece of work with this number at this app
 */
export async function warmUp(apps, count, work) {
  const rounds = Math.ceil(count / 500);
  for (let round = 0; round < rounds; round++)
    for (const app of apps) await forEach(Math.ceil(count / rounds), (at) => work(app, round * 500 + at));
}

/**
 * The CPU time in ms of one piece of work, for each app and round. The apps take turns, and the one that
 * begins changes.
 *
 * @param prepare returns the pieces of work of one round as functions; what it does itself is not measured
 */
export async function measure(apps, rounds, prepare) {
  const cpu = apps.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const order = [...apps.entries()];
    for (const [at, app] of round % 2 === 0 ? order : order.reverse()) {
      const work = await prepare(app, at);
      const before = await app.call('cpu');
      await forEach(work.length, (each) => work[each]());
      cpu[at].push(((await app.call('cpu')) - before) / work.length);
    }
  }
  return cpu;
}

/** Cells of a table: the medians, their ratio, and the lowest and highest ratio of one round. */
export function compared([many, few]) {
  return [
    `${median(many).toFixed(2)} ms`,
    `${median(few).toFixed(2)} ms`,
    (median(many) / median(few)).toFixed(2),
    spread(many, few),
  ];
}
