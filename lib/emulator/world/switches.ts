/** How WeChat behaves where its versions, clients or settings differ. Assign to a switch at any time. */
export interface EmulatorSwitches {
  /**
   * `ask` shows the consent page and, on the phone that scanned a QR code, the confirm page; `allow` and
   * `deny` press its button at once. The snapshot page has no such buttons: with both, its virtual user logs
   * in at once.
   *
   * @default 'ask'
   */
  consent: 'ask' | 'allow' | 'deny';
  /** `check`: the authorize page requires WeChat's User-Agent; `any`: it does not. @default 'check' */
  client: 'check' | 'any';
  /**
   * The result of a denial: no redirect (today's clients), a redirect with `state` alone
   * (WeChat's documentation), or one with `code=authdeny` (old clients). The QR code login never sends
   * `authdeny`.
   *
   * @default 'silent'
   */
  denial: 'silent' | 'state-only' | 'authdeny';
  /**
   * Whether the authorize page calls the app back twice, as on Android: with the same code, or with two
   * codes.
   *
   * @default 'off'
   */
  doubleCallback: 'off' | 'same-code' | 'different-codes';
  /**
   * Whether a person who has allowed an app is asked again. After a login, WeChat does not ask again for a
   * time that it does not document. `silent`: the person is not asked again, except with `forcePopup`.
   *
   * @default 'ask'
   */
  recentLogin: 'ask' | 'silent';
  /**
   * Which users see the snapshot page: those with `snapshot: true`, all or none. With `by-user`,
   * `forceSnapShot=true` in the address counts like `snapshot: true`.
   *
   * @default 'by-user'
   */
  snapshot: 'by-user' | 'always' | 'never';
  /**
   * Whether a virtual user's token response has `is_snapshotuser: 1`. Developers have seen responses without
   * it.
   *
   * @default true
   */
  snapshotFlag: boolean;
  /** Whether a virtual user's profile can be read. Some developers got 48001. @default 'ok' */
  snapshotUserinfo: 'ok' | 'unauthorized';
  /** The suffix of an errmsg: `rid` (today), `hints` (before 2021), or none (earlier). @default 'rid' */
  suffix: 'rid' | 'hints' | 'none';
  /**
   * Whether successful responses begin with `errcode: 0, errmsg: "ok"`, as in an example of the
   * documentation.
   *
   * @default false
   */
  errcodeZero: boolean;
  /** Whether every nickname has unescaped control characters. @default false */
  dirtyNicknames: boolean;
  /**
   * `false`: no response has a unionid, as if no app were bound to an Open Platform account.
   *
   * @default true
   */
  unionid: boolean;
  /**
   * Whether the documented order of the authorize page's parameters is required, or only recorded as a
   * warning.
   *
   * @default 'lenient'
   */
  parameterOrder: 'strict' | 'lenient';
  /**
   * The result of an authorize request without `state`: a callback with `state=`, one without it, or error
   * 10013. The QR code login always calls back with `state=`.
   *
   * @default 'empty'
   */
  missingState: 'empty' | 'absent' | 'refuse';
  /** The errcode for an expired authorization code. @default 40029 */
  expiredCode: 40029 | 42003;
  /** Whether an attempt with another app's AppID spends the code. @default false */
  burnOnMismatch: boolean;
  /** Whether an attempt with a wrong AppSecret spends the code. @default false */
  burnOnWrongSecret: boolean;
  /** Whether refreshing an expired access token also replaces the refresh token. @default false */
  refreshRotation: boolean;
  /** Whether a new login revokes the earlier refresh tokens of the same user and app. @default false */
  loginVoidsRefreshTokens: boolean;
  /** Whether a token of scope `snsapi_base` may read the profile; otherwise 48001. @default false */
  baseReadsUserinfo: boolean;
  /**
   * The result of `/sns/userinfo` with the openid of somebody else: errcode 40003 as documented, or the
   * profile of the token's user, as one client that sends a wrong openid has observed for years. A missing
   * openid is 41009.
   *
   * @default 'refuse'
   */
  foreignOpenid: 'refuse' | 'ignore';
  /**
   * Which `component_access_token` of a third-party platform is accepted: any text, or only tokens of
   * `/cgi-bin/component/api_component_token`. With both, an issued token is refused after its expiry and for
   * another platform.
   *
   * @default 'any'
   */
  componentToken: 'any' | 'issued';
  /** Makes every call of an API fail with -1 (busy) or 45011 (quota). @default 'none' */
  trouble: 'none' | 'busy' | 'quota';
  /** Whether APIs over plain http fail with 43003, as on WeChat's own host. @default false */
  requireHttps: boolean;
  /** HTTP status of a redirect to the app. After a button press it is always 303. @default 302 */
  redirectStatus: 301 | 302;
  /** How long a poll of the QR code page waits for a change, in ms of real time. @default 25000 */
  pollHold: number;
}

export const DEFAULT_SWITCHES: Readonly<EmulatorSwitches> = {
  consent: 'ask',
  client: 'check',
  denial: 'silent',
  doubleCallback: 'off',
  recentLogin: 'ask',
  snapshot: 'by-user',
  snapshotFlag: true,
  snapshotUserinfo: 'ok',
  suffix: 'rid',
  errcodeZero: false,
  dirtyNicknames: false,
  unionid: true,
  parameterOrder: 'lenient',
  missingState: 'empty',
  expiredCode: 40029,
  burnOnMismatch: false,
  burnOnWrongSecret: false,
  refreshRotation: false,
  loginVoidsRefreshTokens: false,
  baseReadsUserinfo: false,
  foreignOpenid: 'refuse',
  componentToken: 'any',
  trouble: 'none',
  requireHttps: false,
  redirectStatus: 302,
  pollHold: 25_000,
};
