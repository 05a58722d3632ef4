// Lets happen to logins whatever can happen, writes down all that anybody gets to see of it, and searches that for secrets.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { format, inspect } from 'node:util';
import createDebug from 'debug';
import { Redis } from 'ioredis';
import {
  ERROR_KINDS,
  KeyvTokenStore,
  MemoryTokenStore,
  OAuth,
  RedisTokenStore,
  wechatAuth,
  type TokenData,
  type TokenStore,
  type WechatAuthOptions,
  type WechatContext,
  type WechatError,
} from '../../lib/index';
import {
  createEmulator,
  selfSignedCertificate,
  type Emulator,
  type EmulatorApp,
  type EmulatorFault,
} from '../../lib/emulator/index';
import { listen, runChild, type Server } from '../oauth/lab';
import { cookies, sendJSON, startApp, type AppOptions, type TestApp, type TestRequest } from '../support/app';
import { agree, Browser, type BrowserResponse } from '../support/browser';
import { Canaries, everythingIn, FORMS, FURTHER_FORMS, type Found } from '../support/canaries';
import type { Host, HostName, Middleware } from '../support/hosts';
import { stateIn, withParams } from '../support/login';
import { hasRedis, startRedis } from '../support/redis';
import { MoodyStore, SESSION_NAMES, serverSessions, type SessionName } from '../support/sessions';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../support/user-agents';

/** With all the characters that some encoding changes; none is a part of another. */
const FIXED = {
  'app secret': ['CANARY/official+secret=0987654321~a', 'Falsche/wrong+appsecret=1122334455~b'],
  'website secret': ['NACHTIGALL/website+secret=2468013579~c'],
  'mini program secret': ['ZAUNKOENIG/mini+secret=1357924680~d'],
  'cookie key': ['ROTKEHLCHEN/cookie+key=5647382910~e'],
  'encryption key': ['GIMPEL/encryption+key=9182736450~fghijklmnop'],
  'proxy password': ['STIEGLITZ:proxy@password/6172839405'],
} as const;
const [SECRET, WRONG_SECRET] = FIXED['app secret'];
const [COOKIE_KEY] = FIXED['cookie key'];

type Kind =
  keyof typeof FIXED | 'code' | 'state' | 'access token' | 'refresh token' | 'session key' | 'session id';

/** Where something is written down, and which secrets may be there: nothing that is not in this list. */
const MAY_HOLD = {
  "the address of WeChat's page": ['state'],
  'the parameters of an embedded QR code': ['state'],
  'a session': ['state'],
  'a record of a token store': ['access token', 'refresh token'],
  'what processes share of a login': ['state'],
  'the request that exchanges a code': ['app secret', 'website secret', 'code'],
  'the request for a session key': ['mini program secret', 'code'],
  'the request for a profile': ['access token'],
  'the request for a fresh token': ['refresh token'],
  'the request that verifies a token': ['access token'],
  'the head of a request to a proxy': [],
  'a header of a request to WeChat': [],
  'an answer': [],
  'a cookie': [],
  'an error': [],
  // Frameworks print the path of every request, session stores and Redis clients what they keep: see SECURITY.md.
  "a debug line of the app's own parts": ['code', 'state', 'access token'],
  'a debug line': [],
  'a warning': [],
  'a line on the console': [],
  'a key of a store': [],
  'an encrypted record': [],
} as const satisfies Record<string, readonly Kind[]>;
type Place = keyof typeof MAY_HOLD;
const PLACES = Object.keys(MAY_HOLD) as Place[];

/** What an app that asks for all debug lines gets from its own dependencies. */
const BY_THE_APP = /^\S+ (?:express|router|connect|express-session|cookie-session|finalhandler|ioredis)\b/;

const canaries = new Canaries(FIXED);
const seen = Object.fromEntries(PLACES.map((place) => [place, new Set()])) as unknown as Record<
  Place,
  Set<string>
>;
const note = (place: Place, text: string): void => void seen[place].add(text);

const APPS: readonly EmulatorApp[] = [
  { type: 'official', appId: 'wx1a00000000000001', appSecret: SECRET, openPlatform: 'one' },
  {
    type: 'website',
    appId: 'wx2b00000000000002',
    appSecret: FIXED['website secret'][0],
    openPlatform: 'one',
  },
  { type: 'miniprogram', appId: 'wx3c00000000000003', appSecret: FIXED['mini program secret'][0] },
];

const PLACE_OF_PATH: Readonly<Record<string, Place>> = {
  '/sns/oauth2/access_token': 'the request that exchanges a code',
  '/sns/oauth2/refresh_token': 'the request for a fresh token',
  '/sns/userinfo': 'the request for a profile',
  '/sns/auth': 'the request that verifies a token',
  '/sns/jscode2session': 'the request for a session key',
};

