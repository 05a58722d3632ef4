import { FAULT_ON_DEMAND, PageRefusal } from './connect/page-refusal';
import { simulateLogin, type Callbacks } from './connect/behaviour';
import type { EmulatorFault, FaultOptions } from './faults/fault';
import type { FaultPlan } from './faults/fault-plan';
import { profileOf } from './sns/profile';
import { encryptUser, type EncryptedUser } from './world/people/encrypted-data';
import { identityOf } from './world/people/identity';
import type { World } from './world/world';

/** Who stands before a login page, and what they do. */
export interface PersonOptions {
  /** Id of the user. @default the first one */
  readonly user?: string;
  /** Whether the person presses 允许 or 拒绝. @default true, unless the switch `consent` is 'deny' */
  readonly allow?: boolean;
  /** On the snapshot page: whether the person presses 使用完整服务 first. @default false: the callback is that of the virtual user */
  readonly fullService?: boolean;
}

/** Whose code, for which app. */
export interface CodeRequest {
  /** AppID of the app. */
  readonly app: string;
  /** Id of the user. @default the first one */
  readonly user?: string;
  /** What was granted, separated by commas. @default snsapi_userinfo; for a website app snsapi_login */
  readonly scope?: string;
  /** Whether it is a code of the snapshot page, whose user is virtual. @default false */
  readonly virtual?: boolean;
}

/** What a test can do to the emulator. */
export interface EmulatorControls {
  /**
   * Lets requests to an endpoint go wrong. The endpoint is a path (`/sns/userinfo`) or its last part (`userinfo`). Returns the way to
   * undo it.
   *
   * @throws Error for an endpoint that does not exist.
   *
   * @example
   * wechat.fail('userinfo', 'reset', { times: 2 });
   */
  fail(endpoint: string, fault: EmulatorFault, options?: FaultOptions): () => void;
  /** A person's id at an app, which its AppID names: the same in every run. */
  openid(user: string, app: string): string;
  /** A person's id at all apps of one Open Platform account; `undefined` where the app is bound to none. */
  unionid(user: string, app: string): string | undefined;
  /**
   * What happens on the phone: opens the address that an app redirected to and presses 允许. Resolves to the callback address, or
   * `undefined` where WeChat does not redirect.
   *
   * @throws PageRefusal where WeChat shows an error page.
   *
   * @example
   * const login = await fetch('http://localhost:3000/login', { redirect: 'manual' });
   * const callback = await wechat.authorize(login.headers.get('location')!);
   */
  authorize(authorizeURL: string, options?: PersonOptions): Promise<string | undefined>;
  /** The same with both addresses that the switch `doubleCallback` brings; one or none without it. */
  authorizeTwice(authorizeURL: string, options?: PersonOptions): Promise<Callbacks>;
  /** A fresh code without any page: of a login, or for a mini program that of `wx.login`. It works once, for 5 minutes (website: 10). */
  issueCode(request: CodeRequest): string;
  /** Ends an access token now: 42001. */
  expireToken(accessToken: string): void;
  /** Forgets a refresh token: 40030. */
  revoke(refreshToken: string): void;
  /** All the user's tokens become bad: 42007 on refresh, 40001 else. */
  changePassword(user: string): void;
  /** What `wx.getUserInfo` would give the mini program of this AppID. */
  encryptUser(request: {
    /** AppID of the mini program. */
    readonly app: string;
    /** Id of the user. @default the first one */
    readonly user?: string;
    /** What `/sns/jscode2session` answered: 16 bytes, base64. */
    readonly sessionKey: string;
  }): EncryptedUser;
}

function tokenControls(world: World): Pick<EmulatorControls, 'expireToken' | 'revoke' | 'changePassword'> {
  return {
    expireToken: (accessToken) => world.tokens.expire(accessToken),
    revoke: (refreshToken) => world.tokens.revoke(refreshToken),
    changePassword: (id) => {
      const user = world.users.get(id);
      for (const pair of world.tokens.where((each) => each.grant.user === user)) pair.passwordChanged = true;
    },
  };
}

function loginControls(
  world: World,
  faults: FaultPlan,
): Pick<EmulatorControls, 'authorize' | 'authorizeTwice' | 'issueCode'> {
  const userOf = (id: string | undefined) => (id === undefined ? world.users.first : world.users.get(id));
  // Async for its rejections: a bad address is never thrown at the caller.
  const authorizeTwice = async (address: string, options: PersonOptions = {}): Promise<Callbacks> => {
    const fault = faults.take(new URL(address).pathname)?.fault;
    if (typeof fault === 'object' && 'errcode' in fault)
      throw PageRefusal.withCode(fault.errcode, FAULT_ON_DEMAND);
    const { allow = world.switches.consent !== 'deny', fullService = false } = options;
    return Promise.resolve(
      simulateLogin(address, { person: userOf(options.user), allow, fullService }, world),
    );
  };
  return {
    authorizeTwice,
    authorize: async (address, options) => (await authorizeTwice(address, options))[0],
    issueCode: (request) => {
      const app = world.apps.get(request.app);
      const scope = request.scope ?? (app.type === 'website' ? 'snsapi_login' : 'snsapi_userinfo');
      const grant = {
        app,
        user: userOf(request.user),
        scopes: scope.split(','),
        virtual: request.virtual ?? false,
      };
      return world.codes.issue(grant);
    },
  };
}

function encrypt(world: World): EmulatorControls['encryptUser'] {
  return ({ app: appId, user: id, sessionKey }) => {
    const app = world.apps.get(appId);
    const user = id === undefined ? world.users.first : world.users.get(id);
    const { openid, unionid, nickname, headimgurl } = profileOf(
      { app, user, scopes: [], virtual: false },
      world,
    );
    const raw = {
      nickName: nickname,
      gender: 0,
      language: '',
      city: '',
      province: '',
      country: '',
      avatarUrl: headimgurl,
    };
    return encryptUser({ openId: openid, ...raw, unionId: unionid }, raw, {
      sessionKey,
      appId,
      now: world.clock.now(),
    });
  };
}

export function createControls(world: World, faults: FaultPlan): EmulatorControls {
  const identity = (user: string, app: string) => identityOf(world.users.get(user), world.apps.get(app));
  return {
    fail: (endpoint, fault, options) => faults.add(endpoint, fault, options),
    openid: (user, app) => identity(user, app).openid,
    unionid: (user, app) => (world.switches.unionid ? identity(user, app).unionid : undefined),
    encryptUser: encrypt(world),
    ...tokenControls(world),
    ...loginControls(world, faults),
  };
}
