import { renderSVG } from 'uqr';
import type { IncomingRequest } from '../../http/incoming-request';
import { PATHS } from '../../http/paths';
import { notFound, svg, type OutgoingResponse } from '../../http/outgoing-response';
import type { QrLogin } from '../../world/credentials/qr-logins';
import type { World } from '../../world/world';

/**
 * `/connect/qrcode/UUID`: the QR code. It holds the address of the confirm page, at the public address if
 * there is one, otherwise at the host by which the browser addressed the emulator.
 */
export function handleWebsiteImage(incoming: IncomingRequest, world: World): OutgoingResponse {
  const login = world.qrLogins.find(incoming.path.slice(PATHS.qrImages.length));
  if (!login) return notFound();
  return svg(qrCodeSVG(login, incoming.origin, world));
}

/** The drawing of a QR code. `origin` is the host by which the browser addressed the emulator. */
export function qrCodeSVG({ uuid }: QrLogin, origin: string, world: World): string {
  return renderSVG(`${world.publicOrigin(origin)}${PATHS.confirm}?uuid=${uuid}`, { border: 2 });
}