/** A wire that somebody listens to: every byte that goes to WeChat, and every secret that comes back, read or not. */
async function tapped(target: number): Promise<Server> {
  return listen(
    net.createServer((near) => {
      const far = net.connect(target, '127.0.0.1');
      let [asked, answered] = ['', ''];
      near.on('data', (chunk) => {
        const head = chunk.toString('latin1');
        asked += head;
        const said = echoed(head);
        if (said === undefined) far.write(chunk);
        else near.end(said);
      });
      far.on('data', (chunk) => (answered += chunk.toString())).pipe(near);
      far.on('error', () => near.resetAndDestroy());
      far.on('close', () => near.destroy());
      near.on('close', () => {
        far.destroy();
        asked.split('\r\n\r\n').filter(Boolean).forEach(noteRequest);
        noteSecrets(answered);
      });
    }),
  );
}

/** Which call is answered with what it asked, and how that is written. */
let echo: { readonly end: string; readonly form: (secret: string) => string } | undefined;

function echoed(head: string): string | undefined {
  const [, target = ''] = head.split(' ');
  const { pathname, searchParams } = new URL(target, 'http://wechat');
  if (!echo || !pathname.endsWith(echo.end)) return undefined;
  const said = [...[...searchParams.values()].map(echo.form), echo.form(target)].join(' , ');
  const body = JSON.stringify({ errcode: 40125, errmsg: `invalid: ${said}, rid: 1-2-3`, said });
  return `HTTP/1.1 200 ${said}\r\nX-Said: ${said}\r\nContent-Type: ${said}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function noteRequest(head: string): void {
  const [line = '', ...headers] = head.split('\r\n');
  const url = new URL(line.split(' ')[1] ?? '', 'http://wechat');
  note(PLACE_OF_PATH[url.pathname] ?? 'an answer', line);
  note('a header of a request to WeChat', headers.join('\n'));
}

function noteSecrets(answer: string): void {
  for (const [, name = '', value = ''] of answer.matchAll(
    /"(access_token|refresh_token|session_key)":"((?:[^"\\\p{Cc}]|\\.)+)"/gu,
  ))
    canaries.add(name.replace('_', ' '), JSON.parse(`"${value}"`) as string);
}

/** A proxy through which everything goes, and which remembers what it was told beside the bytes. */
async function proxy(): Promise<Server> {
  const server = http.createServer();
  server.on('connect', ({ url = '', headers }: http.IncomingMessage, client: net.Socket) => {
    // Its own password is for it to see.
    note(
      'the head of a request to a proxy',
      JSON.stringify([url, { ...headers, 'proxy-authorization': '' }]),
    );
    const far = net.connect(Number(new URL(`http://${url}`).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(far).pipe(client);
    });
    far.on('error', () => client.destroy());
    client.on('error', () => undefined).on('close', () => far.destroy());
  });
  return listen(server);
}

/** A store that tells what it is asked, and can fail in the manner of drivers: with all that it was given. */
class TellingStore implements TokenStore {
  readonly #tokens = new MemoryTokenStore();
  broken: 'get' | 'set' | undefined;
  lastToken: TokenData | undefined;

  get(key: string): Promise<TokenData | undefined> {
    note('a key of a store', key);
    if (this.broken === 'get') return Promise.reject(this.#fault(['GET', key, this.lastToken]));
    return this.#tokens.get(key);
  }

  set(key: string, token: TokenData, ttlMs: number): Promise<void> {
    note('a key of a store', key);
    note('a record of a token store', JSON.stringify(token));
    this.lastToken = token;
    if (this.broken === 'set') return Promise.reject(this.#fault(['SET', key, token]));
    return this.#tokens.set(key, token, ttlMs);
  }

  delete(key: string): Promise<void> {
    note('a key of a store', key);
    return this.#tokens.delete(key);
  }

  lock<T>(key: string, fn: () => Promise<T>): Promise<T> {
    note('a key of a store', key);
    return fn();
  }

  #fault(command: readonly unknown[]): Error {
    const said = JSON.stringify(command);
    return Object.assign(new Error(`ERR in ${said}`), { command, query: Buffer.from(said) });
  }
}

/** Notes every session that is kept; its own errors show the session that it failed to keep. */
class TellingSessions extends MoodyStore {
  echoing = false;

