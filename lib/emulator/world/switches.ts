/** WeChat's moods. A plain object, read at each request: change it at any time. */
export interface EmulatorSwitches {
  /** The consent page: shown, or answered at once with a redirect or a refusal. @default 'ask' */
  consent: 'ask' | 'allow' | 'deny';
  /** `check`: authorize wants WeChat's User-Agent, as WeChat does; `any` takes every browser for WeChat. @default 'check' */
  client: 'check' | 'any';
  /**
   * What a refusal brings: no redirect (today's clients), only `state` (the documentation), or `code=authdeny` (old
   * clients; never on the QR login). @default 'silent'
   */
  denial: 'silent' | 'state-only' | 'authdeny';
  /** Android calls back twice, with one code or with two. @default 'off' */
  doubleCallback: 'off' | 'same-code' | 'different-codes';
  /**
   * Whether a person who once allowed an app is asked again. WeChat asks nobody twice within some time that it does not
   * tell; `silent`: never again, but with `forcePopup`. @default 'ask'
   */
  recentLogin: 'ask' | 'silent';
  /** Who is shown the snapshot page: the users marked so, everybody, nobody. @default 'by-user' */
  snapshot: 'by-user' | 'always' | 'never';
  /** Whether the token answer of a virtual user says `is_snapshotuser: 1`; it has been seen missing. @default true */
  snapshotFlag: boolean;
  /** The profile of a virtual user: given, or 48001 as some have seen. @default 'ok' */
  snapshotUserinfo: 'ok' | 'unauthorized';
  /** What follows an errmsg: the rid of today, the hints of before 2021, or nothing. @default 'rid' */
  suffix: 'rid' | 'hints' | 'none';
  /** Puts `errcode: 0, errmsg: "ok"` before the fields of a success, as an example in the documentation does. @default false */
  errcodeZero: boolean;
  /** Gives everybody a nickname with raw control characters. @default false */
  dirtyNicknames: boolean;
  /** `false`: no account is bound to the Open Platform, no unionid anywhere. @default true */
  unionid: boolean;
  /** Whether authorize insists on the documented order of parameters; lenient: it only warns. @default 'lenient' */
  parameterOrder: 'strict' | 'lenient';
  /** A login without `state` calls back with `state=`, without it, or sees error 10013. @default 'empty' */
  missingState: 'empty' | 'absent' | 'refuse';
  /** What an expired code answers. @default 40029 */
  expiredCode: 40029 | 42003;
  /** Whether a code shown with another app's id is spent by that. @default false */
  burnOnMismatch: boolean;
  /** Whether a code shown with a wrong secret is spent by that. @default false */
  burnOnWrongSecret: boolean;
  /** Whether refreshing an expired access token also changes the refresh token. @default false */
  refreshRotation: boolean;
  /** Whether a new login voids the refresh tokens of the same user and app. @default false */
  loginVoidsRefreshTokens: boolean;
  /** Whether a `snsapi_base` token reads the profile instead of 48001. @default false */
  baseReadsUserinfo: boolean;
  /** Every `/sns/*` call answers -1 (busy) or 45011 (too fast). @default 'none' */
  trouble: 'none' | 'busy' | 'quota';
  /** `/sns/*` over plain http answers 43003, as WeChat's own host would. @default false */
  requireHttps: boolean;
  /** Status of the redirect to the app. @default 302 */
  redirectStatus: 301 | 302;
  /** How long a poll of the QR page is held open, in ms of real time. @default 25000 */
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
  trouble: 'none',
  requireHttps: false,
  redirectStatus: 302,
  pollHold: 25_000,
};

type Choices = { readonly [K in keyof EmulatorSwitches]: readonly EmulatorSwitches[K][] };

/** Every value of every switch, for checks and for the home page; the compiler keeps the keys complete. */
export const SWITCH_CHOICES: Choices = {
  consent: ['ask', 'allow', 'deny'],
  client: ['check', 'any'],
  denial: ['silent', 'state-only', 'authdeny'],
  doubleCallback: ['off', 'same-code', 'different-codes'],
  recentLogin: ['ask', 'silent'],
  snapshot: ['by-user', 'always', 'never'],
  snapshotFlag: [true, false],
  snapshotUserinfo: ['ok', 'unauthorized'],
  suffix: ['rid', 'hints', 'none'],
  errcodeZero: [false, true],
  dirtyNicknames: [false, true],
  unionid: [true, false],
  parameterOrder: ['lenient', 'strict'],
  missingState: ['empty', 'absent', 'refuse'],
  expiredCode: [40029, 42003],
  burnOnMismatch: [false, true],
  burnOnWrongSecret: [false, true],
  refreshRotation: [false, true],
  loginVoidsRefreshTokens: [false, true],
  baseReadsUserinfo: [false, true],
  trouble: ['none', 'busy', 'quota'],
  requireHttps: [false, true],
  redirectStatus: [302, 301],
  pollHold: [25_000, 1_000, 0],
};
