/**
 * What a failure means. It is a closed list to switch on; docs/errors.md has the cause and the remedy of each
 * kind.
 *
 * @useDeclaredType
 */
export type WechatErrorKind = keyof typeof KINDS;

interface KindFacts {
  /** The HTTP status of the app's response. */
  readonly status: number;
  /** Whether the same call may succeed a little later. */
  readonly retryable: boolean;
  readonly remedy: WechatRemedy;
}

/** What to do about an error, for the developer, in both languages. */
export interface WechatRemedy {
  /** In English. */
  readonly en: string;
  /** 中文。 */
  readonly zh: string;
}

const KINDS = {
  /** WeChat is overloaded (errcode -1), or this process is. */
  busy: fact(
    503,
    true,
    'WeChat, or this process, is busy: try again a little later.',
    '微信或本进程繁忙，请稍后再试。',
  ),
  /** WeChat rejected the access token. */
  token_invalid: fact(
    401,
    false,
    'Refresh the token, or let the user log in again.',
    '请刷新 token，或让用户重新登录。',
  ),
  /** The openid does not belong to this app or token. */
  openid_invalid: fact(
    400,
    false,
    'Use an openid of this app: each app has its own.',
    '请使用属于本应用的 openid：每个应用的 openid 各不相同。',
  ),
  /** WeChat does not accept the credentials: AppID, AppSecret, IP address or third-party platform. */
  credentials: fact(
    500,
    false,
    'Compare AppID and AppSecret with those in the WeChat console. A reset invalidates the old secret at once.',
    '请与微信后台核对 AppID 与 AppSecret；重置后旧的 AppSecret 立即失效。',
  ),
  /** The code is unknown, expired, or from another app. */
  code_invalid: fact(
    400,
    false,
    'A code is valid for 5 minutes (website app: 10), and for one app: start the login again.',
    'code 5 分钟内有效（网站应用为 10 分钟），且只属于一个应用：请重新发起登录。',
  ),
  /** The code was already exchanged. */
  code_used: fact(
    400,
    false,
    'A code works once: start the login again.',
    'code 只能使用一次：请重新发起登录。',
  ),
  /** The refresh token is missing, expired or revoked. */
  reauthorize: fact(
    401,
    false,
    'The user must log in again: the refresh token is missing, expired or revoked.',
    '请让用户重新登录：refresh_token 缺失、过期或已失效。',
  ),
  /** A permission is missing. */
  scope: fact(
    403,
    false,
    'Request scope snsapi_userinfo (website app: snsapi_login), and check that the account has this permission.',
    '请使用 snsapi_userinfo（网站应用为 snsapi_login）授权，并确认账号拥有该接口权限。',
  ),
  /** The quota is used up. */
  rate_limit: fact(
    503,
    true,
    'The quota of this interface is used up: wait a minute, and call it less often.',
    '请稍后再试，并降低调用频率。',
  ),
  /** WeChat has restricted this user. */
  user_limited: fact(
    403,
    false,
    'WeChat has restricted this user. Only the user can remove the restriction, in WeChat.',
    '只能由用户本人在微信内解除限制。',
  ),
  /** WeChat returned an errcode that it does not list for web login. */
  unknown: fact(
    502,
    false,
    "Look up the errcode in WeChat's list of global return codes.",
    '请在微信官方的全局返回码列表中查询该错误码。',
  ),
  /** No complete response within `http.timeout`. */
  timeout: fact(
    504,
    true,
    'WeChat did not respond in time: try again, and check DNS, proxy and firewall of this machine.',
    '请重试，并检查本机到微信的网络（DNS、代理、防火墙）。',
  ),
  /** WeChat could not be reached. */
  network: fact(
    502,
    true,
    'WeChat was not reached: check DNS, proxy and firewall of this machine.',
    '请检查本机的 DNS、代理与防火墙。',
  ),
  /** The response is not WeChat's, or not complete. */
  bad_answer: fact(
    502,
    true,
    "The response is not WeChat's, or not complete: check `endpoints`, and the gateway or proxy in between.",
    '请检查 endpoints，以及中间的网关或代理。',
  ),
  /** No token is saved for this openid. */
  no_token: fact(401, false, 'Let the user log in first.', '请先让用户登录授权。'),
  /** The token store failed. */
  token_store: fact(
    503,
    true,
    'Check the token store (getToken, saveToken or tokenStore), then try again.',
    '请检查 token 存储（getToken、saveToken 或 tokenStore），然后重试。',
  ),
  /** Mini program data cannot be decrypted. */
  decryption: fact(
    400,
    false,
    'Use the session key of the newest wx.login, and encryptedData and iv of the same call.',
    '请使用最近一次 wx.login 的 session_key，以及同一次调用返回的 encryptedData 与 iv。',
  ),
  /** An option is wrong. */
  config: fact(500, false, 'Correct the options that the message names.', '请更正错误信息中列出的配置。'),
  /** There is no session, or its store failed. */
  session_missing: fact(
    500,
    false,
    'Mount cookie-session or express-session before wechatAuth(). If it is mounted, check its store, its ' +
      '`cookie.path`, and whether the app has ended the session.',
    '请在 wechatAuth() 之前挂载 cookie-session 或 express-session；若已挂载，请检查会话存储和 cookie.path，以及应用是否结束了会话。',
  ),
  /** This app did not start this login, or no longer waits for it. */
  state_unknown: fact(
    400,
    false,
    'Start the login again, in the browser that should be logged in.',
    '请在需要登录的浏览器中重新发起登录。',
  ),
  /** The user refused, or the callback has no code. */
  access_denied: fact(
    403,
    false,
    'The user refused the login, or the callback has no code: offer the login again.',
    '可以再次提供登录入口。',
  ),
  /** The session cookie was lost twice. */
  login_loop: fact(
    400,
    false,
    'The browser does not keep the session cookie: check the session middleware, a `secure` cookie over http, ' +
      '`trust proxy`, and that login and callback share one host.',
    '请检查 session 中间件、http 下的 secure cookie、trust proxy，' + '以及登录与回调是否使用同一域名。',
  ),
  /** `onLogin`, or the `check` of `scanLogin`, refused the user. */
  login_refused: fact(
    403,
    false,
    'If the user should pass, check onLogin and the check of scanLogin; an error that it threw is the cause. ' +
      'To tell the user why, use onError.',
    '若不应拒绝，请检查 onLogin 或 scanLogin.check；它抛出的错误在 cause 里。要让用户看到原因，请用 onError。',
  ),
  /** `onLogin` has a bug: it threw something else, or did not settle within 20 s. */
  login_failed: fact(
    500,
    false,
    'Correct onLogin: its error is the cause, and the console shows its stack. To refuse a user, let it throw ' +
      'an error with `refuse: true`, or with a `status` from 400 to 499.',
    '请修复 onLogin：它抛出的错误在 cause 里，调用栈见控制台。若要拒绝用户，请抛出带有 refuse: true 或 status 为 400–499 的错误。',
  ),
  /** A virtual user of WeChat's snapshot page. */
  snapshot_user: fact(
    403,
    false,
    'This is a virtual account of the snapshot page. To log in, the user taps 「使用完整服务」 on that page.',
    '请用户点击「使用完整服务」后再登录。',
  ),
  /** `identity: 'unionid'` is set, but there is no unionid. */
  unionid_missing: fact(
    500,
    false,
    'Bind the app to an account at open.weixin.qq.com (管理中心 > 公众号, 网站应用 or 移动应用), a mini program at ' +
      'developers.weixin.qq.com/platform (我的业务 > 开放平台 > 绑定关系 > 小程序). An official account must also ' +
      'request snsapi_userinfo.',
    '请在微信开放平台「管理中心」的「公众号」「网站应用」或「移动应用」中，把该应用绑定到开放平台账号；' +
      '小程序请在微信开发者平台「我的业务 > 开放平台 > 绑定关系 > 小程序」绑定；服务号还须使用 snsapi_userinfo 授权。',
  ),
  /** No user is logged in. */
  unauthenticated: fact(401, false, 'Log in first.', '请先登录。'),
  /** `check` refused the user, or another site sent the request. */
  forbidden: fact(
    403,
    false,
    'To let the user pass, `check` must return true. If another site sent the request, ' +
      'send it from a page of this site.',
    '若应放行，check 须返回 true；若请求来自其他网站，请从本站页面发起。',
  ),
} as const satisfies Record<string, KindFacts>;

