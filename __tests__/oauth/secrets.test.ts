// Causes every error, and searches everything in it for secrets.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import {
  OAuth,
  WechatAuthError,
  type WechatHttpOptions,
  type OAuthOptions,
  type TokenData,
  type TokenStore,
} from '../../lib';
import { selfSignedCertificate, type EmulatorFault } from '../../lib/emulator';
import { Canaries, ENCODINGS, everythingIn, type Encoding } from '../support/canaries';
import { OAuthFixture, failure } from './oauth-fixture';
import { runChild } from '../support/processes/child';
import { startConnectProxy } from '../support/processes/connect-proxy';
import { startHttpServer, startTcpServer, useServers, type Server } from '../support/processes/servers';

/** Secrets that hold all characters that encodings change. */
const SECRET = {
  appsecret: 'CANARY/app+secret=0123456789~a',
  code: 'CANARY/co de+0123456789"&=?#%',
  access: '91_CANARY-access_0123456789/+~ABCdef',
  refresh: '91_CANARY-refresh_0123456789/+~ABCdef',
  sessionKey: 'CANARY/session+key012==',
  proxyPassword: 'CANARY:proxy@password/0123',
} as const;

const CANARIES = new Canaries(SECRET);

/** Expects an error of this package that holds no part of any secret. */
async function expectNoSecret(work: Promise<unknown>, canaries = CANARIES): Promise<void> {
  const error = await failure(work);
  expect(canaries.search(everythingIn(error))).toEqual([]);
  expect(error.message).not.toBe('');
}

const record: TokenData = {
  access_token: SECRET.access,
  refresh_token: SECRET.refresh,
  expires_in: 7200,
  openid: 'oUser',
  scope: 'snsapi_userinfo',
  create_at: Date.now(),
};
const old: TokenData = { ...record, create_at: 0 };

const opened = useServers();
afterEach(() => {
  jest.restoreAllMocks();
});

/** Options of an account with an AppSecret of its own. */
type OwnOptions = Partial<Extract<OAuthOptions, { appsecret: string }>>;

function oauth(api: string, options: OwnOptions = {}): OAuth {
  return new OAuth({
    appid: 'wxAppid',
    appsecret: SECRET.appsecret,
    endpoints: { api },
    ...options,
  });
}

type MakeOAuth = (options?: OwnOptions) => OAuth;

/** Every call, with its secrets. */
const CALLS: Readonly<Record<string, (make: MakeOAuth) => Promise<unknown>>> = {
  getAccessToken: (make) => make().getAccessToken(SECRET.code),
  refreshAccessToken: (make) => make().refreshAccessToken(SECRET.refresh),
  getUser: (make) => make({ getToken: () => Promise.resolve(record) }).getUser('oUser'),
  'getUser with an expired token': (make) => make({ getToken: () => Promise.resolve(old) }).getUser('oUser'),
  getUserByCode: (make) => make().getUserByCode(SECRET.code),
  verifyToken: (make) => make().verifyToken('oUser', SECRET.access),
  getSessionKey: (make) => make().getSessionKey(SECRET.code),
};

async function expectNoSecretInAny(make: MakeOAuth): Promise<void> {
  await Promise.all(Object.values(CALLS).map((call) => expectNoSecret((async () => call(make))())));
}

