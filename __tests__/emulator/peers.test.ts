// Other packages for WeChat login log in through the emulator without changes. WeChat's hosts lead to it over
// TLS.
import path from 'node:path';
import express, { type RequestHandler } from 'express';
import session from 'express-session';
import { selfSignedCertificate } from '../../lib/emulator';
import { Browser, type BrowserResponse } from '../support/browser';
import { listen, type Running } from '../support/hosts';
import { codeIn, useEmulatorClient, uuidOf, type EmulatorClient } from './support/emulator-client';
import { routeWechatHosts, WECHAT_HOSTS } from './support/route-wechat-hosts';

const startClient = useEmulatorClient();
let client: EmulatorClient;
let restoreAgents: () => void;
let app: Running | undefined;
beforeEach(async () => {
  const pair = selfSignedCertificate(WECHAT_HOSTS);
  client = await startClient({ https: pair });
  restoreAgents = routeWechatHosts(client.wechat.url, pair);
});
afterEach(async () => {
  restoreAgents();
  await app?.close();
  app = undefined;
});

const AUTHORIZE = 'https://open.weixin.qq.com/connect/oauth2/authorize';
const LOGIN_BY_CONSENT = ['GET /connect/oauth2/authorize', 'POST /connect/oauth2/authorize'];
const PROFILE_OF_A_CODE = ['GET /sns/oauth2/access_token', 'GET /sns/userinfo'];

function openid(): string {
  return client.wechat.openid('ming', client.wechat.apps.official.appId);
}

function calls(): string[] {
  return client.wechat.requests.map((request) => `${request.method} ${request.path}`);
}

/** Presses a button of WeChat's page and follows the redirect. */
async function pressAndFollow(
  browser: Browser,
  page: BrowserResponse,
  reply: 'allow' | 'deny',
): Promise<BrowserResponse> {
  return browser.followEverywhere((await browser.press(page, reply)).location);
}

/** The part of wechat-oauth's API that the tests use; the package has no types. */
interface Peer {
  getAuthorizeURL(redirect: string, state: string, scope: string): string;
  getAuthorizeURLForWebsite(redirect: string, state: string): string;
  getAccessToken(code: string, done: Done): void;
  refreshAccessToken(refreshToken: string, done: Done): void;
  verifyToken(openid: string, accessToken: string, done: Done): void;
  getUser(openid: string, done: Done): void;
  getUserByCode(code: string, done: Done): void;
  getSessionKey(code: string, done: Done): void;
  decryptMiniProgramUser(options: {
    sessionKey: string;
    encryptedData: string;
    iv: string;
  }): Record<string, unknown>;
}
type Fields = Readonly<Record<string, unknown>>;
type Done = (error: Error | null, result: Fields & { readonly data?: Fields }) => void;
type OAuthConstructor = new (
  appId: string,
  appSecret: string,
  getToken?: undefined,
  saveToken?: undefined,
  isMiniProgram?: boolean,
) => Peer;

