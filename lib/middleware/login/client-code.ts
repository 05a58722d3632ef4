/**
 * `req.wechat.loginWithCode()`: logs a user in with a code that a client of the app posted. A mini program
 * gets it from `wx.login`, a mobile app from WeChat's OpenSDK. There is no page, no state and no callback.
 */
import type { Bilingual } from '../../bilingual';
import { WechatAuthError, isWechatError } from '../../errors';
import { CODE_FLOWS, FLOWS, isCodeFlow, type CodeFlow } from '../../oauth/flows';
import { pathOnThisSite } from '../addresses';
import { accountOf, type Context } from '../context';
import { warnOperator } from '../failures/warn-operator';
import { clientAddress, header, parsedBody, trustsProxy, type HostRequest } from '../http/request';
import { noStore } from '../http/response';
import { exchangeClientCode, type Account, type ClientCode } from '../options/account';
import { shown } from '../options/options-error';
import { ownCopy } from '../options/own-options';
import { cookieHash } from '../state/session-cookie';
import { requireSession } from '../state/missing-session';
import { statesIn } from '../state/pending-logins';
import type { Session } from '../state/session';
import type { AppUser, WechatSession } from '../state/wechat-session';
import { saveLogin, secretCookieHash } from './current-login';
import { completeLogin, requireCode } from './exchange';
import { rootForLogin } from './login';
import { checkedData } from './login-data';
import { LoginReporter, reportStarted } from './login-reporter';

/**
 * Options of a login with a code.
 *
 * @inline
 */
export interface CodeLoginOptions {
  /**
   * Mini programs: the encrypted profile of `wx.getUserInfo` and similar functions, base64. It must be of the
   * same user as the code. The decrypted fields become part of the user.
   */
  readonly encryptedData?: string | null | undefined;
  /** Mini programs: the `iv` that came with `encryptedData`, base64. */
  readonly iv?: string | null | undefined;
  /**
   * Whether the session holds the login. With `false`, the session is neither needed nor changed: for apps
   * that give their clients a token of their own.
   *
   * @default true
   */
  readonly session?: boolean | undefined;
  /** A value that is passed on to `onLogin`: at most 512 bytes of JSON. */
  readonly data?: unknown;
}

/**
 * @throws WechatError. It is also reported, and a warning is printed if only the operator can fix the cause.
 */
export async function loginWithCode(
  context: Context,
  flow: CodeFlow,
  code: unknown,
  options: CodeLoginOptions,
): Promise<AppUser> {
  noStore(context.res);
  const reporter = new LoginReporter(context.config, isCodeFlow(flow) ? { flow } : {});
  try {
    return await logIn(context, reporter, checkedRequest(context, flow, code, options));
  } catch (error) {
    reporter.failed(error);
    if (isWechatError(error)) warnOperator(context, error);
    throw error;
  }
}

/** A login with a code, after its parameters were checked. */
interface CodeRequest extends ClientCode {
  readonly flow: CodeFlow;
  readonly account: Account;
  readonly data: unknown;
  /** Undefined if the session is not to hold the login. */
  readonly session: Session | undefined;
}

/** Checks everything before the code is exchanged, because WeChat accepts a code only once. */
function checkedRequest(
  context: Context,
  flow: unknown,
  code: unknown,
  options: CodeLoginOptions,
): CodeRequest {
  if (!isCodeFlow(flow)) {
    const names = CODE_FLOWS.map((name) => `'${name}'`).join(' or ');
    throw new WechatAuthError('config', `The flow of loginWithCode() is ${shown(flow)}. Use ${names}.`);
  }
  const { encryptedData, iv, session, data } = ownCopy(options);
  const account = accountOf(context, flow);
  refuseOtherSites(context);
  const checked = { flow, account, data: checkedData(data) };
  const found = session === false ? undefined : requireSession(context.req, context.config);
  if (code === undefined && isJSONUnread(context.req))
    context.config.warnings.once('WECHAT_LOGIN_FAILED', NO_JSON_PARSER, 'no JSON parser', PAGE);
  if (typeof code !== 'string' || code === '') throw noCode();
  requireCode(code);
  return { ...checked, session: found, code, encrypted: encryptedOf(encryptedData, iv) };
}

function noCode(): WechatAuthError {
  return new WechatAuthError(
    'code_invalid',
    'loginWithCode() got no code. The client has to post it as JSON, with Content-Type: application/json, and ' +
      'the route has to pass on the field that the client sends.',
  );
}

const NO_JSON_PARSER: Bilingual = {
  en:
    'code_invalid: loginWithCode() got no code, because no middleware has read the JSON that the client posted. ' +
    'Mount express.json() before the route.',
  zh: 'loginWithCode() 没有得到 code：客户端提交了 JSON，但没有中间件读取它。请在该路由之前挂载 express.json()。',
};
const PAGE = { page: 'guides/mini-programs.md' };

