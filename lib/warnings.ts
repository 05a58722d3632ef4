import type { Bilingual } from './bilingual';
import { docsPage } from './errors';
import { printable } from './printable';

/**
 * Every warning that this package prints on the console, for the operator to act on. Each has a row in
 * docs/warnings.md.
 */
export const WARNING_CODES = [
  /**
   * `NODE_ENV` is `production` and `baseURL` is not set.
   * @remedy Set `baseURL`; otherwise the Host header, which a client can forge, decides where WeChat sends
   * the code. For several hosts, leave it out, let `account` return `undefined` for any other host, and
   * ignore the warning.
   */
  'WECHAT_NO_BASE_URL',
  /**
   * `req.session` does not exist when `wechatAuth()` runs; once for each reason: no session middleware, a
   * session that the app has ended (`req.session = null`), or a `cookie.path` of express-session that leaves
   * out a route.
   * @remedy The message names the reason.
   */
  'WECHAT_NO_SESSION',
  /**
   * The session cookie is `sameSite: 'strict'`, or `'none'` without `secure`.
   * @remedy Use `'lax'`; a browser that returns from WeChat does not send a strict cookie.
   */
  'WECHAT_COOKIE_SAME_SITE',
  /**
   * The session cookie is `secure`, but the request came over http.
   * @remedy The message fits the set-up: serve the app over https; behind a proxy, set `app.set('trust
   * proxy', 1)`, and let the proxy send `X-Forwarded-Proto`; write `baseURL` with https:.
   */
  'WECHAT_COOKIE_SECURE',
  /**
   * The cookie of cookie-session is larger than 3,072 bytes.
   * @remedy Keep less in the session (`onLogin` may return a smaller user), or use express-session; browsers
   * drop a cookie over 4,096 bytes.
   */
  'WECHAT_COOKIE_SIZE',
  /**
   * A login was lost: the `path` of the session cookie does not cover the callback.
   * @remedy Set it to `'/'`, its default.
   */
  'WECHAT_COOKIE_PATH',
  /**
   * A login was lost: the `domain` of the session cookie does not cover the host.
   * @remedy Leave `domain` out, or set it to the host of `baseURL`.
   */
  'WECHAT_COOKIE_DOMAIN',
  /**
   * A login was lost: the name of the session cookie begins with `__Host-` or `__Secure-`, and the cookie
   * breaks the rules of these prefixes.
   * @remedy Set `secure`, for `__Host-` also `path: '/'` and no `domain`; or choose another name.
   */
  'WECHAT_COOKIE_PREFIX',
  /**
   * A login was lost: the session cookie expired while the user was at WeChat.
   * @remedy Give the session a `maxAge` in ms, longer than `loginTimeout`.
   */
  'WECHAT_COOKIE_MAX_AGE',
  /**
   * A login was lost: the cookie of cookie-session came without its signature, the second cookie
   * `<name>.sig`.
   * @remedy Let both cookies pass the proxy or CDN.
   */
  'WECHAT_COOKIE_SIGNATURE',
  /**
   * A login was lost: another app sets a cookie of the same name, on this host or a parent domain, or this
   * app set one earlier with another `path` or `domain`, or it logged the user out while the login ran.
   * @remedy Give the session cookie a name of its own. A logout needs no change.
   */
  'WECHAT_COOKIE_NAME',
  /**
   * A proxy reports https, but the app does not trust the proxy: it gave WeChat an http address (without
   * `baseURL`), or lost a login.
   * @remedy Set `baseURL`, or `app.set('trust proxy', 1)`.
   */
  'WECHAT_TRUST_PROXY',
  /**
   * Express-session uses its MemoryStore in production.
   * @remedy Configure a session store.
   */
  'WECHAT_MEMORY_SESSIONS',
  /**
   * A login was lost: it started on one host, and WeChat sent the browser back to another, without the
   * session cookie.
   * @remedy Redirect all pages to one host, forward the Host header, or correct `baseURL`; if the option
   * `account` chooses by host, remove `baseURL` and WECHAT_BASE_URL.
   */
  'WECHAT_OTHER_HOST',
  /**
   * A login was lost: it ran in a frame (iframe), where browsers do not send the session cookie.
   * @remedy Open the login in the whole window (`target="_top"`); for the embedded QR code, set
   * `self_redirect: false`.
   */
  'WECHAT_FRAME',
  /**
   * A login was lost: the browser sent the session cookie, but its session was gone.
   * @remedy Use one session store and one session key for all processes, and keep them across restarts.
   */
  'WECHAT_SESSION_GONE',
  /**
   * The AppID of an account is that of an app of the emulator, and logins go to the real WeChat.
   * @remedy Replace the AppID and the AppSecret, or delete both if you have no such account; ignore the
   * warning if the emulator stands in for WeChat's hosts.
   */
  'WECHAT_EMULATOR_APP_ID',
  /**
   * The option `returnTo` is a route of `wechatAuth()`, so logins end at `/` instead.
   * @remedy Give `returnTo` the path of a page.
   */
  'WECHAT_RETURN_TO',
  /**
   * `verificationFiles` are served below a mount path.
   * @remedy Mount the middleware at the root, or enter the path in WeChat's console.
   */
  'WECHAT_VERIFICATION_FILE',
  /**
   * A login failed for a reason that the operator or a developer has to fix. It is printed once for each
   * cause, such as: WeChat is out of reach; the token store fails; `account`, `scanLogin.check` or
   * `component.accessToken` threw an error (its stack follows); one of these, `flow` or `onError` did not
   * settle within 20 s. But an error in `onLogin` (`login_failed`) is printed each time, with its stack.
   * @remedy The message and its [kind](errors.md) name the reason.
   */
  'WECHAT_LOGIN_FAILED',
  /**
   * `http` or `setOpts()` contains an option that this package sets itself to keep requests safe (redirects,
   * checks of status and size, response type).
   * @remedy Remove the option; it has no effect.
   */
  'WECHAT_HTTP_OPTION_IGNORED',
  /**
   * A `wechatRelay()` refused an address; once for each cause.
   * @remedy If you trust that app like production, add its callback address to the list `to`; otherwise
   * an attacker may be trying to use the relay as an open redirect.
   */
  'WECHAT_RELAY_REFUSED',
  /**
   * `scanLogin` is on, and the token store that the app gave, other than a `MemoryTokenStore`, shares no
   * results of scan logins between processes.
   * @remedy With several processes, use `RedisTokenStore`; with a single one, ignore the warning.
   */
  'WECHAT_SCAN_LOGIN_STORE',
  // TypeScript 7 copies the docstrings of a plain `as const` into the published declaration.
] as const satisfies readonly `WECHAT_${string}`[];

