/**
 * Checks the session cookie of a login: whether a browser keeps it, and sends it when WeChat redirects back.
 */
import { bilingual, type Bilingual } from '../../bilingual';
import { pathMatches, type Cookie, type ReceivedCookie, type Refusal } from '../probe/cookie-jar';
import { callbackOf, type StartedLogin } from '../probe/login-probe';
import { callbackPath, playsProxy, publicURL, type Site } from '../probe/site';
import { failed, ok, skipped, warning, type Fault, type Finding } from '../report/check-list';
import { fromOutside } from '../report/from-outside';

/** `cookie-session` signs the cookie `session` in a second cookie, `session.sig`. */
const SIGNATURE = '.sig';

/** The cookies whose names suggest a session. If no name does, all cookies. */
function sessionCookies({ response }: StartedLogin): readonly ReceivedCookie[] {
  const set = response.cookies.filter(({ cookie }) => cookie.value !== '');
  const names = set.map(({ cookie }) => cookie.name).filter(isLikelyName);
  const likely = set.filter(({ cookie }) => names.includes(cookie.name.replace(SIGNATURE, '')));
  return likely.length > 0 ? likely : set;
}

/** Whether the name suggests a session, as `session`, `connect.sid` and `__Host-sess` do. */
function isLikelyName(name: string): boolean {
  const lowerCase = name.toLowerCase();
  return lowerCase.includes('sess') || lowerCase.endsWith('sid');
}

function isCookieMissing(login: StartedLogin): boolean {
  return sessionCookies(login).length === 0;
}

/** Whether a browser comes back from WeChat without its session cookie. */
export function isCookieLost(site: Site, login: StartedLogin): boolean {
  return (
    isCookieMissing(login) ||
    cookieOutsideCallback(site, login) !== undefined ||
    sessionCookies(login).some(({ cookie, refusal }) => refusal !== undefined || cookie.sameSite === 'strict')
  );
}

/** A session cookie whose Path does not cover the callback route. */
function cookieOutsideCallback(site: Site, login: StartedLogin): Cookie | undefined {
  const { pathname } = publicURL(site, callbackPath(site));
  return sessionCookies(login).find(({ cookie }) => !pathMatches(pathname, cookie.path))?.cookie;
}

export function checkCookies(site: Site, login: StartedLogin): Finding[] {
  const perCookie = [checkSecure(site, login), checkSameSite(login), checkHttpOnly(login)];
  return [
    checkKept(site, login),
    ...(isCookieMissing(login) ? [] : perCookie),
    ...(site.public.protocol === 'https:' ? checkTrust(site, login) : []),
  ];
}

/** The default of the option `loginTimeout`, in ms. */
const LOGIN_TIMEOUT = 10 * 60_000;
/** Allowance for the duration of the request, in ms. */
const TOLERANCE = 5_000;

function checkKept(site: Site, login: StartedLogin): Finding {
  const id = 'session-cookie';
  const cookies = sessionCookies(login);
  if (cookies.length === 0) return failed(id, TEXTS.noCookie(site));
  const refused = cookies.find(({ refusal }) => refusal);
  if (refused?.refusal) return failed(id, TEXTS.dropped(shownName(refused.cookie), refused.refusal));
  const outside = cookieOutsideCallback(site, login);
  if (outside) return failed(id, TEXTS.otherPath(outside, publicURL(site, callbackPath(site)).pathname));
  const names = cookies.map(({ cookie }) => shownName(cookie)).filter((name) => !name.endsWith(SIGNATURE));
  const lifetime = Math.min(...cookies.map(({ cookie }) => cookie.expires ?? Infinity)) - Date.now();
  return lifetime < LOGIN_TIMEOUT - TOLERANCE
    ? warning(id, TEXTS.shortLived(names, Math.round(lifetime / 1000)))
    : ok(id, TEXTS.names(names));
}

function shownName({ name }: Cookie): string {
  return fromOutside(name, 60);
}

function checkSecure(site: Site, login: StartedLogin): Finding {
  const id = 'cookie-secure';
  if (site.public.protocol !== 'https:') return skipped(id, TEXTS.overHTTP);
  const isSecure = sessionCookies(login).every(({ cookie }) => cookie.secure);
  return isSecure ? ok(id, TEXTS.secure) : warning(id, TEXTS.notSecure);
}

