import { oneOf } from '../../http/form-error';
import type { IncomingRequest } from '../../http/incoming-request';
import { redirect, type OutgoingResponse } from '../../http/outgoing-response';
import { consentPage } from '../../pages/consent-page';
import { officialErrorPage } from '../../pages/error-page';
import { languageOf, type Language } from '../../pages/language';
import { messagePage } from '../../pages/message-page';
import { openInWechatPage } from '../../pages/open-in-wechat-page';
import { snapshotPage } from '../../pages/snapshot-page';
import { twoCallbacksPage } from '../../pages/two-callbacks-page';
import type { EmulatorUser } from '../../world/people/users';
import type { World } from '../../world/world';
import { continueURL, isWechatClient } from '../client';
import { PageRefusal } from '../page-refusal';
import { personOf, pickedPerson, rememberPerson } from '../person';
import { allowedOfficialCallback, authorizeViewOf, checkFollower, deniedOfficialCallback } from './callbacks';
import { parseOfficialRequest, type OfficialRequest } from './request';
import { secondOfficialCallback } from './second-callback';

/** One request to the authorize page, and the person who sends it. */
interface OfficialContext {
  readonly incoming: IncomingRequest;
  readonly request: OfficialRequest;
  readonly person: EmulatorUser;
  readonly language: Language;
  readonly world: World;
}

/** `/connect/oauth2/authorize`: GET shows what WeChat would show, POST is a button of that page. */
export function handleOfficialPage(incoming: IncomingRequest, world: World): OutgoingResponse {
  const language = languageOf(incoming.headers['accept-language']);
  if (!isWechatClient(incoming, world)) return openInWechatPage(continueURL(incoming), language);
  try {
    const request = parseOfficialRequest(incoming, world);
    const isButton = incoming.method === 'POST' && incoming.form['reply'] !== undefined;
    const person = isButton ? pickedPerson(incoming, world) : personOf(incoming, world);
    checkFollower(request, person);
    const context = { incoming, request, person, language, world };
    return isButton ? pressButton(context) : showPage(context);
  } catch (error) {
    if (error instanceof PageRefusal) return officialErrorPage(error, language);
    throw error;
  }
}

function showPage(context: OfficialContext): OutgoingResponse {
  const { request, person, language, world } = context;
  const view = authorizeViewOf(request, person, world);
  if (view === 'silent') return allow(context);
  if (view === 'consent') return askForConsent(context);
  // The snapshot page has no button to deny: the virtual user logs in with `allow` and with `deny`.
  return world.switches.consent === 'ask' ? snapshotPage(request.app, language) : allow(context, true);
}

function pressButton(context: OfficialContext): OutgoingResponse {
  const { incoming, request, person, language, world } = context;
  const { full } = incoming.form;
  const reply = oneOf(['allow', 'deny', 'full', 'virtual'], 'reply', incoming.form['reply']);
  if (reply === 'deny') return deny(context);
  if (reply === 'full') return askForConsent(context, true);
  if (reply === 'virtual') return allow(context, true);
  // The consent page lets the developer pick another person, who may see the snapshot page first.
  const showsSnapshot = full === undefined && authorizeViewOf(request, person, world) === 'snapshot';
  if (!showsSnapshot) return allow(context);
  const page = snapshotPage(request.app, language);
  return { ...page, headers: { ...page.headers, ...rememberPerson(person) } };
}

/** Shows the consent page, or presses its button if the switch `consent` says so. */
function askForConsent(context: OfficialContext, fullService = false): OutgoingResponse {
  const { request, person, language, world } = context;
  if (world.switches.consent === 'deny') return deny(context);
  if (world.switches.consent === 'allow') return allow(context);
  return consentPage({
    app: request.app,
    purpose: 'profile',
    users: world.users.all,
    person,
    language,
    fullService,
  });
}

function allow(context: OfficialContext, virtual = false): OutgoingResponse {
  const { incoming, request, person, language, world } = context;
  const first = allowedOfficialCallback(request, person, world, { virtual });
  const second = secondOfficialCallback(first, request, person, world, { virtual });
  // Only a browser runs the page that calls back twice. Another client gets a redirect to the first address.
  const isBrowser = incoming.headers['sec-fetch-mode'] === 'navigate';
  if (second === undefined || !isBrowser) return callBack(context, first);
  return twoCallbacksPage(first, second, language);
}

const DENIED_TEXTS = {
  zh: { text: '已拒绝', advice: '微信不会跳转，应用不会收到回调。' },
  en: { text: 'Rejected', advice: 'WeChat ends the login here: the app is not called back.' },
};

function deny(context: OfficialContext): OutgoingResponse {
  const { request, language, world } = context;
  const callback = deniedOfficialCallback(request, world);
  if (callback !== undefined) return callBack(context, callback);
  return messagePage({ language, title: '微信', icon: 'info', ...DENIED_TEXTS[language] });
}

function callBack({ incoming, person, world }: OfficialContext, callback: string): OutgoingResponse {
  const status = incoming.method === 'POST' ? 303 : world.switches.redirectStatus;
  return redirect(callback, status, rememberPerson(person));
}
