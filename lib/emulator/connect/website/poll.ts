import { script, type Answer } from '../../http/answer';
import type { Incoming } from '../../http/incoming';
import { QrStatus, type QrLogin } from '../../world/credentials/qr-logins';
import type { World } from '../../world/world';

function news(login: QrLogin, last: string | undefined): boolean {
  return login.status !== QrStatus.waiting && String(login.status) !== last;
}

/** Resolves when there is something to tell, when the poll has been held long enough, or when nobody waits any more. */
function held(login: QrLogin, incoming: Incoming, world: World): Promise<void> {
  const last = incoming.query['last'];
  if (news(login, last) || incoming.signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const untilExpiry = Math.max(0, login.expiresAt - world.clock.now());
    const timer = setTimeout(done, Math.min(world.switches.pollHold, untilExpiry));
    const stops = [login.onChange(check), world.clock.onAdvance(check)];
    incoming.signal.addEventListener('abort', done);
    function check(): void {
      if (news(login, last)) done();
    }
    function done(): void {
      clearTimeout(timer);
      for (const stop of stops) stop();
      incoming.signal.removeEventListener('abort', done);
      resolve();
    }
  });
}

const body = (errcode: number, code: string, json: boolean): string =>
  json
    ? JSON.stringify({ wx_errcode: errcode, wx_code: code })
    : `window.wx_errcode=${errcode};window.wx_code='${code}';`;

/** `/connect/l/qrconnect`: the long poll of the QR page. 408 is also what a poll gets whose news are old. */
export async function qrPoll(incoming: Incoming, world: World): Promise<Answer> {
  const json = incoming.query['f'] === 'json';
  const login = world.qrLogins.find(incoming.query['uuid']);
  if (!login) return script(body(QrStatus.expired, '', json));
  await held(login, incoming, world);
  return script(
    body(news(login, incoming.query['last']) ? login.status : QrStatus.waiting, login.code, json),
  );
}