function fact(status: number, retryable: boolean, en: string, zh: string): KindFacts {
  return { status, retryable, remedy: { en, zh } };
}

/** Every kind, in the order of the documentation. */
export const ERROR_KINDS = Object.keys(KINDS) as readonly WechatErrorKind[];

/** The address of a page of the documentation, in both languages. */
export function docsPage(page: string): WechatRemedy {
  const docs = 'https://github.com/express-wechat-auth/express-wechat-auth/blob/main/docs/';
  return { en: docs + page, zh: `${docs}zh-CN/${page}` };
}

/** Two lines that lead from a message in English to these pages, in both languages. */
export function helpLines(...pages: string[]): string {
  const found = pages.map(docsPage);
  return `\nHelp: ${found.map(({ en }) => en).join(' ')}\n中文说明：${found.map(({ zh }) => zh).join(' ')}`;
}

const BRAND = Symbol.for('express-wechat-auth.error');

interface ErrorDetails {
  readonly cause?: unknown;
  /** Replaces the status of the kind, if it is a whole number from 400 to 599. */
  readonly status?: number;
}

/**
 * The base of every error that this package throws: a {@link WeChatAPIError} if WeChat responded with an
 * errcode, otherwise a {@link WechatAuthError}. Message, properties and cause hold no secret of WeChat's, no
 * code and no token; but a cause that the app itself threw is left as it is. If a store of the app fails,
 * they quote its error, which may hold secrets of the app's database.
 *
 * @example
 * try {
 *   console.log(await oauth.getUser(openid));
 * } catch (error) {
 *   if (!isWechatError(error) || error.kind !== 'reauthorize') throw error;
 *   console.log('The user must log in again.');
 * }
 */