describe('an errcode', () => {
  const ERRCODES = [
    -1, 40001, 40002, 40003, 40013, 40014, 40029, 40030, 40066, 40125, 40163, 40226, 41001, 41002, 41003,
    41004, 41008, 41009, 42001, 42002, 42003, 42007, 43003, 45009, 45011, 48001, 50001, 50002, 99999,
  ];

  /** A server in WeChat's place whose errmsg repeats every parameter and the whole address of the request. */
  const echo = (errcode: number, form: Encoding): Promise<Server> =>
    opened(
      startHttpServer((req, res) => {
        const { searchParams } = new URL(req.url ?? '', 'http://h');
        const echoed = [...searchParams.values()].map(form).join(' , ');
        res.end(
          JSON.stringify({
            errcode,
            errmsg: `invalid: ${echoed} in ${req.url ?? ''}, rid: 1-2-3`,
            echoed,
          }),
        );
      }),
    );

  it.each(ERRCODES)('%d does not show the secrets that WeChat repeats', async (errcode) => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
    const { url } = await echo(errcode, (secret) =>
      Object.values(ENCODINGS)
        .map((form) => form(secret))
        .join(' '),
    );
    await expectNoSecretInAny((options) => oauth(url, options));
  });

  it.each<[string, (all: string, res: ServerResponse) => void]>([
    ['an errmsg', (all, res) => res.end(JSON.stringify({ errcode: 48001, errmsg: all }))],
    ['a content type', (all, res) => res.setHeader('Content-Type', all).end('no JSON')],
    ['an unknown field', (all, res) => res.end(JSON.stringify({ openid: 7, [all.slice(0, 60)]: all }))],
  ])(
    'does not show the secrets of the exchange that a later response repeats in %s',
    async (_where, respond) => {
      const seen: string[] = [SECRET.access, SECRET.refresh];
      const { url } = await opened(
        startHttpServer((req, res) => {
          const { pathname, searchParams } = new URL(req.url ?? '', 'http://h');
          seen.push(...searchParams.values());
          if (pathname.endsWith('/userinfo')) respond(seen.map(encodeURIComponent).join(' '), res);
          else res.end(JSON.stringify({ ...record, scope: 'snsapi_userinfo' }));
        }),
      );
      await expectNoSecret(oauth(url).getUserByCode(SECRET.code));
      const accessToken = await oauth(url).getAccessToken(SECRET.code);
      await expectNoSecret(oauth(url).getUserByAccessToken(accessToken));
      expect(seen).toContain(SECRET.code);
      expect(seen).toContain(SECRET.appsecret);
    },
  );

  it.each(Object.keys(ENCODINGS))(
    'does not show the secrets that WeChat repeats, in the form: %s',
    async (name) => {
      const { url } = await echo(40029, ENCODINGS[name] ?? String);
      await expectNoSecretInAny((options) => oauth(url, options));
    },
  );
});

describe('a failure of the network', () => {
  let fixture: OAuthFixture;
  beforeAll(async () => {
    fixture = await OAuthFixture.start();
  });
  afterAll(() => fixture.close());
  beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));

  const all = Object.values(SECRET).join(' ');
  const FAULTS: readonly EmulatorFault[] = [
    'reset',
    'reset-inside',
    'silence',
    'truncated',
    'empty',
    { html: true },
    { drip: 5 },
    { status: 502, body: all },
    { status: 500, body: JSON.stringify({ error: all }) },
    { status: 302, headers: { Location: `http://127.0.0.1:1/?${encodeURIComponent(all)}` } },
    { redirect: 'http://127.0.0.1:1/' },
    { body: all },
    { body: JSON.stringify([all]) },
    { body: JSON.stringify({ openid: 5, access_token: all, session_key: [all], errmsg: 5 }) },
    { body: JSON.stringify({ errcode: 40029, errmsg: { deep: all } }) },
    { body: all.padEnd(2 ** 20 + 1) },
  ];
  const PATHS = ['access_token', 'refresh_token', 'userinfo', 'auth', 'jscode2session'];

  it.each(FAULTS.map((fault) => [inspect(fault, { breakLength: Infinity }).slice(0, 50), fault] as const))(
    'does not show the secrets: %s',
    async (_name, fault) => {
      const undo = PATHS.map((end) =>
        fixture.emulator.fail(end, fault, { times: Infinity, workDone: false }),
      );
      const make: MakeOAuth = (options) => oauth(fixture.emulator.url, { http: { timeout: 80 }, ...options });
      try {
        await expectNoSecretInAny(make);
      } finally {
        undo.forEach((end) => end());
      }
    },
  );

  it.each<[string, string]>([
    ['the request itself', ''],
    ['a status line with the request in it', 'HTTP/1.1 500 '],
    ['a header with the request in it', 'HTTP/1.1 200 OK\r\nX-Echo: '],
    ['a content type with the request in it', 'HTTP/1.1 200 OK\r\nContent-Type: '],
  ])('does not show the secrets if a server sends back %s', async (_what, head) => {
    const { url } = await opened(
      startTcpServer((socket) => socket.once('data', (data) => socket.end(head + data.toString()))),
    );
    await expectNoSecretInAny((options) => oauth(url, options));
  });

  it('does not show the secrets if WeChat is not reached, directly or through a proxy', async () => {
    const refusing = await opened(
      startTcpServer((socket) =>
        socket.once('data', (data) =>
          socket.end(`HTTP/1.1 407 ${SECRET.proxyPassword}\r\n\r\n${data.toString()}`),
        ),
      ),
    );
    const auth = { username: 'user', password: SECRET.proxyPassword };
    const httpOptions: readonly WechatHttpOptions[] = [
      {},
      { proxy: { host: '127.0.0.1', port: 1, auth } },
      { proxy: { host: '127.0.0.1', port: refusing.port, auth } },
      { proxy: { protocol: 'socks5', host: '127.0.0.1', port: 1, auth } },
      { httpAgent: 'no agent', httpsAgent: 'no agent' },
      { signal: AbortSignal.abort(new Error(SECRET.appsecret)) },
      {
        adapter: (config) =>
          Promise.reject(
            Object.assign(new Error(`broken at ${config.url ?? ''}`), { config, code: 'E_MINE' }),
          ),
      },
    ] as WechatHttpOptions[];
    for (const api of ['http://127.0.0.1:1', 'https://api.localhost:1']) {
      for (const options of httpOptions) {
        const make: MakeOAuth = (more) => oauth(api, { http: options, ...more });
        await expectNoSecretInAny(make);
      }
    }
  });
});

