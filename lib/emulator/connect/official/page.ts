import { redirect, type OutgoingResponse } from '../../http/outgoing-response';
import type { IncomingRequest } from '../../http/incoming-request';
import { consentPage } from '../../pages/consent-page';
import { officialErrorPage } from '../../pages/error-page';
import { languageOf } from '../../pages/language';
import { messagePage } from '../../pages/message-page';
import { openInWechatPage } from '../../pages/open-in-wechat-page';
import { snapshotPage } from '../../pages/snapshot-page';
import { twoCallbacksPage } from '../../pages/two-callbacks-page';
import type { EmulatorUser } from '../../world/people/users';
import type { World } from '../../world/world';
import { parseOfficialRequest, type OfficialRequest } from './request';
import { continueURL, isWechatClient } from '../client';
import { secondOfficialCallback } from './second-callback';
import { checkFollower, deniedOfficialCallback, allowedOfficialCallback, authorizeViewOf } from './callbacks';
import { PageRefusal } from '../page-refusal';
import { personOf, pickedPerson, rememberPerson } from '../person';

/** One visit of one person to the authorize page. */
interface OfficialContext {
  readonly incoming: IncomingRequest;
  readonly request: OfficialRequest;
  readonly person: EmulatorUser;
  readonly world: World;
}

function languageIn(visit: OfficialContext) {
  return languageOf(visit.incoming.headers['accept-language']);
}

// A navigation of a real browser can be sent to a page that calls twice; any other client follows one redirect.
function isBrowser(incoming: IncomingRequest): boolean {
  return incoming.headers['sec-fetch-mode'] === 'navigate';
}

function leave(visit: OfficialContext, callback: string): OutgoingResponse {
  const status = visit.incoming.method === 'POST' ? 303 : visit.world.switches.redirectStatus;
  return redirect(callback, status, rememberPerson(visit.person));
}

function allow(visit: OfficialContext, virtual = false): OutgoingResponse {
  const { incoming, request, person, world } = visit;
  const first = allowedOfficialCallback(request, person, world, { virtual });
  const second = secondOfficialCallback(first, request, person, world, { virtual });
  if (second === undefined || !isBrowser(incoming)) return leave(visit, first);
  return twoCallbacksPage(first, second, languageIn(visit));
}

const DENIED_TEXTS = {
  zh: { text: '已拒绝', advice: '微信到此为止：应用不会收到回调。' },
  en: { text: 'Rejected', advice: 'WeChat ends here: the app is not called back.' },
};

function deny(visit: OfficialContext): OutgoingResponse {
  const callback = deniedOfficialCallback(visit.request, visit.world);
  if (callback !== undefined) return leave(visit, callback);
  const language = languageIn(visit);
  return messagePage({ language, title: '微信', icon: 'info', ...DENIED_TEXTS[language] });
}

function ask(visit: OfficialContext, fullService = false): OutgoingResponse {
  const { request, person, world } = visit;
  return consentPage({
    app: request.app,
    purpose: 'profile',
    users: world.users.all,
    person,
    language: languageIn(visit),
    fullService,
  });
}

function show(visit: OfficialContext): OutgoingResponse {
  const { request, person, world } = visit;
  const sight = authorizeViewOf(request, person, world);
  if (sight === 'silent') return allow(visit);
  if (world.switches.consent === 'deny') return deny(visit);
  if (world.switches.consent === 'allow') return allow(visit, sight === 'snapshot');
  return sight === 'snapshot' ? snapshotPage(request.app, languageIn(visit)) : ask(visit);
}

function reply(visit: OfficialContext): OutgoingResponse {
  const { form } = visit.incoming;
  if (form['reply'] === 'deny') return deny(visit);
  if (form['reply'] === 'full') return ask(visit, true);
  if (form['reply'] === 'virtual') return allow(visit, true);
  // Picking a person who is shown the snapshot page leads there first.
  const snapshot =
    form['full'] === undefined && authorizeViewOf(visit.request, visit.person, visit.world) === 'snapshot';
  if (!snapshot) return allow(visit);
  const page = snapshotPage(visit.request.app, languageIn(visit));
  return { ...page, headers: { ...page.headers, ...rememberPerson(visit.person) } };
}

/** `/connect/oauth2/authorize`: GET shows what WeChat would show, POST is a button of that page. */
export function handleOfficialPage(incoming: IncomingRequest, world: World): OutgoingResponse {
  const language = languageOf(incoming.headers['accept-language']);
  if (!isWechatClient(incoming, world)) return openInWechatPage(continueURL(incoming), language);
  try {
    const request = parseOfficialRequest(incoming, world);
    const isReply = incoming.method === 'POST' && incoming.form['reply'] !== undefined;
    const person = isReply ? pickedPerson(incoming, world) : personOf(incoming, world);
    checkFollower(request, person);
    const visit = { incoming, request, person, world };
    return isReply ? reply(visit) : show(visit);
  } catch (error) {
    if (error instanceof PageRefusal) return officialErrorPage(error, language);
    throw error;
  }
}