export abstract class WechatError extends Error {
  /** What the error means; see {@link WechatErrorKind}. */
  readonly kind: WechatErrorKind;
  /** WeChat's errcode, a number; without one, `ERR_WECHAT_` and the kind in capitals. */
  abstract readonly code: number | string;
  /** The HTTP status for the app's response: usually that of the kind. */
  readonly status: number;
  /**
   * Whether the same call may succeed later. Do not send the same authorization code again, which may be used
   * up.
   */
  readonly retryable: boolean;
  /** The address of the page that explains this kind. */
  readonly help: string;

  static {
    nameInstances(this, 'WechatError');
  }

  constructor(kind: WechatErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.kind = kind;
    this.status = isErrorStatus(details.status) ? details.status : KINDS[kind].status;
    // A session store that failed may work again later, as its status says.
    this.retryable = KINDS[kind].retryable || this.status === 503;
    this.help = docsPage(`errors.md#${kind}`).en;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** What to do about the error, in English and Chinese. */
  get remedy(): { readonly en: string; readonly zh: string } {
    return hasStoreFailed(this) ? STORE_REMEDY : KINDS[this.kind].remedy;
  }

  /** The properties that are safe and useful in a log: no stack, no cause. */
  toJSON(): Record<string, unknown> {
    const { name, message, kind, status, retryable, help, code } = this;
    return { name, message, kind, status, retryable, help, code };
  }
}

/** An app may create an error itself. Node cannot send every number as a status. */
function isErrorStatus(status: number | undefined): status is number {
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599;
}

/** Whether a `session_missing` means that the store of the session failed. */
export function hasStoreFailed({ kind, status }: Pick<WechatError, 'kind' | 'status'>): boolean {
  return kind === 'session_missing' && status === 503;
}

const STORE_REMEDY: WechatRemedy = {
  en: 'Check the session store, then try again.',
  zh: '请检查会话存储，然后重试。',
};

/** Gives an error a remedy of its own, in place of that of its kind. */
export function withRemedy<E extends WechatError>(error: E, remedy: WechatRemedy): E {
  return Object.defineProperty(error, 'remedy', { value: remedy });
}

/**
 * An error that has no errcode of WeChat's, such as a failed call, a wrong option, a missing session, a
 * failed login or a failed token store.
 */
export class WechatAuthError extends WechatError {
  /** `ERR_WECHAT_` and the kind in capitals, such as `ERR_WECHAT_SESSION_MISSING`. */
  readonly code: string;

  static {
    nameInstances(this, 'WechatAuthError');
  }

  constructor(kind: WechatErrorKind, message: string, details?: ErrorDetails) {
    super(kind, message, details);
    this.code = `ERR_WECHAT_${kind.toUpperCase()}`;
  }
}

/**
 * Kind `no_token`: no token is saved for this openid. Kind `config`: the app gave no openid. Name and message
 * are those of wechat-oauth.
 */
export class NoOAuthTokenError extends WechatAuthError {
  static {
    nameInstances(this, 'NoOAuthTokenError');
  }

  constructor(openid: string) {
    const message = `No token for ${openid}, please authorize first.`;
    // With the kind `no_token`, an app would log such users in again and again.
    if (['', 'null', 'undefined'].includes(openid)) super('config', `${message} The app gave no openid.`);
    else super('no_token', message);
  }
}

/**
 * WeChat responded with an errcode (全局返回码). Name and numeric `code` are those of wechat-oauth. The message
 * holds WeChat's errmsg and the remedy.
 */
export class WeChatAPIError extends WechatError {
  /** WeChat's errcode. */
  readonly code: number;
  /** WeChat's errmsg. Secrets that it echoes are masked. */
  readonly errmsg: string;
  /** WeChat's id of this request, for its support. */
  readonly rid: string | undefined;

  static {
    nameInstances(this, 'WeChatAPIError');
  }

  constructor(errcode: number, errmsg: string) {
    const kind = kindOfErrcode(errcode);
    const { en, zh } = remedyOf(errcode, kind);
    super(kind, `${errmsg || 'WeChat gave no reason'} (errcode ${errcode}). ${en} ${zh}`);
    this.code = errcode;
    this.errmsg = errmsg;
    this.rid = RID.exec(errmsg)?.[1];
  }