function checkSameSite(login: StartedLogin): Finding {
  const id = 'cookie-same-site';
  const modes = sessionCookies(login).map(({ cookie }) => cookie.sameSite);
  if (modes.includes('strict')) return failed(id, TEXTS.strict);
  if (modes.includes('none')) return warning(id, TEXTS.none);
  return ok(id, modes.includes('lax') ? TEXTS.lax : TEXTS.noSameSite);
}

function checkHttpOnly(login: StartedLogin): Finding {
  const id = 'cookie-http-only';
  const isHidden = sessionCookies(login).every(({ cookie }) => cookie.httpOnly);
  return isHidden ? ok(id, TEXTS.httpOnly) : warning(id, TEXTS.notHttpOnly);
}

/**
 * Whether the app trusts `X-Forwarded-Proto`. There are two signs: a Secure cookie, and the scheme of a
 * redirect URI that the app derived from the request.
 */
function checkTrust(site: Site, login: StartedLogin): Finding[] {
  const id = 'trust-proxy';
  if (callbackOf(login).startsWith(`http://${site.public.host}/`)) return [failed(id, TEXTS.httpRedirectURI)];
  if (isCookieMissing(login)) return [failed(id, TEXTS.noCookieOverHTTPS)];
  if (sessionCookies(login).some(({ cookie }) => cookie.secure)) return [ok(id, TEXTS.trusts)];
  return playsProxy(site) ? [skipped(id, TEXTS.trustUnknown)] : [];
}

const REFUSALS: Readonly<Record<Refusal, Fault>> = {
  secure: {
    detail: bilingual(
      'it is Secure, and browsers use http for this app',
      '带有 Secure，而应用通过 http 访问',
    ),
    remedy: bilingual(
      'Serve the app over https, or leave `secure` out in development.',
      '请使用 https，或在开发环境去掉 secure。',
    ),
  },
  domain: {
    detail: bilingual('its Domain does not match the host of the app', '其 Domain 与当前域名不符'),
    remedy: bilingual(
      "Leave the session's `domain` out, or set it to the host of baseURL.",
      '请去掉会话的 domain，或填写 baseURL 的域名。',
    ),
  },
  prefix: {
    detail: bilingual(
      'its name begins with __Host- or __Secure-, and it breaks the rules of these prefixes',
      '名称以 __Host- 或 __Secure- 开头，却不满足其规则',
    ),
    remedy: bilingual(
      'Make it Secure, with Path=/ and without a Domain; or choose another name.',
      '请设置 Secure、Path=/ 且不带 Domain，或换个名称。',
    ),
  },
  none: {
    detail: bilingual('it is SameSite=None without Secure', '为 SameSite=None 却没有 Secure'),
    remedy: bilingual("Use sameSite: 'lax'.", "请使用 sameSite: 'lax'。"),
  },
  size: {
    detail: bilingual('it is larger than 4096 bytes', '超过 4096 字节'),
    remedy: bilingual(
      'Keep less in the session, or use express-session.',
      '请减少会话内容，或使用 express-session。',
    ),
  },
  expired: {
    detail: bilingual('it had expired before it arrived', '到达时已过期'),
    remedy: bilingual(
      "Synchronize the clock of the app's machine by NTP, and give the session a longer `maxAge` (in ms).",
      '请为应用所在机器校时（NTP），并延长会话的 maxAge（毫秒）。',
    ),
  },
};

const TRUST_REMEDY = bilingual(
  "Express: app.set('trust proxy', 1). Connect: express-session with proxy: true. " +
    'The proxy must set X-Forwarded-Proto.',
  "Express：app.set('trust proxy', 1)；Connect：express-session 的 proxy: true。代理须设置 X-Forwarded-Proto。",
);

const LAX_REMEDY = bilingual("Use sameSite: 'lax'.", "请使用 sameSite: 'lax'。");

