import { asset } from './assets/assets';
import { authorize } from './connect/official/page';
import { confirm } from './connect/website/confirm';
import { ON_DEMAND, PageRefusal } from './connect/page-refusal';
import { QR_IMAGE_PATH, qrImage } from './connect/website/image';
import { qrPoll } from './connect/website/poll';
import { qrconnect } from './connect/website/page';
import { home } from './home/home';
import { notFound, plain, script, svg, type Answer } from './http/answer';
import type { Incoming } from './http/incoming';
import { authorizeErrorPage } from './pages/error-page';
import { languageOf } from './pages/language';
import { Refusal, refusalBody } from './sns/refusal';
import { answerSnsCall } from './sns/sns-call';
import { snsApi } from './sns/sns-routes';
import { avatarSVG } from './world/people/avatar';
import type { World } from './world/world';

type Handler = (incoming: Incoming, world: World) => Answer | Promise<Answer>;

const pages = new Map<string, Handler>([
  ['/', home],
  ['/connect/oauth2/authorize', authorize],
  ['/connect/qrconnect', qrconnect],
  ['/connect/l/qrconnect', qrPoll],
  ['/connect/confirm', confirm],
]);

const avatar: Handler = (incoming) => svg(avatarSVG(incoming.path.split('/')[3] ?? ''));

const folders: readonly (readonly [string, Handler])[] = [
  ['/sns/', (incoming, world) => answerSnsCall(snsApi(incoming.path), incoming, world)],
  [QR_IMAGE_PATH, qrImage],
  ['/mmopen/', avatar],
  ['/', (incoming) => asset(incoming.path) ?? notFound()],
];

/** The answer of a WeChat in good health. */
export async function route(incoming: Incoming, world: World): Promise<Answer> {
  const handler =
    pages.get(incoming.path) ?? folders.find(([folder]) => incoming.path.startsWith(folder))?.[1];
  return handler ? handler(incoming, world) : notFound();
}

/** How WeChat words a refusal at this path: JSON, an error page, or the poll's number. */
export function refuse(incoming: Incoming, world: World, errcode: number, errmsg?: string): Answer {
  if (incoming.path === '/connect/l/qrconnect')
    return script(`window.wx_errcode=${errcode};window.wx_code='';`);
  if (!incoming.path.startsWith('/connect/')) {
    const refusal = new Refusal(errcode, errmsg);
    return { ...plain(refusalBody(refusal, world)), json: { errcode, errmsg: refusal.errmsg } };
  }
  const page = PageRefusal.numbered(errcode, ON_DEMAND);
  const shown = errmsg === undefined ? page : new PageRefusal(errmsg, errcode, ON_DEMAND);
  return authorizeErrorPage(shown, languageOf(incoming.headers['accept-language']));
}