describe('wechat-oauth', () => {
  const WechatOAuth = jest.requireActual<OAuthConstructor>('wechat-oauth');
  const peer = (kind: 'official' | 'website' | 'miniProgram'): Peer => {
    const { appId, appSecret } = client.wechat.apps[kind];
    return new WechatOAuth(appId, appSecret, undefined, undefined, kind === 'miniProgram');
  };
  const promised = (call: (done: Done) => void): Promise<Fields> =>
    new Promise((resolve, reject) =>
      call((error, result) => (error ? reject(error) : resolve(result.data ?? result))),
    );

  it('logs a person in to an official account and reads the profile', async () => {
    const oauth = peer('official');
    const url = oauth.getAuthorizeURL('https://h5.example.com/callback', 'state', 'snsapi_userinfo');
    const code = codeIn(await client.wechat.authorize(url));
    const token = await promised((done) => oauth.getAccessToken(code, done));
    expect(token).toMatchObject({ openid: openid(), scope: 'snsapi_userinfo', expires_in: 7200 });
    const profile = await promised((done) => oauth.getUser(openid(), done));
    expect(profile).toMatchObject({ nickname: '小明', openid: openid() });
    expect(
      await promised((done) => oauth.verifyToken(openid(), String(token['access_token']), done)),
    ).toMatchObject({ errcode: 0 });
    expect(
      await promised((done) => oauth.refreshAccessToken(String(token['refresh_token']), done)),
    ).toMatchObject({ openid: openid() });
    expect(client.wechat.requests.every((request) => request.warning === undefined)).toBe(true);
  });

  it('logs a person in by QR code', async () => {
    const oauth = peer('website');
    const code = codeIn(
      await client.wechat.authorize(oauth.getAuthorizeURLForWebsite('https://h5.example.com/callback', 's')),
    );
    const profile = await promised((done) => oauth.getUserByCode(code, done));
    expect(profile).toMatchObject({
      unionid: client.wechat.unionid('ming', client.wechat.apps.official.appId),
    });
  });

  it('reads a mini program’s encrypted user', async () => {
    const oauth = peer('miniProgram');
    const session = await promised((done) => oauth.getSessionKey(client.miniProgramCode(), done));
    const sessionKey = String(session['session_key']);
    const { appId } = client.wechat.apps.miniProgram;
    const { encryptedData, iv } = client.wechat.encryptUser({ app: appId, sessionKey });
    expect(oauth.decryptMiniProgramUser({ sessionKey, encryptedData, iv })).toMatchObject({
      nickName: '小明',
      openId: session['openid'],
    });
  });

  it('reports WeChat’s errors', async () => {
    const oauth = peer('official');
    await expect(promised((done) => oauth.getAccessToken('code', done))).rejects.toMatchObject({
      name: 'WeChatAPIError',
      code: 40029,
      message: expect.stringMatching(/^invalid code, rid: /) as string,
    });
  });
});

describe('passport-wechat', () => {
  type Verified = (error: null, user: Fields) => void;
  type Verify = (access: string, refresh: string, profile: Fields, expires: number, done: Verified) => void;
  interface Passport {
    use(strategy: object): void;
    initialize(): RequestHandler;
    authenticate(name: string, options: object): RequestHandler;
  }
  const Strategy = jest.requireActual<new (options: object, verify: Verify) => object>('passport-wechat');
  // The copy of passport that passport-wechat depends on.
  const { Passport } = jest.requireActual<{ Passport: new () => Passport }>(
    require.resolve('passport', { paths: [path.dirname(require.resolve('passport-wechat'))] }),
  );

  const start = async (options: object): Promise<Running> => {
    const passport = new Passport();
    passport.use(new Strategy(options, (_access, _refresh, profile, _expires, done) => done(null, profile)));
    const host = express();
    host.use(passport.initialize());
    host.get('/login', passport.authenticate('wechat', { session: false }), (req, res) => {
      res.json((req as unknown as { user: Fields }).user);
    });
    app = await listen(host);
    return app;
  };
  const credentials = (kind: 'official' | 'website'): object => {
    const { appId, appSecret } = client.wechat.apps[kind];
    return { appID: appId, appSecret, state: 'state' };
  };

  it('logs a person in to an official account through the consent page', async () => {
    const { url } = await start(credentials('official'));
    const browser = Browser.inWechat(url);
    const done = await pressAndFollow(browser, await browser.followEverywhere('/login'), 'allow');
    expect(done.json()).toMatchObject({ openid: openid(), nickname: '小明' });
    expect(browser.history).toEqual([`${url}/login`, AUTHORIZE, AUTHORIZE, `${url}/login`]);
    expect(calls()).toEqual([...LOGIN_BY_CONSENT, ...PROFILE_OF_A_CODE]);
    expect(client.wechat.requests.every((request) => request.warning === undefined)).toBe(true);
  });

  it('refuses the login after both kinds of callback that report a denial', async () => {
    const { url } = await start(credentials('official'));
    for (const denial of ['state-only', 'authdeny'] as const) {
      client.wechat.switches.denial = denial;
      const browser = Browser.inWechat(url);
      const done = await pressAndFollow(browser, await browser.followEverywhere('/login'), 'deny');
      expect([done.status, done.body]).toEqual([401, 'Unauthorized']);
    }
    expect(calls().filter((call) => call.includes('/sns/'))).toEqual([]);
  });

  it('logs a person in by QR code', async () => {
    const { url } = await start({ ...credentials('website'), client: 'web', scope: 'snsapi_login' });
    const browser = Browser.inWechat(url);
    const page = await browser.followEverywhere('/login');
    const uuid = uuidOf({ text: page.body });
    const confirm = await browser.get(`https://open.weixin.qq.com/connect/confirm?uuid=${uuid}`);
    await browser.press(confirm, 'allow');
    const poll = await browser.get(`https://open.weixin.qq.com/connect/l/qrconnect?uuid=${uuid}&last=404`);
    const code = /wx_errcode=405;window.wx_code='(\w+)'/.exec(poll.body)?.[1] ?? '';
    const callback = /data-callback="([^"]+)"/.exec(page.body)?.[1] ?? '';
    const done = await browser.followEverywhere(callback.replaceAll('&amp;', '&').replace(uuid, code));
    expect(done.json()).toMatchObject({
      openid: client.wechat.openid('ming', client.wechat.apps.website.appId),
      unionid: client.wechat.unionid('ming', client.wechat.apps.official.appId),
    });
  });
});

