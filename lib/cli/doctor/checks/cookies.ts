/** The session cookie of a login that was started: whether a browser keeps it, and sends it when it comes back from WeChat. */
import { failed, ok, skipped, warning, type Finding } from '../report/check-list';
import type { ReceivedCookie, Refusal } from '../probe/cookie-jar';
import { playsProxy, type Site } from '../probe/site';
import type { Login } from '../probe/login-probe';
import { bilingual, type Bilingual } from '../report/bilingual';

const SIGNATURE = '.sig';
const LIKELY = /^(?:__(?:Host|Secure)-)?(?:connect\.sid|.*sess.*|.*sid)$/i;

/** Those that hold the session, as far as names tell; else all. */
function sessionCookies({ reply }: Login): readonly ReceivedCookie[] {
  const set = reply.offered.filter(({ cookie }) => cookie.value !== '');
  const names = set.map(({ cookie }) => cookie.name).filter((name) => LIKELY.test(name));
  const likely = set.filter(({ cookie }) => names.includes(cookie.name.replace(SIGNATURE, '')));
  return likely.length > 0 ? likely : set;
}

export function isCookieMissing(login: Login): boolean {
  return sessionCookies(login).length === 0;
}

/** Why a browser does not bring it back. */
export function lossOf(login: Login): Refusal | 'strict' | undefined {
  for (const { cookie, refusal } of sessionCookies(login)) {
    if (refusal) return refusal;
    if (cookie.sameSite === 'strict') return 'strict';
  }
  return undefined;
}

export function checkCookies(site: Site, login: Login): Finding[] {
  return [
    checkKept(site, login),
    ...(isCookieMissing(login) ? [] : [checkSecure(site, login), checkSameSite(login), checkHttpOnly(login)]),
    ...checkTrust(site, login),
  ];
}

const REFUSED: Readonly<Record<Refusal, { readonly why: Bilingual; readonly remedy: Bilingual }>> = {
  secure: {
    why: bilingual('it is Secure, and the app is called over http', '带有 Secure，而应用通过 http 访问'),
    remedy: bilingual(
      'Serve the app over https, or leave `secure` out in development.',
      '请使用 https，或在开发环境去掉 secure。',
    ),
  },
  domain: {
    why: bilingual('its Domain is another one', '其 Domain 与当前域名不符'),
    remedy: bilingual(
      "Leave the session's `domain` out, or name the host of baseURL.",
      '请去掉会话的 domain，或填写 baseURL 的域名。',
    ),
  },
  prefix: {
    why: bilingual(
      'its name begins with __Host- or __Secure-, whose rules it breaks',
      '名称以 __Host- 或 __Secure- 开头，却不满足其规则',
    ),
    remedy: bilingual(
      'Make it Secure, with Path=/ and no Domain; or choose another name.',
      '请设置 Secure、Path=/ 且不带 Domain，或换个名称。',
    ),
  },
  none: {
    why: bilingual('it is SameSite=None without Secure', '为 SameSite=None 却没有 Secure'),
    remedy: bilingual("Use sameSite: 'lax'.", "请使用 sameSite: 'lax'。"),
  },
  size: {
    why: bilingual('it is larger than 4096 bytes', '超过 4096 字节'),
    remedy: bilingual(
      'Keep less in the session, or use express-session.',
      '请减少会话内容，或使用 express-session。',
    ),
  },
  expired: {
    why: bilingual('it has ended before it came', '到达时已过期'),
    remedy: bilingual(
      "Set the clock of the app's machine by NTP, and give the session a longer `maxAge` (in ms).",
      '请为应用所在机器校时（NTP），并延长会话的 maxAge（毫秒）。',
    ),
  },
};

/** As long as a login may take, in ms. */
const LOGIN_TIMEOUT = 10 * 60_000;

function checkKept(site: Site, login: Login): Finding {
  const id = 'session-cookie';
  const cookies = sessionCookies(login);
  if (cookies.length === 0)
    return failed(id, bilingual('the login set no cookie', '登录没有设置任何 cookie'), remedyForNone(site));
  const refused = cookies.find(({ refusal }) => refusal);
  if (refused?.refusal) {
    const { why, remedy } = REFUSED[refused.refusal];
    const { name } = refused.cookie;
    return failed(
      id,
      bilingual(`a browser drops ${name}: ${why.en}`, `浏览器会丢弃 ${name}：${why.zh}`),
      remedy,
    );
  }
  const names = cookies.map(({ cookie }) => cookie.name).filter((name) => !name.endsWith(SIGNATURE));
  const life = Math.min(...cookies.map(({ cookie }) => cookie.expires ?? Infinity)) - Date.now();
  if (life < LOGIN_TIMEOUT - 5_000)
    return warning(
      id,
      bilingual(
        `${names.join(', ')} lives for ${Math.round(life / 1000)} s, and a login may take ten minutes`,
        `${names.join('，')} 只保留 ${Math.round(life / 1000)} 秒，而登录最长可达十分钟`,
      ),
      bilingual(
        'Give the session a `maxAge` (in ms) of more than loginTimeout.',
        '请让会话的 maxAge（毫秒）大于 loginTimeout。',
      ),
    );
  return ok(id, bilingual(names.join(', '), names.join('，')));
}

