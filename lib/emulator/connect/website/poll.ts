import { script, type OutgoingResponse } from '../../http/outgoing-response';
import type { IncomingRequest } from '../../http/incoming-request';
import { QrStatus, type QrLogin } from '../../world/credentials/qr-logins';
import type { World } from '../../world/world';

function hasChanged(login: QrLogin, last: string | undefined): boolean {
  return login.status !== QrStatus.waiting && String(login.status) !== last;
}

/** Resolves when there is something to tell, when the poll has been held long enough, or when nobody waits any more. */
function waitForChange(login: QrLogin, incoming: IncomingRequest, world: World): Promise<void> {
  const last = incoming.query['last'];
  if (hasChanged(login, last) || incoming.signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const untilExpiry = Math.max(0, login.expiresAt - world.clock.now());
    const timer = setTimeout(done, Math.min(world.switches.pollHold, untilExpiry));
    const stops = [login.onChange(check), world.clock.onAdvance(check)];
    incoming.signal.addEventListener('abort', done);
    function check(): void {
      if (hasChanged(login, last)) done();
    }
    function done(): void {
      clearTimeout(timer);
      for (const stop of stops) stop();
      incoming.signal.removeEventListener('abort', done);
      resolve();
    }
  });
}

function pollBody(errcode: number, code: string, json: boolean): string {
  return json
    ? JSON.stringify({ wx_errcode: errcode, wx_code: code })
    : `window.wx_errcode=${errcode};window.wx_code='${code}';`;
}

/** `/connect/l/qrconnect`: the long poll of the QR page. 408 is also what a poll gets whose news are old. */
export async function handleWebsitePoll(incoming: IncomingRequest, world: World): Promise<OutgoingResponse> {
  const json = incoming.query['f'] === 'json';
  const login = world.qrLogins.find(incoming.query['uuid']);
  if (!login) return script(pollBody(QrStatus.expired, '', json));
  await waitForChange(login, incoming, world);
  return script(
    pollBody(hasChanged(login, incoming.query['last']) ? login.status : QrStatus.waiting, login.code, json),
  );
}
