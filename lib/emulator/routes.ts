import { findAsset } from './assets/assets';
import { handleOfficialPage } from './connect/official/page';
import { handleWebsiteConfirm } from './connect/website/confirm';
import { FAULT_ON_DEMAND, PageRefusal } from './connect/page-refusal';
import { QR_IMAGE_PATH, handleWebsiteImage } from './connect/website/image';
import { handleWebsitePoll } from './connect/website/poll';
import { handleWebsitePage } from './connect/website/page';
import { handleHome } from './home/handle-home';
import { notFound, plain, script, svg, type OutgoingResponse } from './http/outgoing-response';
import type { IncomingRequest } from './http/incoming-request';
import { officialErrorPage } from './pages/error-page';
import { languageOf } from './pages/language';
import { Refusal, refusalBody } from './sns/refusal';
import { callSnsApi } from './sns/sns-call';
import { findSnsApi } from './sns/sns-routes';
import { avatarSVG } from './world/people/avatar';
import type { World } from './world/world';

type Handler = (incoming: IncomingRequest, world: World) => OutgoingResponse | Promise<OutgoingResponse>;

const PAGES = new Map<string, Handler>([
  ['/', handleHome],
  ['/connect/oauth2/authorize', handleOfficialPage],
  ['/connect/qrconnect', handleWebsitePage],
  ['/connect/l/qrconnect', handleWebsitePoll],
  ['/connect/confirm', handleWebsiteConfirm],
]);

function avatar(incoming: IncomingRequest): OutgoingResponse {
  return svg(avatarSVG(incoming.path.split('/')[3] ?? ''));
}

const FOLDERS: readonly (readonly [string, Handler])[] = [
  ['/sns/', (incoming, world) => callSnsApi(findSnsApi(incoming.path), incoming, world)],
  [QR_IMAGE_PATH, handleWebsiteImage],
  ['/mmopen/', avatar],
  ['/', (incoming) => findAsset(incoming.path) ?? notFound()],
];

/** The answer of a WeChat in good health. */
export async function routeRequest(incoming: IncomingRequest, world: World): Promise<OutgoingResponse> {
  const handler =
    PAGES.get(incoming.path) ?? FOLDERS.find(([folder]) => incoming.path.startsWith(folder))?.[1];
  return handler ? handler(incoming, world) : notFound();
}

/** How WeChat words a refusal at this path: JSON, an error page, or the poll's number. */
export function refusalFor(
  incoming: IncomingRequest,
  world: World,
  errcode: number,
  errmsg?: string,
): OutgoingResponse {
  if (incoming.path === '/connect/l/qrconnect')
    return script(`window.wx_errcode=${errcode};window.wx_code='';`);
  if (!incoming.path.startsWith('/connect/')) {
    const refusal = new Refusal(errcode, errmsg);
    return { ...plain(refusalBody(refusal, world)), json: { errcode, errmsg: refusal.errmsg } };
  }
  const page = PageRefusal.withCode(errcode, FAULT_ON_DEMAND);
  const shown = errmsg === undefined ? page : new PageRefusal(errmsg, errcode, FAULT_ON_DEMAND);
  return officialErrorPage(shown, languageOf(incoming.headers['accept-language']));
}