/** Session middlewares set no Secure cookie where they believe that the browser came by http. */
function remedyForNone(site: Site): Bilingual {
  return site.public.protocol === 'https:'
    ? bilingual(
        'The app believes that browsers come by http, and so leaves its Secure cookie out: see Trust in the proxy.',
        '应用以为浏览器通过 http 访问，因而没有设置 Secure cookie：见「信任代理」。',
      )
    : bilingual(
        'Its session cookie is most likely `secure`, which is not set over http: serve the app over https, or leave `secure` out in development.',
        '会话 cookie 很可能带有 secure，而 http 下不会设置：请使用 https，或在开发环境去掉 secure。',
      );
}

function checkSecure(site: Site, login: Login): Finding {
  const id = 'cookie-secure';
  const isSecure = sessionCookies(login).every(({ cookie }) => cookie.secure);
  if (site.public.protocol !== 'https:')
    return skipped(id, bilingual('not asked for over http', 'http 下不作要求'));
  if (isSecure) return ok(id, bilingual('sent over https only', '只通过 https 发送'));
  return warning(
    id,
    bilingual('the cookie is sent over http too', 'cookie 也会通过 http 发送'),
    bilingual(
      "Set `secure: true` in production (behind a proxy, with app.set('trust proxy', 1)).",
      "请在生产环境设置 secure: true（代理之后还需 app.set('trust proxy', 1)）。",
    ),
  );
}

function checkSameSite(login: Login): Finding {
  const id = 'cookie-same-site';
  const modes = sessionCookies(login).map(({ cookie }) => cookie.sameSite);
  const lax = bilingual("Use sameSite: 'lax'.", "请使用 sameSite: 'lax'。");
  if (modes.includes('strict'))
    return failed(
      id,
      bilingual(
        'Strict: not sent when the browser comes back from WeChat, so every login is lost',
        'Strict：从微信返回时不会发送，每次登录都会丢失',
      ),
      lax,
    );
  if (modes.includes('none'))
    return warning(
      id,
      bilingual('None: sent with requests of every other site too', 'None：其他网站发起的请求也会带上'),
      lax,
    );
  return ok(
    id,
    modes.includes('lax')
      ? bilingual('Lax', 'Lax')
      : bilingual('not set: browsers take it for Lax', '未设置：浏览器按 Lax 处理'),
  );
}

function checkHttpOnly(login: Login): Finding {
  const id = 'cookie-http-only';
  if (sessionCookies(login).every(({ cookie }) => cookie.httpOnly))
    return ok(id, bilingual('out of reach of scripts', '脚本无法读取'));
  return warning(
    id,
    bilingual('scripts of the page can read the cookie', '页面脚本可以读取 cookie'),
    bilingual('Leave `httpOnly` at true, its default.', '请保持 httpOnly 为默认值 true。'),
  );
}

/** Only https before the app needs trust, and only a Secure cookie or a derived address shows whether it is there. */
function checkTrust(site: Site, login: Login): Finding[] {
  const id = 'trust-proxy';
  if (site.public.protocol !== 'https:') return [];
  const remedy = bilingual(
    "Express: app.set('trust proxy', 1). Connect: express-session with proxy: true. And let the proxy set X-Forwarded-Proto.",
    "Express：app.set('trust proxy', 1)；Connect：express-session 的 proxy: true。并让代理设置 X-Forwarded-Proto。",
  );
  if (login.redirectURI.startsWith(`http://${site.public.host}/`))
    return [
      failed(
        id,
        bilingual(
          'the app does not believe that browsers come by https',
          '应用不相信浏览器是通过 https 访问的',
        ),
        remedy,
      ),
    ];
  if (isCookieMissing(login))
    return [
      failed(
        id,
        bilingual(
          'no cookie over https: the app does not believe X-Forwarded-Proto',
          'https 下没有设置 cookie：应用不信任 X-Forwarded-Proto',
        ),
        remedy,
      ),
    ];
  if (sessionCookies(login).some(({ cookie }) => cookie.secure))
    return [ok(id, bilingual('the app knows that browsers come by https', '应用知道浏览器通过 https 访问'))];
  return playsProxy(site)
    ? [
        skipped(
          id,
          bilingual('cannot be seen while the cookie is not Secure', 'cookie 没有 Secure，无法判断'),
        ),
      ]
    : [];
}