  override get remedy(): { readonly en: string; readonly zh: string } {
    return remedyOf(this.code, this.kind);
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), errmsg: this.errmsg, rid: this.rid };
  }
}

/**
 * The id of a request in an errmsg: `, rid: …` since 2021; before that `, hints: [ req_id: … ]`; at first
 * `hint: [ … ]`.
 */
const RID = /(?:\brid:|\breq_id:|\bhint: \[)\s*([\w-]+)/;

/**
 * A Map, because wrapper() may get an errcode that is a string. In a plain object, `constructor` would be
 * found on the prototype.
 */
const KIND_OF_ERRCODE = mapOf<WechatErrorKind>({
  [-1]: 'busy',
  40001: 'token_invalid',
  40002: 'credentials',
  40003: 'openid_invalid',
  40013: 'credentials',
  40014: 'token_invalid',
  40029: 'code_invalid',
  40030: 'reauthorize',
  40125: 'credentials',
  40163: 'code_used',
  40164: 'credentials',
  40226: 'user_limited',
  40243: 'credentials',
  41001: 'token_invalid',
  41002: 'credentials',
  41003: 'reauthorize',
  41004: 'credentials',
  41008: 'code_invalid',
  41009: 'openid_invalid',
  41018: 'credentials',
  42001: 'token_invalid',
  42002: 'reauthorize',
  42003: 'code_invalid',
  42006: 'credentials',
  42007: 'reauthorize',
  45009: 'rate_limit',
  45011: 'rate_limit',
  48001: 'scope',
  50001: 'user_limited',
  50002: 'user_limited',
  61003: 'credentials',
  61004: 'credentials',
  61007: 'credentials',
});

const IP_LIST: WechatRemedy = {
  en:
    "Add this machine's public IP address to the account's list of allowed addresses (API IP 白名单) " +
    'in the WeChat console.',
  zh: '请在微信后台把本机的公网 IP 加入该账号的 API IP 白名单。',
};

const PLATFORM_TOKEN: WechatRemedy = {
  en:
    'Check `component`: its appId, and that its accessToken() returns a component_access_token ' +
    'that has not expired.',
  zh: '请检查 component 配置：appId 是否正确，accessToken() 返回的 component_access_token 是否仍然有效。',
};

/** Remedies for single errcodes, more precise than that of their kind. */
const REMEDY_OF_ERRCODE = mapOf<WechatRemedy>({
  40164: IP_LIST,
  40243: {
    en: 'The AppSecret is frozen. Unfreeze it in the WeChat console, or reset it.',
    zh: 'AppSecret 已被冻结：请在微信后台解冻或重置。',
  },
  41018: PLATFORM_TOKEN,
  42006: PLATFORM_TOKEN,
  61003: {
    en: "The account has not authorized the third-party platform. Let the account's administrator authorize it.",
    zh: '该账号未授权给第三方平台：请由账号管理员重新授权。',
  },
  61004: IP_LIST,
  61007: {
    en: 'The account has not granted web authorization to the third-party platform. Let its administrator grant it.',
    zh: '该账号未把网页授权权限集授予第三方平台：请由账号管理员补充授权。',
  },
});

function remedyOf(errcode: number, kind: WechatErrorKind): WechatRemedy {
  return REMEDY_OF_ERRCODE.get(String(errcode)) ?? KINDS[kind].remedy;
}

function mapOf<T>(byErrcode: Readonly<Record<number, T>>): ReadonlyMap<string, T> {
  return new Map(Object.entries(byErrcode));
}

/** The kind of an errcode of WeChat's; `unknown` if it is not in the table above. */
export function kindOfErrcode(errcode: number): WechatErrorKind {
  return KIND_OF_ERRCODE.get(String(errcode)) ?? 'unknown';
}

/**
 * Whether an error was made by this package. Unlike `instanceof`, it recognizes errors of other copies of the
 * package, too.
 */
export function isWechatError(error: unknown): error is WechatError {
  return typeof error === 'object' && error !== null && BRAND in error;
}

/** Whether WeChat responded with an errcode. Then `code` is a number. */
export function isWeChatAPIError(error: unknown): error is WeChatAPIError {
  return isWechatError(error) && error.name === 'WeChatAPIError';
}

/** Whether it is an error without an errcode. Then `code` is a string. */
export function isWechatAuthError(error: unknown): error is WechatAuthError {
  return isWechatError(error) && typeof error.code === 'string';
}

/**
 * Sets the name on the prototype. As a property of each error it would be printed twice in logs; taken from
 * the class, a minifier could change it.
 */
function nameInstances(errorClass: { readonly prototype: Error }, name: string): void {
  Object.defineProperty(errorClass.prototype, 'name', { value: name, configurable: true, writable: true });
}
