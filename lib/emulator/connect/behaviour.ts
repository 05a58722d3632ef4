import { splitTarget, toRecord } from '../http/incoming-request';
import type { EmulatorUser } from '../world/people/users';
import { record, type RecordedRequest } from '../world/request-log';
import type { World } from '../world/world';
import type { LoginLink } from './login-link';
import { parseOfficialRequest, type OfficialRequest } from './official/request';
import { secondOfficialCallback } from './official/second-callback';
import {
  checkFollower,
  deniedOfficialCallback,
  allowedOfficialCallback,
  authorizeViewOf,
} from './official/callbacks';
import { PageRefusal, TEXTS_WITHOUT_CODE } from './page-refusal';
import { allowedWebsiteCallback, deniedWebsiteCallback, issueWebsiteCode } from './website/callbacks';
import { parseWebsiteRequest } from './website/request';

/** What a person does with a login page. */
export interface Behaviour {
  readonly person: EmulatorUser;
  readonly allow: boolean;
  /** On the snapshot page: press 使用完整服务. */
  readonly fullService: boolean;
}

/** The address of the callback, and where WeChat calls back twice that of the second one; none where it does not redirect. */
export type Callbacks = readonly [] | readonly [first: string, second?: string];

const OFFICIAL_PATH = '/connect/oauth2/authorize';
const WEBSITE_PATH = '/connect/qrconnect';

interface ParsedLink extends LoginLink {
  readonly path: string;
}

function parseLoginLink(address: string, world: World): ParsedLink {
  const url = new URL(address);
  const ours = url.hostname === 'open.weixin.qq.com' || url.port === new URL(world.url).port;
  if (!ours)
    throw new Error(`${url.origin} is not this emulator (${world.url}): the app sends its users elsewhere`);
  const { path, rawQuery } = splitTarget(`${url.pathname}${url.search}`);
  const parameters = [...new URLSearchParams(rawQuery)];
  const query = toRecord(parameters);
  const headers = { 'user-agent': 'MicroMessenger (the emulated phone)' };
  const entry: RecordedRequest = {
    method: 'GET',
    path,
    query: { ...query },
    form: {},
    headers,
    at: world.clock.now(),
  };
  record(world.requests, entry);
  const warn = (text: string): void => void (entry.warning = text);
  if (path === OFFICIAL_PATH && url.hash !== '#wechat_redirect') warnOfFragment(url.hash, warn, world);
  return { path, query, order: parameters.map(([name]) => name), warn };
}

// Only here can the fragment be seen: a browser keeps it to itself.
function warnOfFragment(hash: string, warn: LoginLink['warn'], world: World): void {
  const fault = {
    zh: `地址以 ${JSON.stringify(hash)} 结尾，微信文档写的是 #wechat_redirect`,
    en: `the address ends in ${JSON.stringify(hash)} where WeChat documents #wechat_redirect`,
  };
  if (world.switches.parameterOrder === 'strict')
    throw new PageRefusal(TEXTS_WITHOUT_CODE.link, undefined, fault);
  warn(fault.en);
}

function officialCallbacks(request: OfficialRequest, behaviour: Behaviour, world: World): Callbacks {
  const { person } = behaviour;
  checkFollower(request, person);
  const sight = authorizeViewOf(request, person, world);
  const virtual = sight === 'snapshot' && !behaviour.fullService;
  if (!behaviour.allow && sight !== 'silent' && !virtual) {
    const denied = deniedOfficialCallback(request, world);
    return denied === undefined ? [] : [denied];
  }
  const first = allowedOfficialCallback(request, person, world, { virtual });
  const second = secondOfficialCallback(first, request, person, world, { virtual });
  return second === undefined ? [first] : [first, second];
}

function websiteCallbacks(link: LoginLink, { person, allow }: Behaviour, world: World): Callbacks {
  const request = parseWebsiteRequest(link, world);
  if (allow) return [allowedWebsiteCallback(request, issueWebsiteCode(request, person, world))];
  const refused = deniedWebsiteCallback(request, world);
  return refused === undefined ? [] : [refused];
}

/** Opens a login page and behaves there, without a browser. Throws a {@link PageRefusal} where WeChat shows an error page. */
export function simulateLogin(address: string, behaviour: Behaviour, world: World): Callbacks {
  const link = parseLoginLink(address, world);
  if (link.path === OFFICIAL_PATH)
    return officialCallbacks(parseOfficialRequest(link, world), behaviour, world);
  if (link.path === WEBSITE_PATH) return websiteCallbacks(link, behaviour, world);
  throw new Error(`${link.path} is no login page of WeChat: expected ${OFFICIAL_PATH} or ${WEBSITE_PATH}`);
}
