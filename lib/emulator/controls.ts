import type { Callbacks } from './connect/behaviour';
import type { EmulatorFault, FaultOptions } from './faults/fault';
import type { FaultPlan } from './faults/fault-plan';
import { authorize, type PersonOptions } from './operations/authorize';
import { profileOf } from './sns/profile';
import { encryptUser, type EncryptedUser } from './world/people/encrypted-data';
import { identityOf } from './world/people/identity';
import type { World } from './world/world';

/** The grant behind an authorization code: an app, a user and scopes. */
export interface CodeRequest {
  /** AppID of the app. */
  readonly app: string;
  /** Id of the user. @default the first user */
  readonly user?: string;
  /** The granted scopes, separated by commas. @default snsapi_userinfo, or snsapi_login for a website app */
  readonly scope?: string;
  /** Whether the code comes from the snapshot page, so that its user is virtual. @default false */
  readonly virtual?: boolean;
}

/** The controls of an emulator, for tests. */
export interface EmulatorControls {
  /**
   * Makes requests to an endpoint fail. The endpoint is a path (`/sns/userinfo`) or its last part
   * (`userinfo`). Returns a function that withdraws the fault.
   *
   * @throws Error if the endpoint does not exist.
   *
   * @example
   * wechat.fail('userinfo', 'reset', { times: 2 });
   */
  fail(endpoint: string, fault: EmulatorFault, options?: FaultOptions): () => void;
  /**
   * The openid of a person at the app with this AppID. It is the same in every run.
   *
   * @throws Error if there is no such user or app. So do `unionid`, `issueCode` and `encryptUser`.
   */
  openid(user: string, app: string): string;
  /**
   * The unionid of a person, which all apps of one Open Platform account share. Undefined if the app is not
   * bound to such an account, or if the switch `unionid` is off.
   */
  unionid(user: string, app: string): string | undefined;
  /**
   * Does what a person does on the phone: opens the address that the app redirected to, and presses 允许.
   * Resolves to the callback address, or to undefined if WeChat does not redirect. A fault planned for the page
   * applies: an errcode rejects, and a fault that leaves the browser without a redirect resolves to undefined.
   *
   * @throws PageRefusal if WeChat shows an error page.
   * @throws Error if the address is not a login page of this emulator.
   *
   * @example
   * const login = await fetch('http://localhost:3000/login', { redirect: 'manual' });
   * const callback = await wechat.authorize(login.headers.get('location')!);
   */
  authorize(authorizeURL: string, options?: PersonOptions): Promise<string | undefined>;
  /** Like `authorize`, but resolves to all callback addresses: two if the switch `doubleCallback` is on. */
  authorizeTwice(authorizeURL: string, options?: PersonOptions): Promise<Callbacks>;
  /**
   * A new authorization code without a login page; for a mini program, the code of `wx.login`. It is single
   * use and lives 5 minutes, or 10 for a website app.
   */
  issueCode(request: CodeRequest): string;
  /** Makes an access token expire now: requests with it fail with 42001. */
  expireToken(accessToken: string): void;
  /** Revokes a refresh token: refreshing with it fails with 40030. */
  revoke(refreshToken: string): void;
  /** Makes all tokens of a user invalid: refreshing fails with 42007, other requests with 40001. */
  changePassword(user: string): void;
  /** The encrypted profile that `wx.getUserInfo` gives the mini program with this AppID. */
  encryptUser(request: {
    /** AppID of the mini program. */
    readonly app: string;
    /** Id of the user. @default the first user */
    readonly user?: string;
    /** The `session_key` of `/sns/jscode2session`: 16 bytes, base64. */
    readonly sessionKey: string;
  }): EncryptedUser;
}

export function createControls(world: World, faults: FaultPlan): EmulatorControls {
  const identity = (user: string, app: string) => identityOf(world.users.get(user), world.apps.get(app));
  return {
    fail: (endpoint, fault, options) => {
      const { id } = faults.add(endpoint, fault, options);
      return () => void faults.remove(id);
    },
    openid: (user, app) => identity(user, app).openid,
    unionid: (user, app) => (world.switches.unionid ? identity(user, app).unionid : undefined),
    encryptUser: (request) => encryptProfile(request, world),
    issueCode: (request) => issueCode(request, world),
    authorizeTwice: (address, options = {}) => authorize(address, options, world, faults),
    authorize: async (address, options = {}) => (await authorize(address, options, world, faults))[0],
    expireToken: (accessToken) => world.tokens.expire(accessToken),
    revoke: (refreshToken) => world.tokens.revoke(refreshToken),
    changePassword: (user) => changePassword(user, world),
  };
}

function issueCode(request: CodeRequest, world: World): string {
  const app = world.apps.get(request.app);
  const scope = request.scope ?? (app.type === 'website' ? 'snsapi_login' : 'snsapi_userinfo');
  const user = world.users.getOrFirst(request.user);
  return world.codes.issue({ app, user, scopes: scope.split(','), virtual: request.virtual ?? false });
}

function changePassword(id: string, world: World): void {
  const user = world.users.get(id);
  for (const pair of world.tokens.filter((each) => each.grant.user === user)) pair.passwordChanged = true;
}

function encryptProfile(
  { app: appId, user: id, sessionKey }: Parameters<EmulatorControls['encryptUser']>[0],
  world: World,
): EncryptedUser {
  const grant = { app: world.apps.get(appId), user: world.users.getOrFirst(id), scopes: [], virtual: false };
  const { openid, unionid, nickname, headimgurl } = profileOf(grant, world, world.url);
  const raw = {
    nickName: nickname,
    gender: 0,
    language: '',
    city: '',
    province: '',
    country: '',
    avatarUrl: headimgurl,
  };
  const now = world.clock.now();
  return encryptUser({ openId: openid, ...raw, unionId: unionid }, raw, { sessionKey, appId, now });
}
