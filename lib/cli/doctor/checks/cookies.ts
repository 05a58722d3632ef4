/**
 * Checks the session cookie of a login: whether a browser keeps it, and sends it when WeChat redirects back.
 */
import { bilingual, type Bilingual } from '../../bilingual';
import { pathMatches, type Cookie } from '../../../middleware/http/browser-cookies';
import { SIGNATURE_SUFFIX } from '../../../middleware/state/session-cookie';
import {
  CAUSES,
  TRUST_PROXY_REMEDY,
  refusalCause,
  type Cause,
} from '../../../middleware/failures/lost-session/causes';
import { LOGIN_TIMEOUT_MS } from '../../../middleware/options/resolve-options';
import type { ReceivedCookie } from '../probe/cookie-jar';
import { callbackOf, type StartedLogin } from '../probe/login-probe';
import { callbackPath, actsAsProxy, publicURL, type Site } from '../probe/site';
import { failed, ok, skipped, warning, type Fault, type Finding } from '../report/check-list';
import { untrustedText } from '../report/untrusted-text';

/** The cookies whose names suggest a session. If no name does, all cookies. */
function sessionCookies({ response }: StartedLogin): readonly ReceivedCookie[] {
  const set = response.cookies.filter(({ cookie }) => cookie.value !== '');
  const names = set.map(({ cookie }) => cookie.name).filter(isLikelyName);
  const likely = set.filter(({ cookie }) => names.includes(cookie.name.replace(SIGNATURE_SUFFIX, '')));
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

/** Allowance for the duration of the request, in ms. */
const TOLERANCE = 5_000;

function checkKept(site: Site, login: StartedLogin): Finding {
  const id = 'session-cookie';
  const cookies = sessionCookies(login);
  if (cookies.length === 0) return failed(id, TEXTS.noCookie(site));
  const refused = cookies.find(({ refusal }) => refusal);
  if (refused?.refusal) {
    const where = { domain: refused.cookie.domain ?? '', host: site.public.hostname };
    return failed(id, faultOf(refusalCause(refused.refusal, where, nameOf(refused.cookie))));
  }
  const outside = cookieOutsideCallback(site, login);
  const callback = publicURL(site, callbackPath(site)).pathname;
  if (outside) return failed(id, faultOf(CAUSES.path({ path: outside.path, callback }, nameOf(outside))));
  const names = cookies
    .map(({ cookie }) => shownName(cookie))
    .filter((name) => !name.endsWith(SIGNATURE_SUFFIX));
  const [first] = cookies.toSorted((a, b) => a.lifetime - b.lifetime);
  const fault = first && lifetimeFault(first);
  return fault ? warning(id, fault) : ok(id, TEXTS.names(names));
}

function lifetimeFault({ cookie, lifetime }: ReceivedCookie): Fault | undefined {
  const days = daysInSeconds(lifetime);
  if (days !== undefined) return TEXTS.seconds(nameOf(cookie), lifetime, days);
  if (lifetime >= LOGIN_TIMEOUT_MS - TOLERANCE) return undefined;
  return faultOf(CAUSES.maxAge({ ms: Math.round(lifetime / 1000) * 1000 }, nameOf(cookie)));
}

/** The lifetimes that apps give a session, in days. */
const USUAL_DAYS = [1, 7, 14, 30, 31, 60, 90, 180, 365];

/** How many days the app most likely meant, if it gave `maxAge`, which is in ms, in seconds. */
function daysInSeconds(lifetime: number): number | undefined {
  // Expires has whole seconds, and the response took a while. 7 days in seconds are just above 10 minutes.
  return USUAL_DAYS.find((days) => Math.abs(days * DAY_IN_SECONDS - 1_000 - lifetime) < 2_000);
}

const DAY_IN_SECONDS = 86_400;

function faultOf({ what, remedy }: Cause): Fault {
  return { detail: what, remedy };
}

/** What the texts call this cookie: its name. */
function nameOf(cookie: Cookie): Bilingual {
  const name = shownName(cookie);
  return bilingual(name, `名为 ${name} 的 cookie`);
}

function shownName({ name }: Cookie): string {
  return untrustedText(name, 60);
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
  if (modes.includes('strict'))
    return failed(id, faultOf(CAUSES.sameSiteStrict(bilingual('the cookie', '会话 cookie'))));
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
  return actsAsProxy(site) ? [skipped(id, TEXTS.trustUnknown)] : [];
}

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
  seconds: (cookie: Bilingual, lifetime: number, days: number): Fault => ({
    detail: bilingual(
      `${cookie.en} lives for ${Math.round(lifetime / 60_000)} min: most likely its \`maxAge\`, which is in ms, ` +
        `is ${days} days in seconds`,
      `${cookie.zh} 只保留 ${Math.round(lifetime / 60_000)} 分钟：maxAge 的单位是毫秒，这里很可能写成了 ${days} 天的秒数`,
    ),
    remedy: bilingual(
      `Set \`maxAge: ${days} * 24 * 60 * 60 * 1000\`.`,
      `请设为 maxAge: ${days} * 24 * 60 * 60 * 1000。`,
    ),
  }),
  names: (names: readonly string[]): Bilingual => bilingual(names.join(', '), names.join('，')),
  overHTTP: bilingual('not required over http', 'http 下不作要求'),
  secure: bilingual('sent over https only', '只通过 https 发送'),
  notSecure: {
    detail: bilingual('browsers send the cookie over http, too', 'cookie 也会通过 http 发送'),
    remedy: bilingual(
      "Set `secure: true` in production (behind a proxy, with app.set('trust proxy', 1), and let it send " +
        'X-Forwarded-Proto).',
      "请在生产环境设置 secure: true（代理之后还需 app.set('trust proxy', 1)，并由代理发送 X-Forwarded-Proto）。",
    ),
  },
  none: {
    detail: bilingual(
      'None: browsers send it with the requests of every other site, too',
      'None：其他网站发起的请求也会带上',
    ),
    remedy: CAUSES.sameSiteStrict().remedy,
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
    remedy: TRUST_PROXY_REMEDY,
  },
  noCookieOverHTTPS: {
    detail: bilingual(
      'no cookie over https: the app does not believe X-Forwarded-Proto',
      'https 下没有设置 cookie：应用不信任 X-Forwarded-Proto',
    ),
    remedy: TRUST_PROXY_REMEDY,
  },
  trusts: bilingual('the app knows that browsers use https', '应用知道浏览器通过 https 访问'),
  trustUnknown: bilingual('cannot tell, because the cookie is not Secure', 'cookie 没有 Secure，无法判断'),
};
