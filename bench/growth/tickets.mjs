// Whether a callback costs more while 10,000 PCs show the QR code of a scan login, and a phone has scanned
// each.
import { Browser } from '../logins/browser.mjs';
import { table, whole } from '../parts/table.mjs';
import { compared, forEach, measure, startApp, warmUp } from './compare.mjs';
import { PC, Phone } from './pc-and-phone.mjs';

const WARM_UP_LOGINS = 1_000;
const TICKET_LIFETIME_MS = 300_000;

export async function growTickets(wechat, { tickets, callbacks, rounds }) {
  const busy = await startApp('scan-app.mjs', wechat);
  const quiet = await startApp('scan-app.mjs', wechat);
  // Both serve the same pages, so that V8 has compiled the same code. The tickets of one app have expired.
  await showTickets(quiet, tickets);
  await quiet.call('passTime', TICKET_LIFETIME_MS + 1);
  const waiting = await showTickets(busy, tickets);
  for (const prepare of [scanCallbacks, plainCallbacks])
    await warmUp([busy, quiet], WARM_UP_LOGINS, async (app) => {
      const [callback] = await prepare(app, wechat, 1);
      await callback();
    });
  const scan = await measure([busy, quiet], rounds, (app) => scanCallbacks(app, wechat, callbacks));
  const plain = await measure([busy, quiet], rounds, (app) => plainCallbacks(app, wechat, callbacks));
  // The QR codes are valid for five minutes. If they had expired, the figures would be of expired codes.
  for (const pc of waiting)
    if ((await pc.ask()) !== 'scanned')
      throw new Error('The QR codes expired before all callbacks were sent.');
  await Promise.all([busy.end(), quiet.end()]);
  return table(
    ['CPU per callback', `${whole(tickets)} pending tickets`, 'no ticket', 'ratio', 'spread'],
    [
      ['of a phone that scanned a QR code', ...compared(scan)],
      ['of a login inside WeChat', ...compared(plain)],
    ],
  );
}

/** Returns the first and the last PC. */
async function showTickets({ about: { origin } }, count) {
  const pcs = await forEach(count, async (at) => {
    const pc = new PC();
    await new Phone().open(await pc.showCode(origin));
    if (at % 2_000 === 0) console.error(`${whole(at)} pending tickets`);
    return pc;
  });
  return [pcs.at(0), pcs.at(-1)];
}

/** Returns functions. Each one opens a phone's callback, and then the PC collects its login. */
function scanCallbacks({ about: { origin } }, wechat, count) {
  return forEach(count, async (user) => {
    const pc = new PC();
    const phone = new Phone();
    const toWechat = await phone.confirm(await pc.showCode(origin));
    const { callback } = await wechat.call('authorize', toWechat, user);
    return async () => {
      const { status, body } = await phone.open(callback);
      if (status !== 200) throw new Error(`The callback responded ${status}: ${body.slice(0, 300)}`);
      const result = await pc.ask();
      if (result !== 'confirmed') throw new Error(`The login of the PC is ${result}.`);
    };
  });
}

function plainCallbacks({ about: { origin } }, wechat, count) {
  return forEach(count, async (user) => {
    const browser = new Browser();
    const { headers } = await browser.open(`${origin}/login`);
    const { callback } = await wechat.call('authorize', headers.location, user);
    return async () => {
      const { status, body } = await browser.open(callback);
      if (status !== 302) throw new Error(`The callback responded ${status}: ${body.slice(0, 300)}`);
    };
  });
}