/**
 * Whether the client posted JSON that every parser of JSON reads, and nothing in the app has read it. Without
 * these conditions, a client could post what the app's parser leaves alone, and the console would name a
 * fault that the app does not have.
 */
function isJSONUnread(req: HostRequest): boolean {
  const isJSON = /^application\/json(?:; ?charset=utf-8)?$/i.test(header(req, 'content-type'));
  const hasBody = Number(header(req, 'content-length')) > 0;
  return isJSON && hasBody && parsedBody(req) === undefined && !req.readableDidRead;
}

/**
 * Refuses a request that a page of another site makes a browser send. An attacker's page could post her own
 * code, and so log the visitor in to her account (login CSRF, RFC 6749 section 10.12): a posted code has no
 * state that protects against this. Mini programs and mobile apps are not browsers, and send neither
 * Sec-Fetch-Site nor Origin.
 */
function refuseOtherSites(context: Context): void {
  const site = header(context.req, 'sec-fetch-site');
  const origin = header(context.req, 'origin');
  const isOurs = pathOnThisSite(context, origin) !== undefined;
  // A page on a sibling subdomain has the same site, but another origin.
  const isAllowed = {
    'same-origin': true,
    none: true,
    'cross-site': false,
    'same-site': isOurs,
    '': origin === '' || isOurs,
  }[site];
  if (isAllowed === true) return;
  throw new WechatAuthError(
    'forbidden',
    'A page of another site sent this code. Only the clients of this app, and its own pages, may log in with one.',
  );
}

function encryptedOf(encryptedData: unknown, iv: unknown): ClientCode['encrypted'] {
  // JSON cannot express undefined, so clients send null.
  if ((encryptedData ?? iv ?? undefined) === undefined) return undefined;
  if (typeof encryptedData === 'string' && typeof iv === 'string') return { encryptedData, iv };
  throw new WechatAuthError(
    'decryption',
    'encryptedData and iv must be two strings, base64, from the same call. Send both of them, or neither.',
  );
}

async function logIn(context: Context, reporter: LoginReporter, request: CodeRequest): Promise<AppUser> {
  const { config } = context;
  const { flow, session } = request;
  const { scopes } = FLOWS[flow];
  const root = session && rootForLogin(session, config);
  const cookies = session ? secretCookieHash(context.req, session) : '';
  const start = { flow, scope: scopes.defaultScope, at: Date.now() };
  const { result, isFirst } = await config.codeResults.share(postedCode(context, request, cookies !== ''), {
    identify: (state) => {
      reporter.identify(state, start);
    },
    exchange: async (state) => {
      reportStarted(state, { ...start, appid: request.account.appid }, undefined);
      if (!session) return exchange(context, request, state);
      const { callbackResults } = config;
      // A logout that this client sends meanwhile ends this login.
      return callbackResults.whileFinishing({ state, root }, () =>
        callbackResults.finishing.recordDuring(cookies, { state, root }, () => {
          const login = exchange(context, request, state);
          callbackResults.started.recordFinish(cookies, { state, root }, login);
          return login;
        }),
      );
    },
  });
  const { login, state } = result;
  if (!isFirst) reporter.identify(state, start);
  if (session) await saveLogin(context, login, { state, pending: { returnTo: '' }, root, cookies });
  if (isFirst) reporter.succeeded(login);
  return login.user;
}

function postedCode(
  { req, config }: Context,
  { flow, account, code, encrypted, session }: CodeRequest,
  hasSecret: boolean,
): Parameters<Context['config']['codeResults']['share']>[0] {
  return {
    content: [flow, account.appid, code, encrypted?.encryptedData ?? '', encrypted?.iv ?? ''],
    client: [cookieHash(req), clientAddress(req), forwardedFor(req)],
    hasSecret,
    finishedStates: session ? statesIn(session, config.sessionKey).finished : [],
  };
}

/**
 * Behind a proxy that the framework does not trust, every client has the address of the proxy. Mini programs
 * send no cookies, so that only X-Forwarded-For and Forwarded distinguish them.
 */
function forwardedFor(req: HostRequest): string {
  return trustsProxy(req) ? '' : `${header(req, 'x-forwarded-for')} ${header(req, 'forwarded')}`;
}

async function exchange(context: Context, request: CodeRequest, state: string): Promise<WechatSession> {
  const { flow, code, data, account } = request;
  const { lang, allowSnapshotUsers } = context.config;
  const user = await exchangeClientCode(account, flow, request, { lang, allowSnapshotUsers });
  return completeLogin(context, { pending: { flow, returnTo: '', data }, code, state }, user);
}
