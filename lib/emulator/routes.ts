import type { IncomingMessage } from 'node:http';
import { findAsset } from './assets/assets';
import { handleOfficialPage } from './connect/official/page';
import { plannedRefusal } from './connect/page-refusal';
import { handleWebsiteConfirm } from './connect/website/confirm';
import { handleWebsiteImage } from './connect/website/image';
import { handleWebsitePage } from './connect/website/page';
import { handleWebsitePoll, pollResponse } from './connect/website/poll';
import { handleControl } from './control/handle-control';
import { handleHome } from './home/handle-home';
import { splitTarget, type IncomingRequest } from './http/incoming-request';
import { notFound, svg, type OutgoingResponse } from './http/outgoing-response';
import { PATHS } from './http/paths';
import type { Services } from './operations/operation';
import { officialErrorPage, websiteErrorPage } from './pages/error-page';
import { languageOf } from './pages/language';
import { Refusal, refusalResponse } from './sns/refusal';
import { handleApi, isApiPath } from './sns/sns-routes';
import { avatarSVG } from './world/people/avatar';
import type { World } from './world/world';

/**
 * Serves a request as WeChat would, or as the emulator's own pages and control API do. The caller applies
 * planned faults.
 */
export async function routeRequest(incoming: IncomingRequest, services: Services): Promise<OutgoingResponse> {
  const { path } = incoming;
  if (path.startsWith(PATHS.control)) return handleControl(incoming, services);
  if (path === '/') return handleHome(incoming, services);
  const { world } = services;
  const handler = PAGES.get(path) ?? FOLDERS.find(([folder]) => path.startsWith(folder))?.[1];
  return handler ? handler(incoming, world) : notFound();
}

type Handler = (incoming: IncomingRequest, world: World) => OutgoingResponse | Promise<OutgoingResponse>;

const PAGES = new Map<string, Handler>([
  [PATHS.authorize, handleOfficialPage],
  [PATHS.qrconnect, handleWebsitePage],
  [PATHS.poll, handleWebsitePoll],
  [PATHS.confirm, handleWebsiteConfirm],
]);

const FOLDERS: readonly (readonly [string, Handler])[] = [
  ['/emulator/', handleAsset],
  ['/favicon', handleAsset],
  [PATHS.qrImages, handleWebsiteImage],
  ['/mmopen/', handleAvatar],
  ['', handleOther],
];

function handleAsset({ path }: IncomingRequest): OutgoingResponse {
  return findAsset(path) ?? notFound();
}

/** A file of `res.wx.qq.com`, an API, or a path that is not emulated. */
function handleOther(incoming: IncomingRequest, world: World): OutgoingResponse {
  return findAsset(incoming.path) ?? handleApi(incoming, world);
}

/**
 * Whether a request may change something, so that only the emulator's own pages and clients other than
 * browsers may send it. Login pages are left out: apps of other sites must send browsers there.
 */
export function changesState({ method = 'GET', url = '/', headers }: IncomingMessage): boolean {
  if (!['GET', 'HEAD', 'OPTIONS'].includes(method)) return true;
  const { path } = splitTarget(url);
  // GET spends codes and refreshes tokens here.
  if (isApiPath(path)) return true;
  // GET counts as the scan. A phone opens the page from its camera app, and browsers mark that navigation as
  // cross-site, so navigations are allowed.
  return path === PATHS.confirm && headers['sec-fetch-dest'] !== 'document';
}

function handleAvatar(incoming: IncomingRequest): OutgoingResponse {
  return svg(avatarSVG(incoming.path.split('/')[3] ?? ''));
}

/**
 * The error response at this path, in WeChat's form: JSON from an API, an error page, or the status number of
 * a poll.
 */
export function refusalFor(
  incoming: IncomingRequest,
  world: World,
  errcode: number,
  errmsg?: string,
): OutgoingResponse {
  if (incoming.path === PATHS.poll) return pollResponse(incoming, errcode);
  if (!incoming.path.startsWith('/connect/')) {
    return refusalResponse(new Refusal(errcode, errmsg), incoming.path, world);
  }
  const page = plannedRefusal(errcode, errmsg);
  const language = languageOf(incoming.headers['accept-language']);
  if (incoming.path === PATHS.authorize) return officialErrorPage(page, language);
  return websiteErrorPage(page, language, incoming.path === PATHS.qrconnect);
}
