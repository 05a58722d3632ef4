// A third-party platform that acts for an account.
import { inspect } from 'node:util';
import { OAuth, WechatAuthError, isWechatError, type OAuthOptions } from '../../lib';
import { fakeTimeLimits } from '../support/clock/time-limits';
import { startHttpServer, type Server } from '../support/processes/servers';
import { failure } from './oauth-fixture';

const APP_ID = 'wx0f1c1a10e0000001';
const PLATFORM = 'wx0f1c1a10e0000009';
const PLATFORM_TOKEN = 'component-token-9f8e7d6c5b4a39281706';
const OPENID = 'oThirdPartyPlatform0000000001';
const TOKEN = {
  access_token: 'access-token-of-the-user-0001',
  expires_in: 7200,
  refresh_token: 'refresh-token-of-the-user-0001',
  openid: OPENID,
  scope: 'snsapi_userinfo',
};

interface Received {
  readonly path: string;
  readonly query: Record<string, string>;
}

/** A server in place of WeChat, which responds to each path with this JSON. */
let server: Server;
let received: Received[];
let responses: Record<string, object>;
beforeAll(async () => {
  server = await startHttpServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', 'http://localhost');
    received.push({ path: pathname, query: Object.fromEntries(searchParams) });
    res.end(JSON.stringify(responses[pathname] ?? { errcode: 40066, errmsg: 'invalid url' }));
  });
});
afterAll(() => server.close());
beforeEach(() => {
  received = [];
  responses = {
    '/sns/oauth2/component/access_token': TOKEN,
    '/sns/oauth2/component/refresh_token': { ...TOKEN, access_token: 'access-token-of-the-user-0002' },
    '/sns/component/jscode2session': { session_key: 'session-key-0000000000001', openid: OPENID },
    '/sns/userinfo': { openid: OPENID, nickname: '小明' },
  };
});

function createOAuth(
  accessToken: () => string | Promise<string> = () => PLATFORM_TOKEN,
  options: Partial<OAuthOptions> = {},
): OAuth {
  return new OAuth({
    appid: APP_ID,
    component: { appId: PLATFORM, accessToken },
    endpoints: { api: server.url },
    ...options,
  } as OAuthOptions);
}

