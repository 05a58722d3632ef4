import { splitTarget, toRecord } from '../http/incoming-request';
import { PATHS } from '../http/paths';
import type { EmulatorUser } from '../world/people/users';
import { badInput } from '../world/bad-input';
import { logEntry, record, type RecordedRequest } from '../world/request-log';
import type { World } from '../world/world';
import type { LoginLink } from './login-link';
import {
  allowedOfficialCallback,
  authorizeViewOf,
  checkFollower,
  deniedOfficialCallback,
} from './official/callbacks';
import { parseOfficialRequest } from './official/request';
import { secondOfficialCallback } from './official/second-callback';
import { PageRefusal, TEXTS_WITHOUT_CODE } from './page-refusal';
import { allowedWebsiteCallback, deniedWebsiteCallback, issueWebsiteCode } from './website/callbacks';
import { parseWebsiteRequest } from './website/request';

/**
 * The path of a login page's address.
 *
 * @throws Error if the address is not a login page of this emulator.
 */
export function loginPathOf(url: URL, world: World): string {
  assertOwnAddress(url, world);
  if (url.pathname === PATHS.authorize || url.pathname === PATHS.qrconnect) return url.pathname;
  throw badInput(
    new Error(
      `The url ${url.pathname} is not a login page of WeChat. ` +
        `Send browsers to ${PATHS.authorize} or ${PATHS.qrconnect}.`,
    ),
  );
}

/** A person at a login page, and what they do there. */
export interface Behaviour {
  readonly person: EmulatorUser;
  readonly allow: boolean;
  /** On the snapshot page: whether the person presses 使用完整服务. */
  readonly fullService: boolean;
}

/**
 * The callback addresses of one login: usually one; two if the switch `doubleCallback` is on; none if WeChat
 * does not redirect.
 */
export type Callbacks = readonly [] | readonly [first: string, second?: string];

/**
 * Does what the person does at an opened login page, without a browser. Returns the callback addresses.
 *
 * @throws PageRefusal if WeChat shows an error page.
 */
export function simulateLogin(link: OpenedLink, behaviour: Behaviour, world: World): Callbacks {
  checkFragment(link, world);
  if (link.path === PATHS.authorize) return officialCallbacks(link, behaviour, world);
  return websiteCallbacks(link, behaviour, world);
}

function officialCallbacks(link: LoginLink, behaviour: Behaviour, world: World): Callbacks {
  const request = parseOfficialRequest(link, world);
  const { person } = behaviour;
  checkFollower(request, person);
  const view = authorizeViewOf(request, person, world);
  const virtual = view === 'snapshot' && !behaviour.fullService;
  if (!behaviour.allow && view !== 'silent' && !virtual) {
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
  const denied = deniedWebsiteCallback(request, world);
  return denied === undefined ? [] : [denied];
}

/** The address of a login page that a person has opened, and its entry in the request log. */
export interface OpenedLink extends LoginLink {
  readonly path: string;
  readonly fragment: string;
  readonly entry: RecordedRequest;
}

/** Puts the address of a login page into the request log, as if a browser had opened it. */
export function openLink(url: URL, world: World): OpenedLink {
  const { path, rawQuery } = splitTarget(`${url.pathname}${url.search}`);
  const parameters = [...new URLSearchParams(rawQuery)];
  const query = toRecord(parameters);
  const headers = { 'user-agent': 'MicroMessenger (the emulated phone)' };
  const [entry, warn] = logEntry({ method: 'GET', path, query, form: {}, headers }, world.clock.now());
  record(world.requests, entry);
  return { path, query, fragment: url.hash, entry, order: parameters.map(([name]) => name), warn };
}

function assertOwnAddress(url: URL, world: World): void {
  const isOwnPort = url.port === new URL(world.url).port && world.hosts.includes(url.hostname);
  const isPublic = url.host === new URL(world.publicURL).host;
  if (isOwnPort || isPublic || world.hosts.hasName(url.hostname)) return;
  throw badInput(
    new Error(
      `The url is at ${url.origin}, which is not this emulator. Send browsers to ${world.publicURL}: ` +
        'set WECHAT_OPEN_URL or endpoints.open.',
    ),
  );
}

// Only a simulated login can check the fragment, because a browser does not send it to the server.
function checkFragment(link: OpenedLink, world: World): void {
  const { path, fragment } = link;
  if (path !== PATHS.authorize || fragment === '#wechat_redirect') return;
  const problem = {
    zh: `地址的 # 部分是 ${JSON.stringify(fragment)}；微信文档要求 #wechat_redirect`,
    en: `the fragment of the address is ${JSON.stringify(fragment)}; WeChat documents #wechat_redirect`,
  };
  if (world.switches.parameterOrder === 'strict') {
    throw new PageRefusal(TEXTS_WITHOUT_CODE.link, undefined, problem);
  }
  link.warn(problem.en);
}