  override set(...[id, session, done]: Parameters<MoodyStore['set']>): void {
    noteSession(session);
    canaries.add('session id', id);
    if (this.echoing) setImmediate(() => done?.(new Error(`ERR SET sess:${id} ${JSON.stringify(session)}`)));
    else super.set(id, session, done);
  }
}

function noteSession(session: object): void {
  note('a session', JSON.stringify(session));
  const { pending, done } =
    (session as Record<string, { pending?: object; done?: object } | undefined>)['wechat:login'] ?? {};
  for (const state of Object.keys({ ...pending, ...done })) canaries.add('state', state);
}

interface Site extends TestApp {
  readonly store: TellingStore;
  readonly sessions: TellingSessions | undefined;
}

const sites: { close(): Promise<void> }[] = [];
let emulator: Emulator;
let wire: Server;

function credentials(): WechatAuthOptions {
  const { official, website } = emulator.apps;
  return {
    appId: official.appId,
    appSecret: official.appSecret,
    website: { appId: website.appId, appSecret: website.appSecret },
    endpoints: { open: emulator.url, api: wire.url },
    http: { timeout: 200 },
  };
}

interface SiteOptions extends AppOptions {
  readonly sessionName?: SessionName;
  /** Whether errors go to the app's onError. */
  readonly hooked?: boolean;
}

async function openSite({
  sessionName = 'express-session',
  hooked = false,
  auth = {},
  ...options
}: SiteOptions = {}): Promise<Site> {
  const store = new TellingStore();
  const sessions = sessionName === 'express-session' ? new TellingSessions() : undefined;
  const session = sessions
    ? serverSessions(sessions, { secret: COOKIE_KEY })
    : cookies({ keys: [COOKIE_KEY] });
  const app = await startApp(emulator, {
    session,
    routes,
    ...options,
    auth: {
      ...credentials(),
      tokenStore: store,
      ...(hooked && {
        onError: (error, _req, res) => {
          noteError(error);
          res.statusCode = error.status;
          sendJSON(res, { kind: error.kind, message: error.message, error });
        },
      }),
      ...auth,
    },
  });
  const site = { ...app, store, sessions };
  sites.push(site);
  return site;
}

/** What onLogin threw is the app's own, and so are the secrets that it put there. */
function noteError(error: WechatError): void {
  if (error.kind !== 'login_refused') note('an error', everythingIn(error));
  else note('an error', [error.message, error.stack, String(error), JSON.stringify(error)].join('\n'));
}

/** What an app does with a user, each with what came of it; `/say` throws it all at the app's own error handler. */
function routes(app: Host): void {
  const DOORS: Readonly<Record<string, (wechat: WechatContext) => unknown>> = {
    '/token': async (wechat) => {
      canaries.add('access token', await wechat.getAccessToken());
      return 'kept';
    },
    '/profile': (wechat) => wechat.oauth.getUser(String(wechat.user?.openid)),
    '/verify': async (wechat) =>
      wechat.oauth.verifyToken(String(wechat.user?.openid), await wechat.getAccessToken()),
    '/stranger': (wechat) => wechat.oauth.getUser('oNobody'),
    '/inspect': (wechat) => {
      note('an error', inspect([wechat, wechat.oauth], { showHidden: true, depth: 9 }));
      return JSON.stringify({ oauth: wechat.oauth, user: wechat.user });
    },
  };
  for (const [door, call] of Object.entries(DOORS)) {
    app.use(door, ((req: TestRequest, res: http.ServerResponse, next: (error: unknown) => void) => {
      void Promise.resolve()
        .then(() => call(req.wechat))
        .then(
          (said) => sendJSON(res, said),
          (error: unknown) => {
            note('an error', everythingIn(error));
            next(error);
          },
        );
    }) as unknown as Middleware);
  }
  app.use('/embedded', ((req: TestRequest, res: http.ServerResponse, next: (error: unknown) => void) => {
    void req.wechat.loginParams({ returnTo: '/me' }).then((params) => sendJSON(res, params), next);
  }) as unknown as Middleware);
}

/** A browser whose every answer is written down. */
class Watched extends Browser {
  static phone({ url }: Site): Watched {
    return new Watched(url, IPHONE_WECHAT);
  }

  static desk({ url }: Site): Watched {
    return new Watched(url, DESKTOP_CHROME);
  }

  override async request(...args: Parameters<Browser['request']>): Promise<BrowserResponse> {
    const answer = await super.request(...args);
    const { 'set-cookie': set = [], location = '', ...headers } = answer.headers;
    const toWechat = location.startsWith(`${emulator.url}/connect/`);
    if (toWechat) {
      canaries.add('state', stateIn(location));
      note("the address of WeChat's page", location);
    }
    if (new URL(answer.url).pathname === '/embedded' && answer.status === 200) {
      canaries.add('state', (answer.json() as { state: string }).state);
      note('the parameters of an embedded QR code', answer.body);
    } else if (new URL(answer.url).pathname === '/session') {
      note('a session', answer.body);
    } else {
      note('an answer', answer.body);
    }
    note('an answer', `${answer.status} ${JSON.stringify(headers)} ${toWechat ? '' : location}`);
    for (const cookie of set) noteCookie(cookie);
    return answer;
  }

  /** Asks for a login and agrees: the callback's address. */
  async back(from = '/login?returnTo=/me', user?: string): Promise<string> {
    const sent = await this.follow(from);
    return this.agreeAt(sent.location, user);
  }

  async agreeAt(address: string, user?: string): Promise<string> {
    const back = await agree(emulator, address, user);
    canaries.add('code', new URL(back).searchParams.get('code') ?? '');
    return back;
  }

  /** Opens a callback, and goes where it leads, to WeChat and back again too. */
  async finish(callback: string): Promise<BrowserResponse> {
    const answer = await this.follow(callback);
    return answer.location.startsWith(emulator.url)
      ? this.follow(await this.agreeAt(answer.location))
      : answer;
  }

