// The steps of an app that call WeChat: the calls of each step in their order, and the ones that are made to
// fail.
import type { OAuth, WechatAuthOptions, WechatContext } from '../../lib/index';
import type { Emulator } from '../../lib/emulator/index';
import type { Call } from '../support/contract';

/** Who is logged in before the step. */
export type LoggedIn = 'nobody' | 'the same user' | 'another user';

interface Step {
  readonly name: string;
  /** In the order of the requests. */
  readonly calls: readonly Call[];
  /** The calls that fail, one at a time. */
  readonly failing: readonly Call[];
}

/** A login, from the login route to the callback. */
export interface LoginStep extends Step {
  readonly flow: 'official' | 'website';
  /** The option `scope` of the app. */
  readonly scope: WechatAuthOptions['scope'];
  /** The scope that this login asks for, if it is more than the app's. */
  readonly asks?: string;
  readonly before: LoggedIn;
  /** The app's code in onLogin. */
  readonly onLogin?: (context: CallContext) => Promise<unknown>;
}

/** A page of the app that calls WeChat for a user who is logged in. */
export interface PageStep extends Step {
  readonly call: (context: CallContext) => Promise<unknown>;
  /** Whether the user's access token has expired. */
  readonly expired: boolean;
  /**
   * Whether the step uses, refreshes and deletes the stored token, or is given its tokens and stores nothing.
   */
  readonly usesStoredToken: boolean;
}

/** What the app's own code can use. */
export interface CallContext {
  readonly wechat: WechatContext;
  readonly emulator: Emulator;
  readonly miniProgram: OAuth;
  readonly openid: string;
  readonly tokens: { readonly access: string; readonly refresh: string };
}

let logins = 0;

/** The users take turns: WeChat accepts 100 calls a minute for one user (jscode2session, errcode 45011). */
function miniProgramLogin({ emulator, miniProgram }: CallContext): Promise<unknown> {
  const user = emulator.users[logins++ % emulator.users.length]?.id ?? '';
  return miniProgram.getSessionKey(emulator.issueCode({ app: miniProgram.appid, user }));
}

export const LOGIN_STEPS: readonly LoginStep[] = [
  {
    name: 'H5, silent',
    flow: 'official',
    scope: 'snsapi_base',
    before: 'nobody',
    calls: ['access_token'],
    failing: ['access_token'],
  },
  {
    name: 'H5, with consent',
    flow: 'official',
    scope: 'snsapi_userinfo',
    before: 'nobody',
    calls: ['access_token', 'userinfo'],
    failing: ['access_token', 'userinfo'],
  },
  {
    name: 'website, while another user is logged in',
    flow: 'website',
    scope: 'snsapi_userinfo',
    before: 'another user',
    calls: ['access_token', 'userinfo'],
    failing: ['access_token', 'userinfo'],
  },
  {
    name: 'a user who is logged in, asked for a larger scope',
    flow: 'official',
    scope: 'snsapi_base',
    asks: 'snsapi_userinfo',
    before: 'the same user',
    calls: ['access_token', 'userinfo'],
    failing: ['access_token', 'userinfo'],
  },
];

/** The login itself succeeds, and the app's own calls fail: such a login is refused, never restarted. */
export const ON_LOGIN_STEP: LoginStep = {
  name: 'onLogin that calls WeChat',
  flow: 'official',
  scope: 'snsapi_userinfo',
  before: 'nobody',
  calls: ['access_token', 'userinfo', 'auth', 'refresh_token', 'jscode2session'],
  failing: ['auth', 'refresh_token', 'jscode2session'],
  onLogin: async (context) => {
    const { wechat, openid, tokens } = context;
    await wechat.oauth.verifyToken(openid, tokens.access);
    await wechat.oauth.refreshAccessToken(tokens.refresh);
    await miniProgramLogin(context);
  },
};

export const PAGE_STEPS: readonly PageStep[] = [
  {
    name: 'req.wechat.getAccessToken() with an expired token',
    calls: ['refresh_token'],
    failing: ['refresh_token'],
    expired: true,
    usesStoredToken: true,
    call: ({ wechat }) => wechat.getAccessToken(),
  },
  {
    name: 'req.wechat.oauth.getUser() with an expired token',
    calls: ['refresh_token', 'userinfo'],
    failing: ['refresh_token', 'userinfo'],
    expired: true,
    usesStoredToken: true,
    call: ({ wechat, openid }) => wechat.oauth.getUser(openid),
  },
  {
    name: 'req.wechat.oauth.getUser() with a valid token',
    calls: ['userinfo'],
    failing: ['userinfo'],
    expired: false,
    usesStoredToken: true,
    call: ({ wechat, openid }) => wechat.oauth.getUser(openid),
  },
  {
    name: 'req.wechat.oauth.getAccessToken()',
    calls: ['access_token'],
    failing: ['access_token'],
    expired: false,
    usesStoredToken: false,
    call: ({ wechat, emulator }) =>
      wechat.oauth.getAccessToken(emulator.issueCode({ app: wechat.oauth.appid, scope: 'snsapi_userinfo' })),
  },
  {
    name: 'req.wechat.oauth.refreshAccessToken()',
    calls: ['refresh_token'],
    failing: ['refresh_token'],
    expired: false,
    usesStoredToken: false,
    call: ({ wechat, tokens }) => wechat.oauth.refreshAccessToken(tokens.refresh),
  },
  {
    name: 'req.wechat.oauth.verifyToken()',
    calls: ['auth'],
    failing: ['auth'],
    expired: false,
    usesStoredToken: false,
    call: ({ wechat, openid, tokens }) => wechat.oauth.verifyToken(openid, tokens.access),
  },
  {
    name: "a mini program's getSessionKey()",
    calls: ['jscode2session'],
    failing: ['jscode2session'],
    expired: false,
    usesStoredToken: false,
    call: miniProgramLogin,
  },
];