describe('grant', () => {
  const grant = jest.requireActual<{ express(config: object): RequestHandler }>('grant');

  const start = async (wechat: object): Promise<Running> => {
    const host = express();
    host.use(session({ secret: 'test', resave: false, saveUninitialized: false }));
    const running = await listen(host);
    const { appId, appSecret } = client.wechat.apps.official;
    host.use(
      grant.express({
        defaults: { origin: running.url, transport: 'session' },
        wechat: { key: appId, secret: appSecret, callback: '/done', state: true, ...wechat },
      }),
    );
    host.get('/done', (req, res) => {
      res.json((req.session as unknown as { grant: { response: Fields } }).grant.response);
    });
    app = running;
    return running;
  };

  it('logs a person in and reads the profile', async () => {
    const { url } = await start({ scope: ['snsapi_userinfo'], response: ['tokens', 'raw', 'profile'] });
    const browser = Browser.inWechat(url);
    const done = await pressAndFollow(browser, await browser.followEverywhere('/connect/wechat'), 'allow');
    expect(done.json()).toMatchObject({
      access_token: expect.any(String) as string,
      refresh_token: expect.any(String) as string,
      raw: { openid: openid(), scope: 'snsapi_userinfo' },
      profile: { nickname: '小明' },
    });
    expect(browser.history).toEqual([
      `${url}/connect/wechat`,
      AUTHORIZE,
      AUTHORIZE,
      `${url}/connect/wechat/callback`,
      `${url}/done`,
    ]);
    expect(calls()).toEqual([...LOGIN_BY_CONSENT, ...PROFILE_OF_A_CODE]);
  });

  it('gets a warning for its order of parameters, and an error page if the switch parameterOrder is strict', async () => {
    const { url } = await start({ scope: ['snsapi_base'] });
    await Browser.inWechat(url).followEverywhere('/connect/wechat');
    expect(client.wechat.requests[0]?.warning).toMatch(
      /the order of parameters is .*; WeChat documents appid/,
    );
    client.wechat.switches.parameterOrder = 'strict';
    const page = await Browser.inWechat(url).followEverywhere('/connect/wechat');
    expect(page.body).toContain('该链接无法访问');
  });
});
