import type { IncomingRequest } from '../../http/incoming-request';
import { script, type OutgoingResponse } from '../../http/outgoing-response';
import { QrStatus, type QrLogin } from '../../world/credentials/qr-logins';
import type { World } from '../../world/world';

/**
 * `/connect/l/qrconnect`: the long poll of the QR code page. 408 means that nothing has changed since `last`.
 */
export async function handleWebsitePoll(incoming: IncomingRequest, world: World): Promise<OutgoingResponse> {
  const { uuid, last } = incoming.query;
  const login = world.qrLogins.find(uuid);
  if (!login) return pollResponse(incoming, QrStatus.expired);
  await waitForChange(login, { last, signal: incoming.signal }, world);
  const status = hasChanged(login, last) ? login.status : QrStatus.waiting;
  return pollResponse(incoming, status, login.code);
}

/** The response to a poll: a script that sets two variables, or with `f=json` an object. */
export function pollResponse({ query }: IncomingRequest, errcode: number, code = ''): OutgoingResponse {
  if (query['f'] === 'json') return script(JSON.stringify({ wx_errcode: errcode, wx_code: code }));
  return script(`window.wx_errcode=${errcode};window.wx_code='${code}';`);
}

/**
 * Resolves when the status changes, when the time of the switch `pollHold` is over, or when the client closes
 * the connection.
 */
function waitForChange(
  login: QrLogin,
  { last, signal }: { readonly last: string | undefined; readonly signal: AbortSignal },
  world: World,
): Promise<void> {
  if (hasChanged(login, last) || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const untilExpiry = Math.max(0, login.expiresAt - world.clock.now());
    const timer = setTimeout(done, Math.min(world.switches.pollHold, untilExpiry));
    const unsubscribe = [login.onChange(check), world.clock.onAdvance(check)];
    signal.addEventListener('abort', done);
    function check(): void {
      if (hasChanged(login, last)) done();
    }
    function done(): void {
      clearTimeout(timer);
      for (const stop of unsubscribe) stop();
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}

function hasChanged(login: QrLogin, last: string | undefined): boolean {
  return login.status !== QrStatus.waiting && String(login.status) !== last;
}
