import { redirect, type Answer } from '../../http/answer';
import type { Incoming } from '../../http/incoming';
import { consentPage } from '../../pages/consent-page';
import { authorizeErrorPage } from '../../pages/error-page';
import { languageOf } from '../../pages/language';
import { messagePage } from '../../pages/message-page';
import { openInWechatPage } from '../../pages/open-in-wechat-page';
import { snapshotPage } from '../../pages/snapshot-page';
import { twicePage } from '../../pages/twice-page';
import type { EmulatorUser } from '../../world/people/users';
import type { World } from '../../world/world';
import { readAuthorizeRequest, type AuthorizeRequest } from './request';
import { continueURL, isWechat } from '../client';
import { secondCallback } from './second-callback';
import { checkFollower, deniedCallback, grantedCallback, authorizeViewOf } from './callbacks';
import { PageRefusal } from '../page-refusal';
import { personAt, personIn, rememberPerson } from '../person';

/** One visit of one person to the authorize page. */
interface Visit {
  readonly incoming: Incoming;
  readonly request: AuthorizeRequest;
  readonly person: EmulatorUser;
  readonly world: World;
}

const languageIn = (visit: Visit) => languageOf(visit.incoming.headers['accept-language']);

// A navigation of a real browser can be sent to a page that calls twice; any other client follows one redirect.
const isBrowser = (incoming: Incoming): boolean => incoming.headers['sec-fetch-mode'] === 'navigate';

function leave(visit: Visit, callback: string): Answer {
  const status = visit.incoming.method === 'POST' ? 303 : visit.world.switches.redirectStatus;
  return redirect(callback, status, rememberPerson(visit.person));
}

function allow(visit: Visit, virtual = false): Answer {
  const { incoming, request, person, world } = visit;
  const first = grantedCallback(request, person, world, { virtual });
  const second = secondCallback(first, request, person, world, { virtual });
  if (second === undefined || !isBrowser(incoming)) return leave(visit, first);
  return twicePage(first, second, languageIn(visit));
}

const deniedText = {
  zh: { text: '已拒绝', advice: '微信到此为止：应用不会收到回调。' },
  en: { text: 'Rejected', advice: 'WeChat ends here: the app is not called back.' },
};

function deny(visit: Visit): Answer {
  const callback = deniedCallback(visit.request, visit.world);
  if (callback !== undefined) return leave(visit, callback);
  const language = languageIn(visit);
  return messagePage({ language, title: '微信', icon: 'info', ...deniedText[language] });
}

function ask(visit: Visit, fullService = false): Answer {
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

function show(visit: Visit): Answer {
  const { request, person, world } = visit;
  const sight = authorizeViewOf(request, person, world);
  if (sight === 'silent') return allow(visit);
  if (world.switches.consent === 'deny') return deny(visit);
  if (world.switches.consent === 'allow') return allow(visit, sight === 'snapshot');
  return sight === 'snapshot' ? snapshotPage(request.app, languageIn(visit)) : ask(visit);
}

function reply(visit: Visit): Answer {
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
export function authorize(incoming: Incoming, world: World): Answer {
  const language = languageOf(incoming.headers['accept-language']);
  if (!isWechat(incoming, world)) return openInWechatPage(continueURL(incoming), language);
  try {
    const request = readAuthorizeRequest(incoming, world);
    const isReply = incoming.method === 'POST' && incoming.form['reply'] !== undefined;
    const person = isReply ? personIn(incoming, world) : personAt(incoming, world);
    checkFollower(request, person);
    const visit = { incoming, request, person, world };
    return isReply ? reply(visit) : show(visit);
  } catch (error) {
    if (error instanceof PageRefusal) return authorizeErrorPage(error, language);
    throw error;
  }
}