describe('a store that fails', () => {
  /** A server in WeChat's place that issues the canaries as tokens. */
  const wechat = (): Promise<Server> =>
    opened(
      startHttpServer((req, res) =>
        res.end(
          JSON.stringify(
            (req.url ?? '').includes('userinfo')
              ? { openid: 'oUser', nickname: 'n' }
              : {
                  access_token: SECRET.access,
                  refresh_token: SECRET.refresh,
                  expires_in: 7200,
                  openid: 'oUser',
                  scope: 'snsapi_userinfo',
                },
          ),
        ),
      ),
    );

  /** The places where errors of database clients repeat the values that the client was given. */
  const SHAPES: Readonly<Record<string, (echoed: string) => unknown>> = {
    'its message': (echoed) => new Error(`ERR unknown value ${echoed}`),
    'its other properties': (echoed) =>
      Object.assign(new Error('ERR'), {
        command: { name: 'SET', args: ['key', echoed] },
        input: Buffer.from(echoed),
        query: echoed,
      }),
    'its name and code': (echoed) => Object.assign(new Error('ERR'), { name: echoed, code: echoed }),
    'its cause': (echoed) =>
      new Error('ERR', { cause: new Error(echoed, { cause: { parameters: [echoed] } }) }),
    'several errors': (echoed) => new AggregateError([new Error(echoed)], `all failed: ${echoed}`),
    'hidden properties': (echoed) =>
      Object.defineProperty(new Error('ERR'), Symbol('query'), { value: echoed }),
    'its stack': (echoed) =>
      Object.assign(new Error('ERR'), { stack: `Error: ${echoed}\n at query(${echoed})` }),
    'a string': (echoed) => echoed,
    'an object that is not an Error': (echoed) => ({ message: echoed, detail: echoed }),
    'an error of this package': (echoed) => {
      const error = new StoreError(echoed);
      return Object.assign(error, { detail: echoed });
    },
  };
  class StoreError extends WechatAuthError {
    constructor(echoed: string) {
      super('token_store', `mine: ${echoed}`, {
        cause: Object.assign(new Error(echoed), { command: [echoed] }),
      });
    }
  }

  const both = (form: Encoding): string => [SECRET.access, SECRET.refresh].map(form).join(' and ');
  const failing = (part: keyof TokenStore, error: unknown): TokenStore => ({
    get: () => Promise.resolve(old),
    set: () => Promise.resolve(),
    delete: () => Promise.resolve(),
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    ...{ [part]: () => Promise.reject(error) },
  });

  describe.each(Object.keys(SHAPES))('with an error that repeats the tokens in %s', (shape) => {
    it.each(Object.keys(ENCODINGS))('does not show them: %s', async (form) => {
      const { url } = await wechat();
      const error = SHAPES[shape]?.(both(ENCODINGS[form] ?? String));
      const save = oauth(url, { tokenStore: failing('set', error) });
      await expectNoSecret(save.getAccessToken(SECRET.code));
      await expectNoSecret(save.refreshAccessToken(SECRET.refresh));
      await expectNoSecret(oauth(url, { tokenStore: failing('set', error) }).getUser('oUser'));
      await expectNoSecret(oauth(url, { tokenStore: failing('lock', error) }).getUser('oUser'));
      await expectNoSecret(
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
        oauth(url, { saveToken: () => Promise.reject(error) }).getAccessToken(SECRET.code),
      );
      // The token is in the cache, and has expired: then the store is read.
      const known = oauth(url);
      await known.getAccessToken(SECRET.code);
      jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 7_200_000);
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      known.getToken = () => Promise.reject(error);
      await expectNoSecret(known.getUser('oUser'));
    });

    it('does not show a token that the library does not know, if its name or shape identifies it', async () => {
      const token = `91_CANARY${'x'.repeat(80)}`;
      for (const echoed of [
        token,
        `SET key ${token}`,
        JSON.stringify({ access_token: token }),
        `{"refresh_token":"${SECRET.refresh}"`,
      ]) {
        const error = SHAPES[shape]?.(echoed);
        await expectNoSecret(
          oauth('http://127.0.0.1:1', { tokenStore: failing('get', error) }).getUser('oUser'),
          new Canaries({ token, refresh: SECRET.refresh }),
        );
      }
    });
  });

  it('with a result that is not a token does not show the result', async () => {
    for (const returned of [
      JSON.stringify(record),
      [SECRET.access],
      { token: SECRET.access },
      { ...record, openid: 'oOther' },
    ]) {
      await expectNoSecret(
        oauth('http://127.0.0.1:1', { getToken: () => Promise.resolve(returned) }).getUser('oUser'),
      );
    }
  });

  it('by invalid JSON does not show the part that the parser quotes', async () => {
    const getToken = (): unknown => JSON.parse(`{"a":"${SECRET.access}",}`);
    const error = await failure(oauth('http://127.0.0.1:1', { getToken }).getUser('oUser'));
    expect(error.message).toContain('failed (get): the stored text is not JSON');
    expect(everythingIn(error)).not.toContain('CANARY');
  });
});