  async arrive(from?: string, user?: string): Promise<BrowserResponse> {
    return this.finish(await this.back(from, user));
  }
}

/** A cookie of cookie-session is a session; any other must hold nothing but its id, which is for its browser. */
function noteCookie(cookie: string): void {
  const { name = '', value = '' } = /^(?<name>[^=]+)=(?<value>[^;]*)/.exec(cookie)?.groups ?? {};
  if (name !== 'session') {
    note('a cookie', decodeURIComponent(cookie).replace(/s:[\w-]{32}/, ''));
    return;
  }
  const decoded = Buffer.from(value, 'base64').toString();
  if (decoded) noteSession(JSON.parse(decoded) as object);
  note('a cookie', cookie.replace(value, ''));
}

/** What WeChat and what stands before it do wrong. */
const FAULTS: readonly EmulatorFault[] = [
  ...[-1, 40001, 40003, 40029, 40030, 40125, 40163, 45011, 48001, 50002, 99999].map((errcode) => ({
    errcode,
  })),
  { html: true },
  { status: 502 },
  { body: '["nothing"]' },
  { patch: { openid: 7 } },
  { redirect: 'http://127.0.0.1:1/' },
  { body: 'x'.repeat(2 ** 20 + 1) },
  'reset',
  'reset-inside',
  'silence',
  'truncated',
  'empty',
];

/** A whole login for each fault of each call, once (the login restarts) or for good (it ends on a page). */
async function meetFaults(site: Site): Promise<void> {
  const browser = Watched.phone(site);
  for (const [number, fault] of FAULTS.entries()) {
    for (const end of ['access_token', 'userinfo']) {
      const back = await browser.back();
      const undo = emulator.fail(end, fault, { times: number % 2 === 0 ? 1 : Infinity });
      await browser.finish(back);
      undo();
    }
  }
}

/** Something before WeChat repeats in each form all that it was asked. */
async function meetEchoes(site: Site): Promise<void> {
  const browser = Watched.phone(site);
  for (const form of Object.values(FORMS)) {
    for (const end of ['access_token', 'userinfo']) {
      const back = await browser.back();
      echo = { end, form };
      await browser.finish(back);
      await browser.get(back, { headers: { Accept: 'application/json' } });
      echo = undefined;
    }
  }
}

/** Callbacks that WeChat never sent, that came before, or that are another's. */
async function meetForgers(site: Site): Promise<void> {
  const [browser, other] = [Watched.phone(site), Watched.phone(site)] as const;
  const address = await browser.back();
  const state = stateIn(address);
  const forged = [
    withParams(address, { state: `1${'a'.repeat(32)}` }),
    withParams(address, { state: `${state}x` }),
    withParams(address, { state: undefined }),
    withParams(address, { code: undefined }),
    withParams(address, { code: 'authdeny' }),
    withParams(address, { code: 'c'.repeat(600) }),
    withParams(address, { code: '代码' }),
    `${address}&state=twice`,
    `${address}&code[]=list`,
    `${address}&returnTo=//evil.example`,
  ];
  for (const each of forged) {
    await browser.get(each);
    await other.get(each, { headers: { Accept: 'application/json' } });
  }
  await other.finish(address);
  const own = await browser.back();
  await browser.request(own, { method: 'HEAD' });
  await browser.get(own, { headers: { 'Sec-Purpose': 'prefetch' } });
  await browser.request(own, { method: 'POST' });
  await browser.finish(own);
  await browser.finish(own);
  await browser.get('/logout', { headers: { 'Sec-Fetch-Site': 'cross-site' } });
  await browser.get('/logout?returnTo=/public');
  await browser.finish(own);
}

const HOUR = 3_600_000;
let later = 0;

/** What comes after a login: tokens used, expired, refused, refreshed, gone. */
async function useTokens(site: Site): Promise<void> {
  const browser = Watched.phone(site);
  await browser.arrive();
  const doors = ['/token', '/profile', '/verify', '/stranger', '/inspect', '/session'];
  for (const door of doors) await browser.get(door);
  for (const fault of FAULTS) {
    const token = site.store.lastToken;
    if (token) emulator.expireToken(token.access_token);
    const ends = ['userinfo', 'auth', 'refresh_token'].map((end) => emulator.fail(end, fault, { times: 2 }));
    for (const door of ['/profile', '/verify']) await browser.get(door);
    later += 3 * HOUR;
    await browser.get('/token');
    ends.forEach((undo) => undo());
    await browser.get('/profile');
  }
  await browser.arrive();
  for (const form of Object.values(FORMS)) {
    for (const [end, door] of [
      ['userinfo', '/profile'],
      ['auth', '/verify'],
      ['refresh_token', '/token'],
    ] as const) {
      echo = { end, form };
      if (door === '/token') later += 3 * HOUR;
      await browser.get(door);
      echo = undefined;
      await browser.get('/profile');
    }
  }
  for (const broken of ['get', 'set'] as const) {
    await browser.arrive();
    later += 3 * HOUR;
    site.store.broken = broken;
    for (const door of ['/token', '/profile']) await browser.get(door);
    await Watched.phone(site).arrive();
    site.store.broken = undefined;
  }
  await browser.get('/logout');
  for (const door of doors) await browser.get(door);
}

/** All that a person can do at WeChat but agree; and a PC, an embedded QR code, a snapshot. */
async function actAtWechat(site: Site): Promise<void> {
  const phone = Watched.phone(site);
  for (const denial of ['authdeny', 'state-only'] as const) {
    emulator.switches.denial = denial;
    const sent = await phone.get('/login');
    const back = await emulator.authorize(sent.location, { allow: false });
    await phone.get(back ?? '');
  }
  for (const id of ['snapshot', 'dirty', 'follower']) await phone.arrive('/login?returnTo=/me', id);
  const desk = Watched.desk(site);
  await desk.arrive('/me');
  await desk.get('/embedded');
  await desk.get('/token');
  for (const fault of FAULTS) {
    const back = await desk.back();
    const undo = emulator.fail('access_token', fault, { times: 2 });
    await desk.finish(back);
    undo();
  }
  await desk.get('/me', { headers: { Accept: 'application/json' } });
}

/** The app itself goes wrong: hooks that throw what they were given, checks, sessions that are lost or fail. */
async function goWrong(host: HostName, hooked: boolean): Promise<void> {
  const hooks: WechatAuthOptions[] = [
    {
      onLogin: (_req, { token }) => {
        // Their own error, with what they put into it, is for their own eyes: it is the cause and nothing else.
        throw Object.assign(new Error('no room'), { toJSON: () => ({ token }), told: token });
      },
    },
    { onLogin: (_req, { token }) => [token.data.access_token] as never },
    { onLogin: () => Promise.reject(new Error('nobody gets in')) },
    { appSecret: WRONG_SECRET },
    { identity: 'unionid', appId: APPS[0]?.appId },
    { flow: () => 'nonsense' as 'auto' },
    { routes: { login: false } },
    { scope: 'snsapi_base' },
  ];
  for (const auth of hooks) {
    const site = await openSite({ host, auth, hooked: true });
    const browser = Watched.phone(site);
    const sent = await browser.follow('/me');
    if (sent.location.startsWith(emulator.url)) {
      emulator.switches.unionid = auth.identity !== 'unionid';
      await browser.finish(await browser.agreeAt(sent.location));
      emulator.switches.unionid = true;
    }
    await browser.get('/me', { headers: { Accept: 'application/json' } });
  }
  const guards = [
    () => false,
    () => {
      throw new Error('the check is broken');
    },
  ];
  for (const check of guards) {
    const site = await openSite({ host, hooked, guard: { check, scope: 'snsapi_userinfo' } });
    await Watched.phone(site).arrive('/me');
  }
  const stepUp = await openSite({
    host,
    hooked,
    auth: { scope: 'snsapi_base' },
    guard: { scope: 'snsapi_userinfo' },
  });
  const climber = Watched.phone(stepUp);
  await climber.arrive('/login');
  await climber.arrive('/me');
  const lost: Partial<AppOptions>[] = [
    { session: null },
    { session: cookies({ keys: [COOKIE_KEY], secure: true, sameSite: 'strict' }) },
    {
      session: serverSessions(new TellingSessions(), { cookie: { sameSite: 'strict' }, secret: COOKIE_KEY }),
    },
  ];
  for (const options of lost) {
    const site = await openSite({ host, hooked, ...options });
    const browser = Watched.phone(site);
    const sent = await browser.get('/login');
    if (!sent.location) continue;
    const back = await browser.agreeAt(sent.location);
    const again = await browser.get(back, { cookie: '' });
    if (again.location) await browser.get(await browser.agreeAt(again.location), { cookie: '' });
  }
  const failing = await openSite({ host, hooked });
  const browser = Watched.phone(failing);
  const back = await browser.back();
  if (failing.sessions) failing.sessions.echoing = true;
  await browser.get(back);
  await browser.get('/login');
  await browser.get('/logout');
}

/** Ways to WeChat, and options of requests. */
async function takeOtherWays(): Promise<void> {
  const through = await proxy();
  sites.push(through);
  const refusing = await listen(
    net.createServer((socket) =>
      socket.once('data', (data) => socket.end(`HTTP/1.1 407 no\r\n\r\n${data.toString()}`)),
    ),
  );
  sites.push(refusing);
  const auth = { username: 'user', password: FIXED['proxy password'][0] };
  const ways: WechatAuthOptions['http'][] = [
    { proxy: { host: '127.0.0.1', port: through.port, auth } },
    { proxy: { host: '127.0.0.1', port: refusing.port, auth } },
    { proxy: { host: '127.0.0.1', port: 1, auth } },
    { signal: AbortSignal.abort(new Error(SECRET)) },
    { headers: { 'X-App': 'mine' }, params: { gateway: 'a' } },
    { adapter: (config) => Promise.reject(Object.assign(new Error(String(config.url)), { config })) },
    { maxRedirects: 5 } as WechatAuthOptions['http'],
  ];
  for (const way of ways) {
    for (const hooked of [true, false]) {
      const site = await openSite({ hooked, auth: { http: { timeout: 300, ...way } } });
      await Watched.phone(site).arrive();
    }
  }
}

async function callAsMiniProgram(): Promise<void> {
  const { appId: app, appSecret: appsecret } = emulator.apps.miniProgram;
  const oauth = new OAuth({
    appid: app,
    appsecret,
    isMiniProgram: true,
    endpoints: { open: emulator.url, api: wire.url },
    http: { timeout: 300 },
  });
  const code = (): string => {
    const fresh = emulator.issueCode({ app });
    canaries.add('code', fresh);
    return fresh;
  };
  const failing = async (work: () => unknown): Promise<void> => {
    await Promise.resolve()
      .then(work)
      .catch((error: unknown) => note('an error', everythingIn(error)));
  };
  const { data } = await oauth.getSessionKey(code());
  canaries.add('session key', data.session_key);
  const encrypted = emulator.encryptUser({ app, sessionKey: data.session_key });
  await failing(() => oauth.getUserByCode({ code: code(), ...encrypted }));
  await failing(() => oauth.decryptMiniProgramUser({ ...encrypted, sessionKey: data.session_key, iv: 'no' }));
  await failing(() =>
    oauth.decryptMiniProgramUser({ ...encrypted, sessionKey: `${data.session_key.slice(0, -4)}AA==` }),
  );
  for (const fault of FAULTS) {
    const undo = emulator.fail('jscode2session', fault);
    await failing(() => oauth.getUserByCode(code()));
    undo();
  }
  for (const form of Object.values(FORMS)) {
    echo = { end: 'jscode2session', form };
    await failing(() => oauth.getUserByCode(code()));
    echo = undefined;
  }
  oauth.setOpts({ timeout: 200, maxRedirects: 3 } as never);
}

/** Options that are wrong, each with a secret where it does not belong. */
function configureWrongly(): void {
  const wrong: object[] = [
    { appSecret: [SECRET] },
    { appSecret: `${SECRET} ` },
    { appSecret: { secret: SECRET } },
    { appsecret: SECRET },
    { website: { appId: 'wx2b00000000000002', appSecret: `\n${SECRET}` } },
    { http: { proxy: `http://user:${encodeURIComponent(FIXED['proxy password'][0])}@127.0.0.1:1` } },
    { tokenStore: { get: SECRET } },
    { endpoints: { api: `http://user:${encodeURIComponent(SECRET)}@wechat.test` } },
    { onLogin: { secret: SECRET } },
  ];
  for (const options of wrong) {
    try {
      wechatAuth({ ...credentials(), ...options });
      throw new Error(`these options were taken: ${Object.keys(options).join()}`);
    } catch (error) {
      note('an error', everythingIn(error));
    }
  }
  const stores: (() => unknown)[] = [
    () => new RedisTokenStore({} as never, { encryptionKeys: ['short'] }),
    () => new KeyvTokenStore(new Map() as never, { encryptionKeys: FIXED['encryption key'][0] as never }),
    () => new KeyvTokenStore(new Map() as never, { encryptionKeys: [{ key: SECRET }] as never }),
  ];
  for (const make of stores) {
    try {
      make();
      throw new Error('this store was made');
    } catch (error) {
      note('an error', everythingIn(error));
    }
  }
}

/** The same in a Redis, plain and encrypted, with a login that restarts and two callbacks that share one. */
async function keepInRedis(): Promise<void> {
  const redis = await startRedis();
  sites.push(redis);
  for (const encrypted of [false, true]) {
    const client = new Redis(redis.port);
    sites.push({
      close: () => {
        client.disconnect();
        return Promise.resolve();
      },
    });
    const encryptionKeys = encrypted ? FIXED['encryption key'] : undefined;
    const store = new RedisTokenStore(client, { prefix: encrypted ? 'sealed:' : 'plain:', encryptionKeys });
    const site = await openSite({ auth: { tokenStore: store } });
    const browser = Watched.phone(site);
    emulator.fail('access_token', { errcode: 40029 });
    const callback = await browser.back();
    await browser.finish(callback);
    const own = await browser.back();
    await Promise.all([browser.get(own, { keepCookies: false }), browser.get(own, { keepCookies: false })]);
    later += 3 * HOUR;
    await browser.finish(own);
    await browser.get('/token');
  }
  const look = new Redis(redis.port);
  for (const key of await look.keys('*')) {
    note('a key of a store', key);
    const value = (await look.get(key)) ?? '';
    if (key.startsWith('sealed:')) note('an encrypted record', value);
    else
      note(key.includes('login:') ? 'what processes share of a login' : 'a record of a token store', value);
  }
  look.disconnect();
}

describe('the search', () => {
  const secret = 'GELBSPOETTER/a+b=c"d&e 0123456789\\~z';

  it.each(Object.entries({ ...FORMS, ...FURTHER_FORMS }))('finds a planted leak: %s', (_name, form) => {
    const planted = new Canaries({ planted: secret });
    for (const around of ['', ':', '::', '?', '%3A'])
      expect(planted.search(`before${around}${form(secret)}${around}after`)).toHaveLength(1);
    expect(planted.search(form('AMSEL/quite+another=text"that&is no secret'))).toEqual([]);
  });

  it('finds half of a secret, wherever it was cut', () => {
    const planted = new Canaries({ planted: secret });
    for (let at = 0; at + 15 <= secret.length; at++)
      expect(planted.search(`<${secret.slice(at, at + 15)}>`)).toHaveLength(1);
  });

  const at = (hide: (error: Error) => unknown): Error => {
    const error = new Error('x');
    hide(error);
    return error;
  };
  it.each<[string, Error]>([
    ['message', new Error(secret)],
    ['cause of a cause', new Error('x', { cause: new Error('y', { cause: { deep: [secret] } }) })],
    ['stack', at((error) => (error.stack = `Error: ${secret}`))],
    ['hidden property', at((error) => Object.defineProperty(error, 'hidden', { value: secret }))],
    ['property under a symbol', at((error) => Object.assign(error, { [Symbol('s')]: { a: secret } }))],
    ['symbol itself', at((error) => Object.assign(error, { [Symbol(secret)]: 1 }))],
    ['getter', at((error) => Object.defineProperty(error, 'got', { get: () => secret }))],
    ['JSON of its own', at((error) => Object.assign(error, { toJSON: () => secret }))],
    ['one of several errors', new AggregateError([new Error(secret)])],
    ['buffer', at((error) => Object.assign(error, { said: { text: Buffer.from(secret).toString('hex') } }))],
  ])('finds what hides in the %s of an error', (_where, error) => {
    expect(new Canaries({ planted: secret }).search(everythingIn(error))).toHaveLength(1);
  });
});

describe('secrets, in whatever happens to a login', () => {
  beforeAll(async () => {
    const { log } = createDebug;
    createDebug.log = (...args: unknown[]) =>
      note(
        BY_THE_APP.test(String(args[0])) ? "a debug line of the app's own parts" : 'a debug line',
        format(...args),
      );
    createDebug.enable('*');
    const spies = [
      jest.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => {
        note('a warning', everythingIn(args));
      }),
      ...(['log', 'info', 'warn', 'error', 'debug', 'trace'] as const).map((method) =>
        jest.spyOn(console, method).mockImplementation((...args: unknown[]) => {
          note('a line on the console', everythingIn(args));
        }),
      ),
      jest.spyOn(Math, 'random').mockReturnValue(0),
    ];
    const now = Date.now.bind(Date);
    spies.push(jest.spyOn(Date, 'now').mockImplementation(() => now() + later));
    emulator = await createEmulator({ apps: APPS });
    wire = await tapped(Number(new URL(emulator.url).port));
    try {
      for (const [number, host] of (['Express 5', 'Express 4', 'Connect'] as const).entries()) {
        for (const [other, sessionName] of SESSION_NAMES.entries()) {
          const hooked = (number + other) % 2 === 1;
          const site = await openSite({ host, sessionName, hooked });
          await meetForgers(site);
          await actAtWechat(site);
          await meetFaults(site);
          await meetEchoes(site);
          if (number === 0) await useTokens(site);
        }
        await goWrong(host, number % 2 === 1);
      }
      await takeOtherWays();
      await callAsMiniProgram();
      configureWrongly();
      if (hasRedis()) await keepInRedis();
    } finally {
      for (const site of sites) {
        for (const error of (site as Partial<TestApp>).errors ?? []) note('an error', everythingIn(error));
        await site.close();
      }
      await wire.close();
      await emulator.close();
      spies.forEach((spy) => spy.mockRestore());
      createDebug.disable();
      createDebug.log = log;
    }
  }, 240_000);

  it('were there to be seen, and so were the places', () => {
    const counted = (kind: Kind): number => canaries.ofKind(kind).length;
    for (const kind of ['code', 'state', 'access token', 'refresh token'] as const)
      expect([kind, counted(kind) > 100]).toEqual([kind, true]);
    expect(counted('session key')).toBeGreaterThan(0);
    expect(counted('session id')).toBeGreaterThan(50);
    const unseen = PLACES.filter((place) => seen[place].size === 0);
    // Nothing of ours writes to the console.
    expect(unseen).toEqual(['a line on the console']);
    expect(seen['an answer'].size).toBeGreaterThan(500);
    expect(seen['an error'].size).toBeGreaterThan(100);
  });

  it('met every kind of error that there is', () => {
    const kinds = new Set(
      [...seen['an error']].flatMap((text) => [...text.matchAll(/"kind":"(\w+)"/g)].map(([, kind]) => kind)),
    );
    expect([...kinds].sort()).toEqual([...ERROR_KINDS].sort());
  });

  const found = new Map<Place, Found[]>();
  const foundIn = (place: Place): Found[] => {
    const known = found.get(place) ?? canaries.search([...seen[place]].join('\n'));
    found.set(place, known);
    return known;
  };
  const mayHold = (place: Place, kind: string): boolean =>
    (MAY_HOLD[place] as readonly string[]).includes(kind);

  it.each(PLACES)('%s: holds none but those it may', (place) => {
    expect(foundIn(place).filter(({ kind }) => !mayHold(place, kind))).toEqual([]);
  });

  it.each(PLACES.filter((place) => MAY_HOLD[place].length > 0))('%s: does hold those', (place) => {
    const held = foundIn(place).map(({ kind }) => kind);
    expect(held.filter((kind) => mayHold(place, kind)).sort()).toEqual([...MAY_HOLD[place]].sort());
  });
});

