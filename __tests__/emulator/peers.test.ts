// Other people's clients, unmodified, log in through the emulator: to them it is WeChat. Their hosts lead here over TLS.
import https from 'node:https';
import type net from 'node:net';
import tls from 'node:tls';
import { selfSignedCertificate } from '../../lib/emulator';
import { codeIn, Lab } from './lab';

/** As much of wechat-oauth's untyped surface as is used here. */
interface Peer {
  setOpts(options: object): void;
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

const WechatOAuth = jest.requireActual<OAuthConstructor>('wechat-oauth');

const HOSTS = ['open.weixin.qq.com', 'api.weixin.qq.com'];

/** Whatever host is asked for, the emulator answers; it must prove to be that host. */
class Detour extends https.Agent {
  constructor(
    readonly port: number,
    readonly ca: string,
  ) {
    super();
  }

  override createConnection(options: { host?: string }): net.Socket {
    return tls.connect({ host: '127.0.0.1', port: this.port, servername: options.host ?? '', ca: this.ca });
  }
}

describe('wechat-oauth', () => {
  let lab: Lab;
  let detour: Detour;
  const peer = (kind: 'official' | 'website' | 'miniProgram'): Peer => {
    const { appId, appSecret } = lab.wechat.apps[kind];
    const oauth = new WechatOAuth(appId, appSecret, undefined, undefined, kind === 'miniProgram');
    oauth.setOpts({ httpsAgent: detour });
    return oauth;
  };
  const promised = (call: (done: Done) => void): Promise<Fields> =>
    new Promise((resolve, reject) =>
      call((error, result) => (error ? reject(error) : resolve(result.data ?? result))),
    );

  beforeEach(async () => {
    const pair = selfSignedCertificate(HOSTS);
    lab = await Lab.open({ https: pair });
    detour = new Detour(Number(new URL(lab.wechat.url).port), pair.cert);
  });
  afterEach(async () => {
    detour.destroy();
    await lab.wechat.close();
  });

  it('logs a person in to an official account and reads the profile', async () => {
    const oauth = peer('official');
    const url = oauth.getAuthorizeURL('https://h5.example.com/callback', 'state', 'snsapi_userinfo');
    const code = codeIn(await lab.wechat.authorize(url));
    const token = await promised((done) => oauth.getAccessToken(code, done));
    const openid = lab.wechat.openid('ming', lab.wechat.apps.official.appId);
    expect(token).toMatchObject({ openid, scope: 'snsapi_userinfo', expires_in: 7200 });
    expect(await promised((done) => oauth.getUser(openid, done))).toMatchObject({ nickname: '小明', openid });
    expect(
      await promised((done) => oauth.verifyToken(openid, String(token['access_token']), done)),
    ).toMatchObject({ errcode: 0 });
    expect(
      await promised((done) => oauth.refreshAccessToken(String(token['refresh_token']), done)),
    ).toMatchObject({ openid });
    expect(lab.wechat.requests.every((request) => request.warning === undefined)).toBe(true);
  });

  it('logs a person in by QR code', async () => {
    const oauth = peer('website');
    const code = codeIn(
      await lab.wechat.authorize(oauth.getAuthorizeURLForWebsite('https://h5.example.com/callback', 's')),
    );
    const profile = await promised((done) => oauth.getUserByCode(code, done));
    expect(profile).toMatchObject({ unionid: lab.wechat.unionid('ming', lab.wechat.apps.official.appId) });
  });

  it('reads a mini program’s encrypted user', async () => {
    const oauth = peer('miniProgram');
    const session = await promised((done) => oauth.getSessionKey(lab.miniProgramCode(), done));
    const sessionKey = String(session['session_key']);
    const app = lab.wechat.apps.miniProgram.appId;
    const { encryptedData, iv } = lab.wechat.encryptUser({ app, sessionKey });
    expect(oauth.decryptMiniProgramUser({ sessionKey, encryptedData, iv })).toMatchObject({
      nickName: '小明',
      openId: session['openid'],
    });
  });

  it('reads WeChat’s refusals', async () => {
    const oauth = peer('official');
    await expect(promised((done) => oauth.getAccessToken('code', done))).rejects.toMatchObject({
      name: 'WeChatAPIError',
      code: 40029,
      message: expect.stringMatching(/^invalid code, rid: /) as string,
    });
  });
});
