/** Finds out why the session does not hold the login of a callback. */
import { domainMatches, parseCookieHeader, pathMatches, refusalOf } from '../../http/browser-cookies';
import { header, isSecure, type HostRequest } from '../../http/request';
import { getSession } from '../../state/session';
import {
  isRecognized,
  sentValues,
  sessionCookieOf,
  SIGNATURE_SUFFIX,
  type SessionCookie,
} from '../../state/session-cookie';
import { digestOf, type LoginStart } from '../../state/session-watch';
import type { Context } from '../../context';
import { CAUSES, refusalCause, type Cause } from './causes';
import {
  areDifferentHosts,
  callbackAddress,
  hostname,
  isFromUntrustedProxy,
  isInFrame,
  requestedHost,
  isForwardedHTTPS,
} from './evidence';

/**
 * The cause, if this request is evidence for one. `undefined` if the app is set up correctly, as far as this
 * request shows: the user opened an old address, say, or the browser refuses all cookies.
 *
 * @param isRepeated whether the login was lost twice; a login that another process started is then explained,
 * too
 */
export function causeOfLoss(context: Context, state: string, isRepeated: boolean): Cause | undefined {
  const { req, config } = context;
  const start = config.sessionWatch.startOf(state);
  const session = getSession(req);
  const callback = callbackAddress(context);
  if (!session || !callback || (!start && !isRepeated)) return undefined;
  const cookie = sessionCookieOf(req, config.sessionWatch.cookieName);
  const sent = sentValues(req, cookie);
  const loss: Loss = { context, start, callback, cookie, sent, isRepeated };
  if (sent.length > 0 && cookie) {
    const name = cookie.name ?? '';
    if (cookie.name !== undefined && sent.length > 1) return CAUSES.sameName({ name });
    if (isRecognized(req, session, sent)) return undefined;
    if (cookie.hasSignature && !hasCookie(req, name + SIGNATURE_SUFFIX)) return CAUSES.signature({ name });
    return causeOfRejection(loss, cookie, sent);
  }
  return (cookie && cookieCause(loss, cookie)) ?? navigationCause(loss);
}

interface Loss {
  readonly context: Context;
  readonly start: LoginStart | undefined;
  /** The callback as browsers see it. */
  readonly callback: URL;
  readonly cookie: SessionCookie | undefined;
  readonly sent: readonly string[];
  readonly isRepeated: boolean;
}

/** The browser sent one session cookie, and the session middleware did not accept it. */
function causeOfRejection(loss: Loss, cookie: SessionCookie, [value = '']: readonly string[]): Cause {
  const before = loss.start?.cookieDigest;
  if (before === digestOf(value)) return CAUSES.gone();
  // The browser sent an older cookie, because it did not keep the one that the login set.
  const fault = cookieCause(loss, cookie);
  if (fault) return fault;
  return before && cookie.name !== undefined ? CAUSES.replaced({ name: cookie.name }) : CAUSES.gone();
}

function hasCookie(req: HostRequest, name: string): boolean {
  return parseCookieHeader(header(req, 'cookie')).some(([each]) => each === name);
}

/** The option with which browsers lose this cookie on the way to WeChat and back. */
function cookieCause(loss: Loss, cookie: SessionCookie): Cause | undefined {
  const { callback, context, start } = loss;
  const { name = '', path, domain, maxAge } = cookie;
  const unset = secureCause(context, cookie, start);
  if (unset) return unset;
  const kept = { ...cookie, name, secure: cookie.isSecure, value: '', httpOnly: true, expires: undefined };
  const refusal = refusalOf(kept, callback);
  // Middleware has set the `secure` cookie, so the login started over https.
  if (refusal === 'secure') return CAUSES.secure.callbackOverHTTP();
  if (refusal) return refusalCause(refusal, { domain: domain ?? '', host: callback.hostname });
  if (!pathMatches(callback.pathname, path)) return CAUSES.path({ path, callback: callback.pathname });
  if (cookie.sameSite === 'strict') return CAUSES.sameSiteStrict();
  const hasExpired = maxAge !== undefined && start !== undefined && Date.now() - start.at >= maxAge;
  return hasExpired ? CAUSES.maxAge({ ms: maxAge }) : undefined;
}

/**
 * Session middleware does not set a `secure` cookie if it takes the request for http.
 *
 * @param start the start of this login, if it was in this process
 */
export function secureCause(
  { req, config }: Context,
  cookie: SessionCookie,
  start: LoginStart | undefined,
): Cause | undefined {
  if (!cookie.isSecure || isSecure(req) || start?.cookieDigest !== undefined) return undefined;
  // Connect has no `trust proxy`. There, express-session has the option `proxy`, which cannot be read here.
  if (!start && req.app === undefined && isForwardedHTTPS(req)) return undefined;
  const { overHTTP, untrustedProxy, silentProxy, callbackOverHTTP } = CAUSES.secure;
  if (isForwardedHTTPS(req)) return untrustedProxy();
  // WeChat sends the browser to an https: address, but no proxy says here that the browser used https.
  if (config.base?.origin.startsWith('https:')) return silentProxy();
  if (!start?.isHTTPS) return overHTTP();
  // The login started over https, and the redirect URI is an http: address.
  return config.base ? callbackOverHTTP() : untrustedProxy();
}

/**
 * The cause if the browser sent no session cookie, although the options of the cookie are right: the browser
 * came to the callback by another host, in a frame or through a proxy that the app does not trust, or the
 * cookie expired.
 */
function navigationCause({ context, start, cookie, isRepeated }: Loss): Cause | undefined {
  const { req, config } = context;
  const here = hostname(requestedHost(req));
  const there = start ? hostname(start.host) : here;
  if (areDifferentHosts(there, here) && !coversBoth(cookie, there, here))
    return CAUSES.navigation.otherHost({ from: there, to: here });
  if (isInFrame(req)) return CAUSES.navigation.frame();
  if (!isRepeated || header(req, 'cookie') !== '') return undefined;
  if (req.app !== undefined && isFromUntrustedProxy(req)) return CAUSES.navigation.untrustedProxy();
  const maxAge = cookie?.maxAge;
  return !start && maxAge !== undefined && maxAge < config.loginTimeout
    ? CAUSES.maxAge({ ms: maxAge })
    : undefined;
}

/** Whether the cookie of a parent domain is sent to both hosts. */
function coversBoth(cookie: SessionCookie | undefined, ...hosts: readonly string[]): boolean {
  const domain = cookie?.domain;
  return domain !== undefined && hosts.every((host) => domainMatches(domain, host));
}