describe('an account that a third-party platform acts for', () => {
  it('fails after 20 s if its accessToken() does not settle, and WeChat is not asked', async () => {
    const oauth = createOAuth(() => new Promise(() => undefined));
    fakeTimeLimits();
    try {
      const error = failure(oauth.getAccessToken('code'));
      await jest.advanceTimersByTimeAsync(20_000);
      expect(await error).toMatchObject({
        kind: 'config',
        message: expect.stringContaining('component.accessToken() did not settle within 20000 ms') as string,
      });
      expect(received).toEqual([]);
    } finally {
      jest.restoreAllMocks();
      jest.useRealTimers();
    }
  });

  it('names the platform in the authorization request, after the state and before further parameters', () => {
    const url = createOAuth().getAuthorizeURL('https://h5.example.com/cb', 'abc', 'snsapi_base', {
      forcePopup: true,
    });
    expect(url).toBe(
      `https://open.weixin.qq.com/connect/oauth2/authorize?appid=${APP_ID}&redirect_uri=https%3A%2F%2Fh5.example.com%2Fcb` +
        `&response_type=code&scope=snsapi_base&state=abc&component_appid=${PLATFORM}&forcePopup=true#wechat_redirect`,
    );
  });

  it('refuses component_appid among the further parameters', () => {
    const params = { component_appid: 'wx0000000000000000' };
    expect(() => createOAuth().getAuthorizeURL('https://h5.example.com/cb', 'a', undefined, params)).toThrow(
      'component_appid of an authorization request is a standard one',
    );
  });

  it('has no website app', () => {
    expect(() => createOAuth().getAuthorizeURLForWebsite('https://h5.example.com/cb')).toThrow(
      'cannot log users in with a website app',
    );
  });

  it('exchanges a code with the token of the platform, and without an AppSecret', async () => {
    expect((await createOAuth().getAccessToken('a code')).data).toMatchObject(TOKEN);
    expect(received).toEqual([
      {
        path: '/sns/oauth2/component/access_token',
        query: {
          appid: APP_ID,
          code: 'a code',
          grant_type: 'authorization_code',
          component_appid: PLATFORM,
          component_access_token: PLATFORM_TOKEN,
        },
      },
    ]);
  });

  it('refreshes with the token of the platform', async () => {
    const token = await createOAuth().refreshAccessToken('refresh-token-of-the-user-0001');
    expect(token.data.access_token).toBe('access-token-of-the-user-0002');
    expect(received).toEqual([
      {
        path: '/sns/oauth2/component/refresh_token',
        query: {
          appid: APP_ID,
          grant_type: 'refresh_token',
          refresh_token: 'refresh-token-of-the-user-0001',
          component_appid: PLATFORM,
          component_access_token: PLATFORM_TOKEN,
        },
      },
    ]);
  });

  it('gets a session key of a mini program with the token of the platform', async () => {
    const oauth = createOAuth(undefined, { isMiniProgram: true });
    expect(await oauth.getUserByCode('a code')).toEqual({ openid: OPENID });
    expect(received).toEqual([
      {
        path: '/sns/component/jscode2session',
        query: {
          appid: APP_ID,
          js_code: 'a code',
          grant_type: 'authorization_code',
          component_appid: PLATFORM,
          component_access_token: PLATFORM_TOKEN,
        },
      },
    ]);
  });

  it('asks for the token of the platform before each exchange, and not for a profile', async () => {
    const tokens = ['the first token of the platform', 'the second token of the platform'];
    const oauth = createOAuth(() => Promise.resolve(tokens.shift() ?? ''));
    await oauth.getUserByCode('code 1');
    await oauth.getUserByCode('code 2');
    expect(received.map(({ path, query }) => [path, query['component_access_token']])).toEqual([
      ['/sns/oauth2/component/access_token', 'the first token of the platform'],
      ['/sns/userinfo', undefined],
      ['/sns/oauth2/component/access_token', 'the second token of the platform'],
      ['/sns/userinfo', undefined],
    ]);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('no ticket yet')), 'component.accessToken() failed'],
    ['returns nothing', () => undefined, 'component.accessToken() returned undefined'],
    ['returns an empty string', () => '', 'component.accessToken() returned an empty string'],
    ['returns a number', () => Promise.resolve(7), 'component.accessToken() returned number'],
  ])('does not ask WeChat if the token function %s', async (_what, accessToken, message) => {
    const oauth = createOAuth(accessToken as () => string);
    for (const call of [oauth.getAccessToken('a code'), oauth.refreshAccessToken('a refresh token')]) {
      const error = await failure(call);
      expect([error.kind, error.message]).toEqual(['config', expect.stringContaining(message)]);
      if (message.endsWith('failed')) expect(error.cause).toMatchObject({ message: 'no ticket yet' });
    }
    expect(received).toEqual([]);
  });

  it('calls back with the error of the token function', async () => {
    const oauth = createOAuth(() => {
      throw new Error('no ticket yet');
    });
    const error = await new Promise((resolve) => oauth.getAccessToken('a code', resolve));
    expect(isWechatError(error) && error.kind).toBe('config');
  });

  it.each([
    [61003, 'component is not authorized by this account'],
    [61007, 'api is unauthorized to component'],
    [42006, 'component_access_token expired'],
    [41018, 'missing component_appid'],
  ])('reports errcode %d as kind credentials', async (errcode, errmsg) => {
    responses['/sns/oauth2/component/access_token'] = { errcode, errmsg };
    const error = await failure(createOAuth().getAccessToken('a code'));
    expect([error.kind, error.code]).toEqual(['credentials', errcode]);
  });

  it.each(['raw', 'percent-encoded', 'base64'])(
    'masks the token of the platform if a response echoes it %s',
    async (form) => {
      const token = `${PLATFORM_TOKEN}+/=`;
      const echoed = {
        raw: token,
        'percent-encoded': encodeURIComponent(token),
        base64: Buffer.from(token).toString('base64'),
      }[form];
      for (const path of ['/sns/oauth2/component/access_token', '/sns/oauth2/component/refresh_token'])
        responses[path] = { errcode: 40001, errmsg: `invalid token ${String(echoed)} given` };
      const oauth = createOAuth(() => token);
      for (const call of [oauth.getAccessToken('a code'), oauth.refreshAccessToken('a refresh token')]) {
        const error = await failure(call);
        expect(error.message).toContain('invalid token');
        for (const text of [error.message, String(error.stack), inspect(error), JSON.stringify(error)])
          expect(text).not.toContain(echoed);
      }
    },
  );

  it('shows neither the function nor a token when the instance is printed', async () => {
    const oauth = createOAuth();
    await oauth.getAccessToken('a code');
    expect(inspect(oauth, { depth: 9, showHidden: true })).not.toContain(PLATFORM_TOKEN);
    expect(JSON.stringify(oauth)).not.toContain('component');
  });
});

describe('a component that cannot be used', () => {
  const accessToken = (): string => PLATFORM_TOKEN;
  it.each([
    ['no appId', { accessToken }, 'component.appId is undefined'],
    ['an empty appId', { appId: '', accessToken }, "component.appId is ''"],
    ['no function', { appId: PLATFORM }, 'component.accessToken is of type undefined'],
    [
      'a token in place of the function',
      { appId: PLATFORM, accessToken: PLATFORM_TOKEN },
      'component.accessToken is of type string',
    ],
    ['text', 'a platform', 'component.appId is undefined'],
  ])('is refused: %s', (_what, component, message) => {
    const create = (): OAuth => new OAuth({ appid: APP_ID, component } as unknown as OAuthOptions);
    expect(create).toThrow(WechatAuthError);
    expect(create).toThrow(message);
    expect(create).not.toThrow(PLATFORM_TOKEN);
  });

  it('is refused beside an appsecret', () => {
    const component = { appId: PLATFORM, accessToken };
    const options = { appid: APP_ID, appsecret: 'the secret of the account', component };
    const create = (): OAuth => new OAuth(options as unknown as OAuthOptions);
    expect(create).toThrow('appsecret and component are both given');
    expect(create).not.toThrow('the secret of the account');
  });
});
