import { renderSVG } from 'uqr';
import type { IncomingRequest } from '../../http/incoming-request';
import { PATHS } from '../../http/paths';
import { notFound, svg, type OutgoingResponse } from '../../http/outgoing-response';
import type { World } from '../../world/world';

/**
 * `/connect/qrcode/UUID`: the QR code. It holds the address of the confirm page, at the public address if
 * there is one, otherwise at the host by which the browser addressed the emulator.
 */
export function handleWebsiteImage(incoming: IncomingRequest, world: World): OutgoingResponse {
  const login = world.qrLogins.find(incoming.path.slice(PATHS.qrImages.length));
  if (!login) return notFound();
  return svg(
    renderSVG(`${world.publicOrigin(incoming.origin)}${PATHS.confirm}?uuid=${login.uuid}`, { border: 2 }),
  );
}
