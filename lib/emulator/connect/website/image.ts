import { renderSVG } from 'uqr';
import type { IncomingRequest } from '../../http/incoming-request';
import { notFound, svg, type OutgoingResponse } from '../../http/outgoing-response';
import type { World } from '../../world/world';

export const QR_IMAGE_PATH = '/connect/qrcode/';

/**
 * `/connect/qrcode/UUID`: the QR code. It holds the address of the confirm page, at the host by which the
 * browser addressed the emulator.
 */
export function handleWebsiteImage(incoming: IncomingRequest, world: World): OutgoingResponse {
  const login = world.qrLogins.find(incoming.path.slice(QR_IMAGE_PATH.length));
  if (!login) return notFound();
  return svg(renderSVG(`${incoming.origin}/connect/confirm?uuid=${login.uuid}`, { border: 2 }));
}