export type WarningCode = (typeof WARNING_CODES)[number];

export interface WarningDetails {
  /** Lines of a stack. The caller has masked the secrets in them. */
  readonly trace?: string | undefined;
  /** The page of the documentation, by default the list of all warnings. */
  readonly page?: string | undefined;
}

/**
 * Prints one line in English and Chinese, then the stack, then the pages that explain the warning. In
 * production the console is all that an operator sees of a failed login: its page names no cause.
 */
export function warn(
  code: WarningCode,
  { en, zh }: Bilingual,
  { trace, page = 'warnings.md' }: WarningDetails = {},
): void {
  const help = docsPage(page);
  const detail = [...(trace?.split('\n') ?? []), `Help: ${help.en}`, `帮助：${help.zh}`];
  // A message may quote a header or an error response, which an attacker may control.
  process.emitWarning(printable(`${en} ${zh}`), {
    type: 'WechatAuthWarning',
    code,
    detail: detail.map(printable).join('\n'),
  });
}

/**
 * The most warnings that once() prints for one middleware. Some are distinguished by the text of an error,
 * which may come from WeChat or a gateway: without a limit, the set could grow without end.
 */
const MAX_PRINTED = 500;

/** The warnings of one middleware: once() prints each of them once, however many requests cause it. */
export class Warnings {
  readonly #printed = new Set<string>();

  /**
   * Prints a warning, unless one with the same code and the same `about` was printed before.
   */
  once(code: WarningCode, message: Bilingual, about = '', details?: WarningDetails): void {
    const key = `${code} ${about}`;
    if (this.#printed.has(key) || this.#printed.size >= MAX_PRINTED) return;
    this.#printed.add(key);
    warn(code, message, details);
  }
}
