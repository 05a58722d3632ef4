/**
 * Why a browser comes back from WeChat without the session in which its login started: one row for each
 * cause. The running app names the cause that fits, on the console and on its error page; the doctor reports
 * the same causes before a login is lost.
 */
import type { Bilingual } from '../../../bilingual';
import { printable } from '../../../printable';
import type { WarningCode } from '../../../warnings';
import type { CookieRefusal } from '../../http/browser-cookies';

export interface Cause {
  /** The console names each cause once. */
  readonly id: string;
  readonly warning: WarningCode;
  /**
   * A clause: "the session cookie is `secure`, and …". The Chinese one has no colon, because the console and
   * the doctor put it after one.
   */
  readonly what: Bilingual;
  /** Sentences. */
  readonly remedy: Bilingual;
}

function cause(id: string, warning: WarningCode, what: Bilingual, remedy: Bilingual): Cause {
  return { id, warning, what, remedy };
}

/** Names, paths and hosts come from requests: they are cut, and their control characters replaced. */
function shortened(text: string): string {
  return printable(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

function quoted(text: string): string {
  return JSON.stringify(shortened(text));
}

export const TRUST_PROXY_REMEDY: Bilingual = {
  en:
    "Express: app.set('trust proxy', 1). Connect: express-session with proxy: true. " +
    'The proxy must set X-Forwarded-Proto.',
  zh:
    "Express：app.set('trust proxy', 1)；Connect：express-session 的 proxy: true。" +
    '代理须设置 X-Forwarded-Proto。',
};

const LAX: Bilingual = { en: "Use sameSite: 'lax'.", zh: "请使用 sameSite: 'lax'。" };

/**
 * The words for the cookie. The doctor gives its name instead. The Chinese words begin with a Chinese
 * character and end in a Latin letter, because a space separates these two scripts.
 */
const SESSION_COOKIE: Bilingual = { en: 'the session cookie', zh: '会话 cookie' };

function dropped(cookie: Bilingual, { en, zh }: Bilingual): Bilingual {
  return { en: `a browser drops ${cookie.en}: ${en}`, zh: `浏览器会丢弃${cookie.zh}，因为${zh}` };
}

export const CAUSES = {
  /**
   * A `secure` cookie and http: the session middleware does not set the cookie if the request came over http,
   * and browsers do not send it to an http: address.
   */
  secure: {
    overHTTP: (cookie = SESSION_COOKIE) =>
      cause(
        'secure-over-http',
        'WECHAT_COOKIE_SECURE',
        dropped(cookie, {
          en: 'it is `secure`, and browsers use http for this app',
          zh: '它带有 secure，而应用通过 http 访问',
        }),
        {
          en: 'Serve the app over https, or leave `secure` out in development.',
          zh: '请使用 https，或在开发环境去掉 secure。',
        },
      ),
    untrustedProxy: () =>
      cause(
        'secure-untrusted-proxy',
        'WECHAT_COOKIE_SECURE',
        {
          en:
            'the session cookie is `secure`, and the app does not trust the proxy, which says that the browser ' +
            'used https (X-Forwarded-Proto)',
          zh: '会话 cookie 带有 secure，而应用不信任代理（X-Forwarded-Proto 表明浏览器使用了 https）',
        },
        TRUST_PROXY_REMEDY,
      ),
    silentProxy: () =>
      cause(
        'secure-silent-proxy',
        'WECHAT_COOKIE_SECURE',
        {
          en:
            'the session cookie is `secure` and baseURL is https:, but the request came over http, and no proxy ' +
            'says in X-Forwarded-Proto that the browser used https',
          zh:
            '会话 cookie 带有 secure，baseURL 为 https，但请求通过 http 到达，' +
            '也没有代理用 X-Forwarded-Proto 表明浏览器使用了 https',
        },
        {
          en:
            'Let the proxy that ends TLS set X-Forwarded-Proto: https ' +
            '(nginx: proxy_set_header X-Forwarded-Proto https;), and let the app trust the proxy. ' +
            "Express: app.set('trust proxy', 1). Connect: express-session with proxy: true.",
          zh:
            '请让终止 TLS 的代理设置 X-Forwarded-Proto: https' +
            '（nginx：proxy_set_header X-Forwarded-Proto https;），并让应用信任代理。' +
            "Express：app.set('trust proxy', 1)；Connect：express-session 的 proxy: true。",
        },
      ),
    callbackOverHTTP: () =>
      cause(
        'secure-callback-over-http',
        'WECHAT_COOKIE_SECURE',
        {
          en: 'the session cookie is `secure`, and WeChat sends the browser back to an http: address',
          zh: '会话 cookie 带有 secure，而微信回调的是 http 地址',
        },
        { en: 'Write baseURL with https:.', zh: '请将 baseURL 写成 https:。' },
      ),
  },

  // Options of the cookie with which browsers drop it, or do not send it to the callback.
  sameSiteStrict: (cookie = SESSION_COOKIE) =>
    cause(
      'same-site-strict',
      'WECHAT_COOKIE_SAME_SITE',
      {
        en: `${cookie.en} is SameSite=Strict: browsers do not send it when WeChat redirects back`,
        zh: `${cookie.zh} 为 SameSite=Strict，浏览器从微信返回时不会发送它`,
      },
      LAX,
    ),
  sameSiteNone: (cookie = SESSION_COOKIE) =>
    cause(
      'same-site-none',
      'WECHAT_COOKIE_SAME_SITE',
      dropped(cookie, {
        en: 'it is SameSite=None without Secure',
        zh: '它是 SameSite=None，却没有 Secure',
      }),
      LAX,
    ),
  prefix: (cookie = SESSION_COOKIE) =>
    cause(
      'prefix',
      'WECHAT_COOKIE_PREFIX',
      dropped(cookie, {
        en: 'its name begins with __Host- or __Secure-, and it breaks the rules of these prefixes',
        zh: '它的名称以 __Host- 或 __Secure- 开头，却不满足其规则',
      }),
      {
        en: 'Make it Secure, for __Host- also with Path=/ and without a Domain; or choose another name.',
        zh: '请设置 Secure（__Host- 还须 Path=/ 且不带 Domain），或换个名称。',
      },
    ),
  domain: ({ domain, host }: { readonly domain: string; readonly host: string }, cookie = SESSION_COOKIE) =>
    cause(
      'domain',
      'WECHAT_COOKIE_DOMAIN',
      dropped(cookie, {
        en: `its Domain does not match the host of the app (${quoted(domain)} and ${quoted(host)})`,
        zh: `它的 Domain 与当前域名不符（${quoted(domain)} 与 ${quoted(host)}）`,
      }),
      {
        en: "Leave the session's `domain` out, or set it to the host of baseURL.",
        zh: '请去掉会话的 domain，或填写 baseURL 的域名。',
      },
    ),
  path: ({ path, callback }: { readonly path: string; readonly callback: string }, cookie = SESSION_COOKIE) =>
    cause(
      'path',
      'WECHAT_COOKIE_PATH',
      {
        en: `browsers do not send ${cookie.en} to ${shortened(callback)}: its Path is ${shortened(path)}`,
        zh: `浏览器不会把${cookie.zh} 发送到 ${shortened(callback)}，因为它的 Path 是 ${shortened(path)}`,
      },
      {
        en:
          "Set the session's `path` to '/', its default; or to a path that the callback route begins with, " +
          'as browsers see it.',
        zh: "请将会话的 path 设为默认值 '/'，或设为浏览器所见回调地址的上级路径。",
      },
    ),
  maxAge: ({ ms }: { readonly ms: number }, cookie = SESSION_COOKIE) =>
    cause(
      'max-age',
      'WECHAT_COOKIE_MAX_AGE',
      {
        en: `${cookie.en} lives for ${Math.round(ms) / 1000} s, and a login may take longer`,
        zh: `${cookie.zh} 只保留 ${Math.round(ms) / 1000} 秒，而登录可能需要更久`,
      },
      {
        en: 'Give the session a `maxAge` (in ms) that is longer than `loginTimeout`.',
        zh: '请让会话的 maxAge（毫秒）大于 loginTimeout。',
      },
    ),
  size: (cookie = SESSION_COOKIE) =>
    cause(
      'size',
      'WECHAT_COOKIE_SIZE',
      dropped(cookie, { en: 'it is larger than 4096 bytes', zh: '它超过 4096 字节' }),
      {
        en: 'Keep less in the session, or use express-session.',
        zh: '请减少会话内容，或使用 express-session。',
      },
    ),
  expired: (cookie = SESSION_COOKIE) =>
    cause(
      'expired',
      'WECHAT_COOKIE_MAX_AGE',
      dropped(cookie, { en: 'it had expired before it arrived', zh: '它到达时已过期' }),
      {
        en: "Synchronize the clock of the app's machine by NTP, and give the session a longer `maxAge` (in ms).",
        zh: '请为应用所在机器校时（NTP），并延长会话的 maxAge（毫秒）。',
      },
    ),

  // The browser sent the cookie, but not as the app had set it, or the app did not accept it.
  signature: ({ name }: { readonly name: string }) =>
    cause(
      'signature',
      'WECHAT_COOKIE_SIGNATURE',
      {
        en: `the session cookie ${quoted(name)} arrived without its signature, the cookie ${quoted(`${name}.sig`)}`,
        zh: `会话 cookie ${quoted(name)} 到达时缺少签名 cookie ${quoted(`${name}.sig`)}`,
      },
      {
        en: 'Find the proxy, CDN or code that removes the second cookie, and let both cookies pass.',
        zh: '请检查是哪个代理、CDN 或代码去掉了第二个 cookie，并让两个 cookie 都通过。',
      },
    ),
  sameName: ({ name }: { readonly name: string }) =>
    cause(
      'same-name',
      'WECHAT_COOKIE_NAME',
      {
        en:
          `another cookie has the name of the session cookie, ${quoted(name)}: another app on this host or on a ` +
          'parent domain sets it, or this app set it earlier with another path or domain',
        zh: `有另一个 cookie 与会话 cookie 同名（${quoted(name)}），由同域名或上级域名的其他应用设置，或是本应用过去以其他 path、domain 设置的`,
      },
      {
        en: "Give the session cookie a name of its own (the session's option `name`).",
        zh: '请给会话 cookie 起一个独有的名称（会话的 name 选项）。',
      },
    ),
  replaced: ({ name }: { readonly name: string }) =>
    cause(
      'replaced',
      'WECHAT_COOKIE_NAME',
      {
        en:
          `the browser came back with another value of the session cookie ${quoted(name)}, whose session does not ` +
          'exist: another app on this host or on a parent domain set a cookie of that name, or this app logged the ' +
          'user out during the login',
        zh: `浏览器带回的会话 cookie ${quoted(name)} 已换成别的值，对应的会话不存在，可能是同域名或上级域名的其他应用设置了同名 cookie，或是本应用在登录期间让用户退出了`,
      },
      {
        en: "Give the session cookie a name of its own (the session's option `name`). A logout needs no change.",
        zh: '请给会话 cookie 起一个独有的名称（会话的 name 选项）；若是用户退出所致，无需处理。',
      },
    ),
  gone: () =>
    cause(
      'session-gone',
      'WECHAT_SESSION_GONE',
      {
        en: 'the browser sent the session cookie, but its session was gone',
        zh: '浏览器带回了会话 cookie，但会话内容已丢失',
      },
      {
        en:
          'Several processes need one session store (not MemoryStore) and one session key, ' +
          'which a restart must not change.',
        zh: '多进程须共用同一个会话存储（不要用 MemoryStore）和同一个会话密钥，重启后也不能变。',
      },
    ),

  /** How the browser comes to the callback. */
  navigation: {
    otherHost: ({ from, to }: { readonly from: string; readonly to: string }) =>
      cause(
        'other-host',
        'WECHAT_OTHER_HOST',
        {
          en:
            `the login started at ${quoted(from)}, but WeChat sent the browser back to ${quoted(to)}, ` +
            'where the session cookie is not sent',
          zh: `登录从 ${quoted(from)} 发起，微信却回调到 ${quoted(to)}，而不同的域名不会收到会话 cookie`,
        },
        {
          en: 'Redirect all pages to one host, make the proxy pass the Host header on, or correct baseURL.',
          zh: '请把所有页面重定向到同一域名、让代理转发 Host 头，或更正 baseURL。',
        },
      ),
    hostOfOtherAccount: ({ from, to }: { readonly from: string; readonly to: string }) =>
      cause(
        'host-of-other-account',
        'WECHAT_OTHER_HOST',
        {
          en:
            `the login started at ${quoted(from)}, but baseURL made WeChat send the browser back to ${quoted(to)}, ` +
            'which has another account',
          zh: `登录从 ${quoted(from)} 发起，微信却按 baseURL 回调到 ${quoted(to)}，而那里是另一个账号`,
        },
        {
          en:
            'If the option `account` chooses by host, remove `baseURL` and WECHAT_BASE_URL: the address then comes ' +
            'from the request.',
          zh: '如果 account 按域名选择账号，请去掉 baseURL 和 WECHAT_BASE_URL，地址会从请求中得到。',
        },
      ),
    frame: () =>
      cause(
        'frame',
        'WECHAT_FRAME',
        {
          en:
            'the login ran in a frame (iframe), where browsers do not send the session cookie ' +
            'after WeChat redirects back',
          zh: '登录在框架（iframe）中进行，从微信返回时浏览器不会在其中发送会话 cookie',
        },
        {
          en:
            'Open the login in the whole window: <a href="/login" target="_top">; ' +
            'for the embedded QR code, self_redirect: false.',
          zh: '请在整个窗口中打开登录：<a href="/login" target="_top">；内嵌二维码请用 self_redirect: false。',
        },
      ),
    untrustedProxy: () =>
      cause(
        'untrusted-proxy',
        'WECHAT_TRUST_PROXY',
        {
          en: 'the app does not trust the proxy (`trust proxy`), which says that the browser used https',
          zh: '代理表明浏览器使用了 https，而应用不信任代理（没有设置 trust proxy）',
        },
        {
          en: "Call app.set('trust proxy', 1), and set baseURL.",
          zh: "请 app.set('trust proxy', 1)，并设置 baseURL。",
        },
      ),
  },
} as const;

/**
 * The cause for the rule of browsers that a session cookie breaks.
 *
 * @param cookie the words for the cookie
 */
export function refusalCause(
  refusal: CookieRefusal,
  where: { readonly domain: string; readonly host: string },
  cookie?: Bilingual,
): Cause {
  switch (refusal) {
    case 'secure':
      return CAUSES.secure.overHTTP(cookie);
    case 'domain':
      return CAUSES.domain(where, cookie);
    case 'prefix':
      return CAUSES.prefix(cookie);
    case 'none':
      return CAUSES.sameSiteNone(cookie);
    case 'size':
      return CAUSES.size(cookie);
    case 'expired':
      return CAUSES.expired(cookie);
  }
}