const TEXTS = {
  /** Session middlewares do not set a Secure cookie if they believe that the browser uses http. */
  noCookie: (site: Site) => ({
    detail: bilingual('the login set no cookie', '登录没有设置任何 cookie'),
    remedy:
      site.public.protocol === 'https:'
        ? bilingual(
            'The app believes that browsers use http, and does not set its Secure cookie: see Trust in the proxy.',
            '应用以为浏览器通过 http 访问，因而没有设置 Secure cookie：见「信任代理」。',
          )
        : bilingual(
            'Most likely the session cookie is `secure`, and session middleware does not set it over http. ' +
              'Serve the app over https, or leave `secure` out in development.',
            '会话 cookie 很可能带有 secure，而 http 下不会设置：请使用 https，或在开发环境去掉 secure。',
          ),
  }),
  dropped: (name: string, refusal: Refusal) => {
    const { detail, remedy } = REFUSALS[refusal];
    return {
      detail: bilingual(`a browser drops ${name}: ${detail.en}`, `浏览器会丢弃 ${name}：${detail.zh}`),
      remedy,
    };
  },
  otherPath: (cookie: Cookie, callback: string) => {
    const name = shownName(cookie);
    const path = fromOutside(cookie.path, 60);
    return {
      detail: bilingual(
        `browsers do not send ${name} to ${callback}: its Path is ${path}`,
        `浏览器不会把 ${name} 发送到 ${callback}：其 Path 为 ${path}`,
      ),
      remedy: bilingual(
        "Set the session's `path` to '/', its default; or to a path that the callback route begins with, " +
          'as browsers see it.',
        "请将会话的 path 设为默认值 '/'，或设为浏览器所见回调地址的上级路径。",
      ),
    };
  },
  names: (names: readonly string[]): Bilingual => bilingual(names.join(', '), names.join('，')),
  shortLived: (names: readonly string[], seconds: number) => ({
    detail: bilingual(
      `${names.join(', ')} lives for ${seconds} s, and a login may take ten minutes`,
      `${names.join('，')} 只保留 ${seconds} 秒，而登录最长可达十分钟`,
    ),
    remedy: bilingual(
      'Give the session a `maxAge` (in ms) that is longer than `loginTimeout`.',
      '请让会话的 maxAge（毫秒）大于 loginTimeout。',
    ),
  }),
  overHTTP: bilingual('not required over http', 'http 下不作要求'),
  secure: bilingual('sent over https only', '只通过 https 发送'),
  notSecure: {
    detail: bilingual('browsers send the cookie over http, too', 'cookie 也会通过 http 发送'),
    remedy: bilingual(
      "Set `secure: true` in production (behind a proxy, with app.set('trust proxy', 1)).",
      "请在生产环境设置 secure: true（代理之后还需 app.set('trust proxy', 1)）。",
    ),
  },
  strict: {
    detail: bilingual(
      'Strict: browsers do not send it when WeChat redirects back, so that every login is lost',
      'Strict：从微信返回时不会发送，每次登录都会丢失',
    ),
    remedy: LAX_REMEDY,
  },
  none: {
    detail: bilingual(
      'None: browsers send it with the requests of every other site, too',
      'None：其他网站发起的请求也会带上',
    ),
    remedy: LAX_REMEDY,
  },
  lax: bilingual('Lax', 'Lax'),
  noSameSite: bilingual('not set: browsers use Lax', '未设置：浏览器按 Lax 处理'),
  httpOnly: bilingual('hidden from scripts', '脚本无法读取'),
  notHttpOnly: {
    detail: bilingual('scripts of the page can read the cookie', '页面脚本可以读取 cookie'),
    remedy: bilingual('Leave `httpOnly` at true, its default.', '请保持 httpOnly 为默认值 true。'),
  },
  httpRedirectURI: {
    detail: bilingual(
      'the app does not believe that browsers use https',
      '应用不认为浏览器是通过 https 访问的',
    ),
    remedy: TRUST_REMEDY,
  },
  noCookieOverHTTPS: {
    detail: bilingual(
      'no cookie over https: the app does not believe X-Forwarded-Proto',
      'https 下没有设置 cookie：应用不信任 X-Forwarded-Proto',
    ),
    remedy: TRUST_REMEDY,
  },
  trusts: bilingual('the app knows that browsers use https', '应用知道浏览器通过 https 访问'),
  trustUnknown: bilingual('cannot tell, because the cookie is not Secure', 'cookie 没有 Secure，无法判断'),
};
