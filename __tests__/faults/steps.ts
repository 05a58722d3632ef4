// Where in an app's life WeChat is asked: each step, the calls it makes in order, and those that are made to fail.
import type { OAuth, WechatAuthOptions, WechatContext } from '../../lib/index';
import type { Emulator } from '../../lib/emulator/index';
import type { Call } from './rules';

export type Before = 'nobody' | 'the same user' | 'another user';

interface Step {
  readonly name: string;
  /** In the order in which they are made. */
  readonly calls: readonly Call[];
  /** Those that fail, one at a time. */
  readonly failing: readonly Call[];
}

/** A login, from the login route to the callback. */
export interface LoginStep extends Step {
  readonly flow: 'official' | 'website';
  /** Of the app's options. */
  readonly scope: WechatAuthOptions['scope'];
  /** What this login asks for beyond it. */
  readonly asks?: string;
  readonly before: Before;
  /** What the app does in onLogin. */
  readonly onLogin?: (there: There) => Promise<unknown>;
}

/** A page of the app that asks WeChat, for a user who is logged in. */
export interface PageStep extends Step {
  readonly work: (there: There) => Promise<unknown>;
  /** The user's access token has expired. */
  readonly expired: boolean;
  /** What this step leaves of a token that WeChat gave. */
  readonly through: 'the core' | 'the token keeper';
}

/** What the app's own code has in hand. */
export interface There {
  readonly wechat: WechatContext;
  readonly emulator: Emulator;
  readonly miniProgram: OAuth;
  readonly openid: string;
  readonly tokens: { readonly access: string; readonly refresh: string };
}

let turn = 0;

/** WeChat takes no more than 100 calls a minute from one person: they take turns. */
function miniProgramLogin({ emulator, miniProgram }: There): Promise<unknown> {
  const user = emulator.users[turn++ % emulator.users.length]?.id ?? '';
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
    name: 'website, over the login of another user',
    flow: 'website',
    scope: 'snsapi_userinfo',
    before: 'another user',
    calls: ['access_token', 'userinfo'],
    failing: ['access_token', 'userinfo'],
  },
  {
    name: 'step-up of a user who is logged in',
    flow: 'official',
    scope: 'snsapi_base',
    asks: 'snsapi_userinfo',
    before: 'the same user',
    calls: ['access_token', 'userinfo'],
    failing: ['access_token', 'userinfo'],
  },
];

/** Here the login itself goes well, and the app's own calls fail: there is no restart to try. */
export const ON_LOGIN_STEP: LoginStep = {
  name: 'onLogin that asks WeChat',
  flow: 'official',
  scope: 'snsapi_userinfo',
  before: 'nobody',
  calls: ['access_token', 'userinfo', 'auth', 'refresh_token', 'jscode2session'],
  failing: ['auth', 'refresh_token', 'jscode2session'],
  onLogin: async (there) => {
    const { wechat, openid, tokens } = there;
    await wechat.oauth.verifyToken(openid, tokens.access);
    await wechat.oauth.refreshAccessToken(tokens.refresh);
    await miniProgramLogin(there);
  },
};

export const PAGE_STEPS: readonly PageStep[] = [
  {
    name: 'req.wechat.getAccessToken() with an expired token',
    calls: ['refresh_token'],
    failing: ['refresh_token'],
    expired: true,
    through: 'the token keeper',
    work: ({ wechat }) => wechat.getAccessToken(),
  },
  {
    name: 'req.wechat.oauth.getUser() with an expired token',
    calls: ['refresh_token', 'userinfo'],
    failing: ['refresh_token', 'userinfo'],
    expired: true,
    through: 'the token keeper',
    work: ({ wechat, openid }) => wechat.oauth.getUser(openid),
  },
  {
    name: 'req.wechat.oauth.getUser() with a good token',
    calls: ['userinfo'],
    failing: ['userinfo'],
    expired: false,
    through: 'the token keeper',
    work: ({ wechat, openid }) => wechat.oauth.getUser(openid),
  },
  {
    name: 'req.wechat.oauth.getAccessToken()',
    calls: ['access_token'],
    failing: ['access_token'],
    expired: false,
    through: 'the core',
    work: ({ wechat, emulator }) =>
      wechat.oauth.getAccessToken(emulator.issueCode({ app: wechat.oauth.appid, scope: 'snsapi_userinfo' })),
  },
  {
    name: 'req.wechat.oauth.refreshAccessToken()',
    calls: ['refresh_token'],
    failing: ['refresh_token'],
    expired: false,
    through: 'the core',
    work: ({ wechat, tokens }) => wechat.oauth.refreshAccessToken(tokens.refresh),
  },
  {
    name: 'req.wechat.oauth.verifyToken()',
    calls: ['auth'],
    failing: ['auth'],
    expired: false,
    through: 'the core',
    work: ({ wechat, openid, tokens }) => wechat.oauth.verifyToken(openid, tokens.access),
  },
  {
    name: "a mini program's getSessionKey()",
    calls: ['jscode2session'],
    failing: ['jscode2session'],
    expired: false,
    through: 'the core',
    work: miniProgramLogin,
  },
];