describe('a process that runs with DEBUG=*', () => {
  /**
   * Makes a login, a profile, a refresh and a session key succeed and then fail, and writes every secret to
   * the file $NOTES.
   */
  const SCRIPT = (http: string): string => `
    const fs = require('fs'), https = require('https');
    const tls = JSON.parse(process.env.TLS);
    const appSecret = process.env.SECRET;
    const noted = new Set([appSecret, process.env.PASSWORD]);
    const note = (secret) => (noted.add(secret), secret);
    https.globalAgent.options.ca = tls.cert;
    (async () => {
      const apps = [
        { type: 'official', appId: 'wx1111111111111111', appSecret },
        { type: 'miniprogram', appId: 'wx2222222222222222', appSecret },
      ];
      const wechat = await emulator.createEmulator({ https: tls, apps, names: ['wechat.test'] });
      // Loopback addresses never go through a proxy of the environment; this proxy resolves any name to them.
      const api = process.env.HTTPS_PROXY ? 'https://wechat.test:' + new URL(wechat.url).port : wechat.url;
      const make = (appid, more) => new core.OAuth({ appid, appsecret: appSecret, endpoints: { ...wechat.endpoints, api }, http: { timeout: 2000, ...(${http}) }, ...more });
      const code = (app) => note(wechat.issueCode({ app }));
      const oauth = make(apps[0].appId), mini = make(apps[1].appId, { isMiniProgram: true });
      const outcomes = [];
      const run = async (work) => { try { outcomes.push('ok'); return await work(); } catch (error) { outcomes[outcomes.length - 1] = error.kind; console.error(error); console.log(JSON.stringify(error)); } };
      const token = await run(() => oauth.getAccessToken(code(apps[0].appId)));
      note(token.data.access_token); note(token.data.refresh_token);
      console.log(oauth, token);
      await run(() => oauth.getUser(token.data.openid));
      await run(() => oauth.verifyToken(token.data.openid, token.data.access_token));
      const fresh = await run(() => oauth.refreshAccessToken(token.data.refresh_token));
      note(fresh.data.access_token);
      const session = await run(() => mini.getSessionKey(code(apps[1].appId)));
      note(session.data.session_key);
      for (const fault of ['reset', 'truncated', { html: true }, { errcode: -1 }, { redirect: wechat.url + '/x' }]) {
        for (const end of ['access_token', 'userinfo', 'refresh_token', 'jscode2session']) wechat.fail(end, fault, { times: 2 });
        await run(() => oauth.getAccessToken(code(apps[0].appId)));
        await run(() => oauth.getAccessToken(code(apps[0].appId)));
        await run(() => oauth.getUser(token.data.openid));
        await run(() => oauth.refreshAccessToken(token.data.refresh_token));
        await run(() => mini.getSessionKey(code(apps[1].appId)));
        await run(() => mini.getSessionKey(code(apps[1].appId)));
      }
      await run(() => oauth.getAccessToken(note('CANARY-code-that-is-none-0123456789')));
      fs.writeFileSync(process.env.NOTES, JSON.stringify({ noted: [...noted], outcomes }));
      await wechat.close();
      process.exit(0);
    })();`;

  const DIRECT = '{ httpsAgent: new https.Agent({ ca: tls.cert, keepAlive: true }) }';
  const PROXY_OPTION = `{ httpsAgent: new https.Agent({ ca: tls.cert }), proxy: { host: '127.0.0.1', port: +process.env.PORT, auth: { username: 'user', password: process.env.PASSWORD } } }`;

  it.each([
    ['directly', DIRECT, (): NodeJS.ProcessEnv => ({})],
    ['through http.proxy', PROXY_OPTION, (): NodeJS.ProcessEnv => ({})],
    [
      'through HTTPS_PROXY',
      '{}',
      (port: number): NodeJS.ProcessEnv => ({
        HTTPS_PROXY: `http://user:${encodeURIComponent(SECRET.proxyPassword)}@127.0.0.1:${port}`,
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
      }),
    ],
  ])('and reaches WeChat %s prints no secret', async (_how, options, env) => {
    const { port } = await opened(startConnectProxy());
    const folder = mkdtempSync(path.join(os.tmpdir(), 'canary-'));
    const NOTES = path.join(folder, 'notes.json');
    try {
      const { stdout, stderr, exitCode } = await runChild(SCRIPT(options), {
        DEBUG: '*',
        TLS: JSON.stringify(selfSignedCertificate()),
        SECRET: SECRET.appsecret,
        PASSWORD: SECRET.proxyPassword,
        PORT: String(port),
        NOTES,
        ...env(port),
      });
      const printed = stdout + stderr;
      expect({ exitCode, printed: exitCode === 0 ? '' : printed }).toEqual({ exitCode: 0, printed: '' });
      const { noted, outcomes } = JSON.parse(readFileSync(NOTES, 'utf8')) as {
        noted: string[];
        outcomes: string[];
      };
      // Debug output was on, and the calls that should succeed did.
      expect(printed).toMatch(
        /wechat-auth:api.* \/sns\/oauth2\/access_token succeeded after \d+ ms \(node\)/,
      );
      if (options !== DIRECT) expect(printed).toContain('https-proxy-agent');
      expect(outcomes.slice(0, 5)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
      expect(new Set(outcomes)).toEqual(new Set(['ok', 'network', 'bad_answer', 'busy', 'code_invalid']));
      expect(noted.length).toBeGreaterThan(20);
      expect(new Canaries({ noted }).search(printed)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
