import type { Callbacks } from './connect/behaviour';
import type { EmulatorFault, FaultOptions } from './faults/fault';
import type { FaultEntry } from './faults/fault-plan';
import type { EncryptRequest, UserOfApp } from './operations/credentials';
import type { CodeRequest, QrAction, QrStatusName } from './operations/logins';
import type { Services } from './operations/operation';
import type { PersonOptions } from './operations/person-at-page';
import { OPERATIONS } from './operations/table';
import type { EmulatorApp } from './world/apps/apps';
import type { EncryptedUser } from './world/people/encrypted-data';
import type { EmulatorUser } from './world/people/users';
import type { EmulatorSwitches } from './world/switches';

/** The state of an emulator at one moment. */
export interface EmulatorState {
  /** The emulator's time, in ms since 1970. */
  readonly now: number;
  /** All apps. The secrets of configured and added apps are masked. */
  readonly apps: readonly EmulatorApp[];
  /** All people. */
  readonly users: readonly EmulatorUser[];
  /** The switches. */
  readonly switches: Readonly<EmulatorSwitches>;
  /** The planned faults, oldest first. */
  readonly faults: readonly FaultEntry[];
}

/** The controls of an emulator, for tests. Tests in other languages have the same ones over HTTP. */
export interface EmulatorControls {
  /**
   * Makes requests to an endpoint fail. The endpoint is a path (`/sns/userinfo`) or its last part
   * (`userinfo`). Returns a function that withdraws the fault.
   *
   * @throws Error if the endpoint, or the app or user of `match`, does not exist.
   * @throws TypeError if no HTTP response can have the fault, such as one with status 1000.
   *
   * @example
   * wechat.fail('userinfo', 'reset', { times: 2 });
   */
  fail(endpoint: string, fault: EmulatorFault, options?: FaultOptions): () => void;
  /** Withdraws all planned faults. */
  clearFaults(): void;
  /**
   * The openid of a person at the app with this AppID. It is the same in every run.
   *
   * @throws Error if there is no such user or app. Every control that takes a user or an app does the same.
   */
  openid(user: string, app: string): string;
  /**
   * The unionid of a person, which all apps of one Open Platform account share. Undefined if the app is not
   * bound to such an account, or if the switch `unionid` is off.
   */
  unionid(user: string, app: string): string | undefined;
  /**
   * Does what a person does on the phone: opens the address that the app redirected to, and presses 允许.
   * Resolves to the callback address, or to undefined if WeChat does not redirect. A fault planned for the
   * page applies: an errcode rejects, and a fault that leaves the browser without a redirect resolves to
   * undefined.
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
  /**
   * Does what a phone does with a QR code, and returns the status of the QR code.
   *
   * @throws Error if there is no QR code with this uuid.
   */
  actOnQr(action: QrAction): QrStatusName;
  /** Makes an access token expire now: requests with it fail with 42001. */
  expireToken(accessToken: string): void;
  /** Makes all access tokens of a user at an app expire now. */
  expireTokens(request: UserOfApp): void;
  /** Revokes a refresh token: refreshing with it fails with 40030. */
  revoke(refreshToken: string): void;
  /** Revokes all refresh tokens of a user at an app. */
  revokeTokens(request: UserOfApp): void;
  /** Makes all tokens of a user invalid: refreshing fails with 42007, other requests with 40001. */
  changePassword(user: string): void;
  /** The encrypted profile that `wx.getUserInfo` gives the mini program with this AppID. */
  encryptUser(request: EncryptRequest): EncryptedUser;
  /** Adds an app. @throws Error if there is an app with its AppID. */
  addApp(app: EmulatorApp): void;
  /** Adds a person. @throws Error if there is a person with this id. */
  addUser(user: EmulatorUser): void;
  /** The time, the apps, the people, the switches and the planned faults. */
  state(): EmulatorState;
  /**
   * Everything as at the start: apps, people, switches, faults, codes, tokens, QR codes, requests and the
   * clock.
   */
  reset(): void;
}

/** The table of operations as methods of a Node API. */
export function createControls(services: Services): EmulatorControls {
  const authorize = (url: string, options: PersonOptions = {}) =>
    OPERATIONS.authorize.run({ ...options, url }, services);
  return {
    fail: (endpoint, fault, options) => {
      const { id } = OPERATIONS.addFault.run({ ...options, endpoint, fault }, services);
      return () => void OPERATIONS.removeFault.run({ id }, services);
    },
    clearFaults: () => OPERATIONS.clearFaults.run({}, services),
    openid: (user, app) => OPERATIONS.identity.run({ user, app }, services).openid,
    unionid: (user, app) => OPERATIONS.identity.run({ user, app }, services).unionid,
    authorize: async (url, options) => (await authorize(url, options))[0],
    authorizeTwice: authorize,
    issueCode: (request) => OPERATIONS.issueCode.run(request, services),
    actOnQr: (action) => OPERATIONS.actOnQr.run(action, services),
    expireToken: (accessToken) => OPERATIONS.expireTokens.run({ accessToken }, services),
    expireTokens: (request) => OPERATIONS.expireTokens.run(request, services),
    revoke: (refreshToken) => OPERATIONS.revokeTokens.run({ refreshToken }, services),
    revokeTokens: (request) => OPERATIONS.revokeTokens.run(request, services),
    changePassword: (user) => OPERATIONS.changePassword.run({ user }, services),
    encryptUser: (request) => OPERATIONS.encryptUser.run(request, services),
    addApp: (app) => void OPERATIONS.addApp.run(app, services),
    addUser: (user) => void OPERATIONS.addUser.run(user, services),
    state: () => OPERATIONS.state.run({}, services),
    reset: () => OPERATIONS.reset.run({}, services),
  };
}
