/** One login, walked without a person: to WeChat's door, and back with a code that WeChat never gave. */
import { ERROR_KINDS, type WechatErrorKind } from '../../../errors';
import { FLOWS, FLOW_NAMES, type WechatFlow } from '../../../oauth/flows';
import type { ProbeRequest } from './http-probe';
import { ProbeBrowser, publicURL, type Site, type ProbedPage } from './site';
import { MADE_UP_CODE } from '../checks/wechat';

/** What an app's login route did. */
export type LoginAnswer = {
  readonly visitor: ProbeBrowser;
  readonly reply: ProbedPage;
} & (
  | Sent
  /** The page that says where one can log in. */
  | { readonly kind: 'open-elsewhere' }
  | { readonly kind: 'error'; readonly error: WechatErrorKind }
  | { readonly kind: 'redirect'; readonly to: URL }
  | { readonly kind: 'foreign' }
);

/** Sent to a page of WeChat's. */
export interface Sent {
  readonly kind: 'sent';
  readonly flow: WechatFlow;
  readonly page: URL;
  readonly redirectURI: string;
  readonly state: string;
}

/** A login that is on its way at WeChat. */
export type Login = LoginAnswer & Sent;

export async function startLogin(
  site: Site,
  userAgent: string,
  question: ProbeRequest,
): Promise<LoginAnswer> {
  const visitor = new ProbeBrowser(site, userAgent, question);
  const reply = await visitor.get(publicURL(site, site.routes.mount + site.routes.login));
  return { visitor, reply, ...read(reply) };
}

function read(
  reply: ProbedPage,
):
  | Sent
  | { kind: 'open-elsewhere' | 'foreign' }
  | { kind: 'error'; error: WechatErrorKind }
  | { kind: 'redirect'; to: URL } {
  const to = locationOf(reply);
  if (to) return sentTo(to) ?? { kind: 'redirect', to };
  const error = kindIn(reply);
  if (error === 'unauthenticated') return { kind: 'open-elsewhere' };
  return error === undefined ? { kind: 'foreign' } : { kind: 'error', error };
}

function sentTo(page: URL): Sent | undefined {
  const flow = FLOW_NAMES.find((each) => page.pathname.endsWith(FLOWS[each].page.path));
  if (!flow) return undefined;
  const { searchParams } = page;
  return {
    kind: 'sent',
    flow,
    page,
    redirectURI: searchParams.get('redirect_uri') ?? '',
    state: searchParams.get('state') ?? '',
  };
}

function locationOf({ status, headers, from }: ProbedPage): URL | undefined {
  const { location } = headers;
  if (status < 300 || status > 399 || location === undefined || !URL.canParse(location, from.href))
    return undefined;
  return new URL(location, from);
}

/** The kind of a failure, where this package answered. */
function kindIn({ body }: ProbedPage): WechatErrorKind | undefined {
  try {
    const answer = JSON.parse(body) as { error?: unknown } | null;
    return ERROR_KINDS.find((kind) => kind === answer?.error);
  } catch {
    return undefined;
  }
}

export type CallbackOutcome =
  /** The app knew the login, and took the code to WeChat, which refused it. */
  | { readonly kind: 'known' }
  /** The session had forgotten it. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'error'; readonly error: WechatErrorKind }
  /** Something that this package does not answer by itself; `status` of the HTTP answer. */
  | { readonly kind: 'foreign'; readonly status: number; readonly isSecond: boolean };

/**
 * Comes back twice. The first time, the app starts the login again, whether it knows the state or not; the second time it says why
 * it gives up, and that tells the two apart.
 */
export async function probeCallback({
  visitor,
  redirectURI,
  state,
}: Sent & { readonly visitor: ProbeBrowser }): Promise<CallbackOutcome> {
  const first = await visitor.get(answerTo(redirectURI, state), { isFromElsewhere: true });
  const restart = locationOf(first);
  const again = restart && sentTo(restart);
  if (!again) return judge(first, false);
  return judge(await visitor.get(answerTo(again.redirectURI, again.state), { isFromElsewhere: true }), true);
}

function answerTo(redirectURI: string, state: string): URL {
  const url = new URL(redirectURI);
  url.searchParams.set('code', MADE_UP_CODE);
  url.searchParams.set('state', state);
  return url;
}

function judge(reply: ProbedPage, isSecond: boolean): CallbackOutcome {
  const error = kindIn(reply);
  if (error === undefined) return { kind: 'foreign', status: reply.status, isSecond };
  if (error === 'code_invalid' || error === 'code_used') return { kind: 'known' };
  if (error === 'login_loop') return { kind: 'lost' };
  return { kind: 'error', error };
}