describe('a process that prints whatever its modules have to say', () => {
  /** An app that logs people in over TLS, well and not; every secret is noted. */
  const LIFE = `
    const fs = require('fs'), http = require('http'), https = require('https');
    const express = require('express'), cookieSession = require('cookie-session');
    const { tls, apps, cookieKey, notes } = JSON.parse(process.env.LIFE);
    const noted = { code: [], state: [], 'access token': [] };
    const note = (kind, secret) => (noted[kind].push(secret), secret);
    const ask = (port, path, cookie) => new Promise((done, fail) => http.get(
      { port, path, agent: false, headers: { Cookie: cookie, Accept: 'text/html', 'User-Agent': 'MicroMessenger/8.0.60' } },
      (res) => res.resume().on('end', () => done({
        status: res.statusCode,
        location: res.headers.location,
        cookie: (res.headers['set-cookie'] || []).map((each) => each.split(';')[0]).join('; ') || cookie,
      }))).on('error', fail));
    (async () => {
      const wechat = await emulator.createEmulator({ https: tls, apps });
      const app = express();
      app.use(cookieSession({ name: 'session', keys: [cookieKey] }));
      const [{ appId, appSecret }] = apps;
      app.use(core.wechatAuth({
        appId, appSecret, endpoints: wechat.endpoints,
        http: { timeout: 1000, ...(process.env.HTTPS_PROXY ? {} : { httpsAgent: new https.Agent({ ca: tls.cert, keepAlive: true }) }) },
      }));
      app.get('/token', core.requireWechatUser(), async (req, res) => res.end(note('access token', await req.wechat.getAccessToken())));
      app.use((error, req, res, next) => { console.error(error); res.status(500).end(); });
      const server = app.listen(0, '127.0.0.1');
      await new Promise((done) => server.once('listening', done));
      const { port } = server.address();
      const statuses = [];
      for (const fault of [undefined, 'reset', 'silence', 'truncated', { html: true }, { errcode: -1 }, { errcode: 40125 }]) {
        for (const end of ['access_token', 'userinfo']) {
          if (fault) wechat.fail(end, fault, { times: 2 });
          let answer = await ask(port, '/login?returnTo=/token', '');
          for (let tries = 0; tries < 2 && answer.location.startsWith(wechat.url); tries++) {
            note('state', new URL(answer.location).searchParams.get('state'));
            const back = new URL(await wechat.authorize(answer.location));
            note('code', back.searchParams.get('code'));
            answer = await ask(port, back.pathname + back.search, answer.cookie);
            if (!answer.location) break;
          }
          statuses.push(answer.location ? (await ask(port, answer.location, answer.cookie)).status : answer.status);
        }
      }
      fs.writeFileSync(notes, JSON.stringify({ noted, statuses }));
      server.close();
      await wechat.close();
      process.exit(0);
    })();`;

  const run = async (env: NodeJS.ProcessEnv): Promise<{ printed: string; known: Canaries }> => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'canaries-'));
    const notes = path.join(folder, 'notes.json');
    const life = { tls: selfSignedCertificate(), apps: APPS, cookieKey: COOKIE_KEY, notes };
    try {
      const { stdout, stderr, exitCode } = await runChild(LIFE, { ...env, LIFE: JSON.stringify(life) });
      expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
      const { noted, statuses } = JSON.parse(readFileSync(notes, 'utf8')) as {
        noted: Record<'code' | 'state' | 'access token', string[]>;
        statuses: number[];
      };
      // All went as it was to go: a login, and then each fault.
      expect(statuses.slice(0, 2)).toEqual([200, 200]);
      expect(new Set(statuses)).toEqual(new Set([200, 500, 502, 503, 504]));
      expect([noted.code.length > 10, noted.state.length > 10, noted['access token'].length > 1]).toEqual([
        true,
        true,
        true,
      ]);
      return { printed: stdout + stderr, known: new Canaries({ ...FIXED, ...noted }) };
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it.each(['directly', 'through HTTPS_PROXY'])(
    'says no secret under DEBUG=*, but for what the framework says of its requests (%s)',
    async (way) => {
      const through = way === 'directly' ? undefined : await proxy();
      const password = encodeURIComponent(FIXED['proxy password'][0]);
      const { printed, known } = await run({
        DEBUG: '*',
        ...(through && {
          HTTPS_PROXY: `http://user:${password}@127.0.0.1:${through.port}`,
          NODE_TLS_REJECT_UNAUTHORIZED: '0',
        }),
      }).finally(() => through?.close());
      const lines = printed.split('\n').filter((line) => !BY_THE_APP.test(line));
      expect(lines.some((line) => line.includes('wechat-auth:api'))).toBe(true);
      expect(lines.some((line) => line.includes('https-proxy-agent'))).toBe(through !== undefined);
      expect(known.search(lines.join('\n'))).toEqual([]);
    },
  );

  it('says nothing of what goes to WeChat under NODE_DEBUG either', async () => {
    const { printed, known } = await run({ NODE_DEBUG: 'http,https,net,tls' });
    for (const part of ['HTTP', 'NET', 'TLS']) expect(printed).toMatch(new RegExp(`^${part} \\d+:`, 'm'));
    // Node itself prints the heads of what browsers ask, and the browser here is in the same process.
    const ofBrowsers = ['code', 'state'];
    expect(known.search(printed).filter(({ kind }) => !ofBrowsers.includes(kind))).toEqual([]);
  });
});
