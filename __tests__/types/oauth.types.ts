// Calls of the core that must compile, and calls that must not. types.test.ts and `npm run typecheck` check
// it.
/* eslint @typescript-eslint/no-unused-vars: off, @typescript-eslint/no-unsafe-call: off --
   nothing here runs, and some of it is wrong on purpose */
/* eslint @typescript-eslint/no-invalid-void-type: off, @typescript-eslint/no-meaningless-void-operator: off,
   @typescript-eslint/no-confusing-void-expression: off, @typescript-eslint/no-unnecessary-type-parameters: off --
   types are compared, void among them */
import {
  type AccessToken,
  MemoryTokenStore,
  NoOAuthTokenError,
  OAuth,
  WeChatAPIError,
  WechatAuthError,
  isWeChatAPIError,
  isWechatAuthError,
  isWechatError,
  wrapper,
  type GetToken,
  type WechatHttpOptions,
  type MiniProgramSession,
  type MiniProgramUser,
  type OAuthOptions,
  type SaveToken,
  type TokenData,
  type TokenStore,
  type WechatErrorKind,
  type WechatUser,
} from '../../lib';

/** Whether two types are identical. `any` is identical only to `any`. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

declare const oauth: OAuth;
declare const token: TokenData;

// The constructor, in both forms.
new OAuth('wx', 'secret');
new OAuth('wx', 'secret', undefined, null, true);
new OAuth('wx', 'secret', (openid, done) => done(null, openid ? token : null));
new OAuth(
  'wx',
  'secret',
  async (openid) => Promise.resolve(openid ? token : null),
  async () => Promise.resolve(),
);
new OAuth({ appid: 'wx', appsecret: 'secret' });
new OAuth({
  appid: 'wx',
  appsecret: 'secret',
  tokenStore: new MemoryTokenStore({ max: 10 }),
  isMiniProgram: false,
  endpoints: { api: 'https://gateway.example.com' },
  http: { timeout: 15_000, proxy: { host: 'proxy', port: 8080 }, headers: { 'X-A': 'b' } },
});
new OAuth({ appid: 'wx', appsecret: 'secret', http: undefined, tokenStore: undefined, getToken: undefined });
new OAuth({ appid: 'wx', appsecret: 'secret', endpoints: { open: undefined } } satisfies OAuthOptions);
new OAuth({ appid: 'wx', component: { appId: 'wx', accessToken: () => 'token' } });
new OAuth({ appid: 'wx', component: { appId: 'wx', accessToken: async () => Promise.resolve('token') } });
// @ts-expect-error a platform acts for an account without its AppSecret
new OAuth({ appid: 'wx', appsecret: 'secret', component: { appId: 'wx', accessToken: () => 'token' } });
// @ts-expect-error the token changes every two hours, so a function returns it
new OAuth({ appid: 'wx', component: { appId: 'wx', accessToken: 'token' } });
// @ts-expect-error an AppID is required
new OAuth();
// @ts-expect-error an AppSecret is required
new OAuth({ appid: 'wx' });
// @ts-expect-error the option is appid
new OAuth({ appid: 'wx', appsecret: 'secret', appId: 'wx' });
// @ts-expect-error an AppID is a string
new OAuth(42, 'secret');
// @ts-expect-error oauth is not an endpoint
new OAuth({ appid: 'wx', appsecret: 'secret', endpoints: { oauth: 'https://h' } });
// @ts-expect-error a store has set and delete, too
new OAuth({ appid: 'wx', appsecret: 'secret', tokenStore: { get: () => Promise.resolve(undefined) } });

// Properties, which are readonly.
same<typeof oauth.appid, string>(true);
same<typeof oauth.appsecret, string>(true);
same<typeof oauth.isMiniProgram, boolean>(true);
// @ts-expect-error appid is readonly
oauth.appid = 'other';

// Options of requests.
oauth.setOpts({ timeout: 15_000 });
oauth.setOpts({ proxy: false, httpsAgent: {} });
oauth.setOpts({} satisfies WechatHttpOptions);
oauth.setOpts({ timeout: undefined, httpsAgent: undefined });
// @ts-expect-error an app cannot allow redirects
oauth.setOpts({ maxRedirects: 5 });
// @ts-expect-error an app cannot change the check of the status
oauth.setOpts({ validateStatus: () => true });
// @ts-expect-error an app cannot change the limit of the size
oauth.setOpts({ maxContentLength: -1 });
// @ts-expect-error an app cannot change the type of the response
oauth.setOpts({ responseType: 'stream' });
// @ts-expect-error a timeout is a number of milliseconds
oauth.setOpts({ timeout: '15s' });

// Addresses.
same<ReturnType<typeof oauth.getAuthorizeURL>, string>(true);
oauth.getAuthorizeURL('https://h5.example.com');
oauth.getAuthorizeURL('https://h5.example.com', undefined, undefined, { forcePopup: true, lang: undefined });
oauth.getAuthorizeURLForWebsite('https://h', 's', 'snsapi_login', {
  lang: 'en',
  style: 'white',
  self_redirect: true,
});
// @ts-expect-error a redirect URI is required
oauth.getAuthorizeURL();
// @ts-expect-error a state is a string
oauth.getAuthorizeURL('https://h', ['a']);
// @ts-expect-error a parameter is not an object
oauth.getAuthorizeURL('https://h', 's', 'snsapi_base', { a: {} });
// @ts-expect-error forcePopup is true or false
oauth.getAuthorizeURL('https://h', 's', 'snsapi_base', { forcePopup: 'yes' });

// The promise form.
same<ReturnType<OAuth['getUserByCode']>, void>(true);
const promises = async (): Promise<void> => {
  const accessToken = await oauth.getAccessToken('code');
  same<typeof accessToken, AccessToken>(true);
  same<typeof accessToken.data, TokenData>(true);
  same<typeof accessToken.data.access_token, string>(true);
  same<typeof accessToken.create_at, number>(true);
  same<ReturnType<typeof accessToken.isValid>, boolean>(true);
  const refreshed = await oauth.refreshAccessToken('token');
  same<typeof refreshed, AccessToken>(true);
  const user = await oauth.getUser('openid');
  same<typeof user, WechatUser>(true);
  same<typeof user.nickname, string | undefined>(true);
  same<(typeof user)['a_field_that_wechat_may_add'], unknown>(true);
  const byCode = await oauth.getUserByCode({ code: 'code', lang: 'en', encryptedData: 'e', iv: 'i' });
  same<typeof byCode, WechatUser>(true);
  const verified = await oauth.verifyToken('openid', 'token');
  same<typeof verified, { readonly errcode: 0; readonly errmsg: string }>(true);
  same<typeof verified.errcode, 0>(true);
  const session = await oauth.getSessionKey('code');
  same<typeof session, MiniProgramSession>(true);
  same<typeof session.data.session_key, string>(true);
  const fresh = await oauth.getValidAccessToken('openid');
  same<typeof fresh, AccessToken>(true);
  // @ts-expect-error the data of a token is readonly
  accessToken.data.access_token = 'other';
  // @ts-expect-error a session key has no isValid()
  session.isValid();
};

// The callback form: it returns nothing, and the result may be missing.
const callbacks = (): void => {
  same<Parameters<Parameters<typeof oauth.getAccessToken>[1]>[1], AccessToken | undefined>(true);
  const nothing = oauth.getUser('openid', (error, user) => {
    same<typeof error, Error | null>(true);
    same<typeof user, WechatUser | undefined>(true);
  });
  same<typeof nothing, void>(true);
  oauth.getAccessToken('code', (error, accessToken) => void [error?.message, accessToken?.data.openid]);
  oauth.refreshAccessToken('token', (_error, accessToken) => accessToken?.isValid());
  oauth.getUserByCode('code', (_error, user) => user?.openid);
  oauth.verifyToken('openid', 'token', (_error, verified) => verified?.errmsg);
  oauth.getSessionKey('code', (_error, session) => session?.data.session_key);
  // @ts-expect-error the user is undefined after an error
  oauth.getUser('openid', (_error, user) => user.openid);
  // @ts-expect-error with a callback there is no promise
  void oauth.getUser('openid', () => undefined).then();
  // @ts-expect-error a callback is a function
  void oauth.getUser('openid', 'callback');
};

// Arguments.
void oauth.getUser({ openid: 'o' });
void oauth.getUser({ openId: 'o', lang: 'zh_TW' });
void oauth.getUser({ openid: 'o', lang: undefined });
void oauth.getUserByCode({ code: 'c', lang: undefined, encryptedData: undefined, iv: undefined });
// @ts-expect-error de is not a language of WeChat's profiles
void oauth.getUser({ openid: 'o', lang: 'de' });
// @ts-expect-error an openid is required
void oauth.getUser();
// @ts-expect-error a code is required
void oauth.getUserByCode({ lang: 'en' });
// @ts-expect-error a code is a string
void oauth.getAccessToken(['a', 'b']);
// @ts-expect-error an access token is required
void oauth.verifyToken('openid');

// Mini programs.
const decrypted = oauth.decryptMiniProgramUser({ sessionKey: 'k', encryptedData: 'e', iv: 'i' });
same<typeof decrypted, MiniProgramUser>(true);
same<typeof decrypted.watermark.appid, string>(true);
// @ts-expect-error all three are required
oauth.decryptMiniProgramUser({ sessionKey: 'k' });

// Hooks: a callback or a promise, replaced on the instance or in a subclass.
const getToken: GetToken = (openid, done) => {
  same<typeof openid, string>(true);
  done(null, token);
  done(null, null);
  done(new Error('the database is unavailable'));
  // @ts-expect-error a token is an object
  done(null, 'token');
};
const saveToken: SaveToken = (openid, saved, done) => {
  same<[typeof openid, typeof saved], [string, TokenData]>(true);
  done(null);
};
oauth.getToken = getToken;
oauth.saveToken = saveToken;
oauth.getToken = async (openid: string) => Promise.resolve({ ...token, openid });
class Company extends OAuth {
  override async getToken(_openid: string): Promise<TokenData | null> {
    return Promise.resolve(token);
  }
}

// Stores.
const store: TokenStore = {
  get: (key) => Promise.resolve(key ? token : undefined),
  set: (_key, saved, ttlMs) => Promise.resolve(void [saved.access_token, ttlMs.toFixed()]),
  delete: () => Promise.resolve(),
  lock: (_key, fn) => fn(),
};
// @ts-expect-error a lock returns the result of the function that it runs
const badLock: Pick<TokenStore, 'lock'> = { lock: () => Promise.resolve(1) };
// @ts-expect-error max is a number
new MemoryTokenStore({ max: '10' });

// wrapper.
wrapper<{ openid: string }>((error, data, res) => {
  same<typeof data, { openid: string } | undefined>(true);
  same<typeof res, unknown>(true);
  void [error?.name, error?.code];
})(null, { openid: 'o' });

// Errors.
const errors = (error: unknown): string | number => {
  // @ts-expect-error an unknown error has no kind
  void error.kind;
  if (isWeChatAPIError(error)) {
    same<typeof error.code, number>(true);
    same<typeof error.rid, string | undefined>(true);
    return error.code;
  }
  if (isWechatAuthError(error)) {
    same<typeof error.code, string>(true);
    return error.code;
  }
  if (isWechatError(error)) {
    same<typeof error.kind, WechatErrorKind>(true);
    same<typeof error.retryable, boolean>(true);
    switch (error.kind) {
      case 'reauthorize':
        return error.remedy.zh;
      // @ts-expect-error reauthorise is not an error kind
      case 'reauthorise':
        return error.remedy.en;
      default:
        return error.help;
    }
  }
  return '';
};
new WechatAuthError('config', 'words', { cause: 1, status: 400 });
// @ts-expect-error mistake is not an error kind
new WechatAuthError('mistake', 'words');
new WeChatAPIError(40029, 'invalid code');
// @ts-expect-error an errcode is a number
new WeChatAPIError('40029', 'invalid code');
new NoOAuthTokenError('openid');

export { badLock, callbacks, Company, errors, promises, store };
