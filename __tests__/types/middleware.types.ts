// Code of an app that must compile, and code that must not. types.test.ts and `npm run typecheck` check it.
/* eslint @typescript-eslint/no-unused-vars: off, @typescript-eslint/no-unsafe-member-access: off --
   nothing here runs, and some of it is wrong on purpose */
/* eslint @typescript-eslint/no-meaningless-void-operator: off, @typescript-eslint/no-unnecessary-type-parameters: off --
   types are compared, void among them */
import http from 'node:http';
import connect from 'connect';
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express';
import express4 from 'express4';
import {
  OptionsError,
  isWechatError,
  requireWechatUser,
  wechatAuth,
  type WechatGuard,
  type WechatGuardOptions,
  type WxLoginParams,
  type AccessToken,
  type OAuth,
  type WechatAuthOptions,
  type WechatErrorKind,
  type WechatRequest,
  type WechatSession,
  type WechatUser,
} from '../../lib';

/** Whether two types are identical. `any` is identical only to `any`. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

// Express 5: the middleware and the guard are handlers, and req.wechat needs no import.
const app = express();
app.use(wechatAuth());
app.use('/auth', wechatAuth({ appId: 'wx…' }), requireWechatUser());
app.get('/me', requireWechatUser(), (req, res) => {
  same<typeof req.wechat.user, WechatUser | undefined>(true);
  same<ReturnType<typeof req.wechat.getAccessToken>, Promise<string>>(true);
  same<typeof req.wechat.oauth, OAuth>(true);
  res.json(req.wechat.user);
});
app.post('/:id', requireWechatUser({ mode: 'reject' }), async (req, res) => {
  same<typeof req.params.id, string>(true);
  const params: WxLoginParams = await req.wechat.loginParams({ returnTo: '/me' });
  await req.wechat.login({
    returnTo: '/',
    scope: 'snsapi_userinfo',
    flow: 'official',
    params: { forcePopup: true },
  });
  await req.wechat.logout();
  res.json([params, req.wechat.isAuthenticated(), req.wechat.loginURL({ returnTo: req.originalUrl })]);
});
express.Router().use(wechatAuth()).get('/', requireWechatUser());
const handlers: RequestHandler[] = [wechatAuth(), requireWechatUser()];
app.use(handlers);

// Express 4 and Connect.
express4()
  .use(wechatAuth())
  .get('/me', requireWechatUser(), (req, res) => void res.json(req.wechat.user));
connect().use(wechatAuth()).use('/me', requireWechatUser());
connect().use('/me', (req, res) => {
  const { wechat } = req as WechatRequest;
  res.end(wechat.user?.nickname);
});

// Plain http.
http.createServer((req, res) => {
  wechatAuth()(req, res, () => {
    const { wechat } = req as WechatRequest;
    res.end(String(wechat.isAuthenticated()));
    same<typeof wechat.user, WechatUser | undefined>(true);
    same<ReturnType<typeof wechat.requireUser>, WechatUser>(true);
    if (wechat.isAuthenticated()) same<typeof wechat.user, WechatUser>(true);
    else same<typeof wechat.user, WechatUser | undefined>(true);
  });
});

// A hook can name the request type of its framework.
const options: WechatAuthOptions = {
  flow: (req: Request) => (req.query['qr'] ? 'website' : 'auto'),
  onLogin: async (req: Request, { user, token, flow, appid, returnTo, data, sessionKey }) => {
    same<[typeof appid, typeof returnTo, typeof data], [string, string, unknown]>(true);
    same<typeof user, WechatUser>(true);
    same<typeof flow, 'official' | 'website' | 'scan' | 'miniProgram' | 'mobileApp'>(true);
    // Only a mini program has no token, and only a mini program has a session key.
    if (flow === 'miniProgram') same<[typeof token, typeof sessionKey], [undefined, string]>(true);
    else same<[typeof token, typeof sessionKey], [AccessToken, undefined]>(true);
    // @ts-expect-error -- a mini program has none
    const accessToken: string = token.data.access_token;
    await Promise.resolve(accessToken);
    return { id: 1, openid: user.openid, ip: req.ip };
  },
  onError: (error, req: Request, res: express.Response, next) => {
    same<typeof error.kind, WechatErrorKind>(true);
    if (error.kind === 'snapshot_user') res.status(error.status).render('snapshot', { path: req.path });
    else next(error);
  },
};
wechatAuth(options);
wechatAuth({ onError: (error, _req, res) => res.end(error.message), onLogin: () => undefined });
wechatAuth({
  flow: async (req) => {
    await Promise.resolve();
    return req.headers['x-qr'] ? 'website' : 'official';
  },
  routes: { login: '/in', logout: false },
  preserveSession: ['cart'] as const,
  verificationFiles: { 'MP_verify_x.txt': 'x' },
  // Environment variables, which may be undefined.
  appId: process.env['WECHAT_APP_ID'],
  website: { appId: process.env['A'], appSecret: process.env['B'] },
  miniProgram: { appId: process.env['A'], appSecret: process.env['B'] },
  mobileApp: undefined,
  baseURL: undefined,
  endpoints: { api: undefined },
});
requireWechatUser({ check: (user, req: Request) => user.openid === req.params['id'] });
requireWechatUser({ check: async ({ unionid }) => Promise.resolve(unionid !== undefined), scope: undefined });
const guard: WechatGuard = requireWechatUser(Object.freeze({ mode: 'auto', scope: 'snsapi_base' } as const));
app.use(guard);

// The error guards narrow their argument.
const onError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (error instanceof OptionsError) res.json(error.faults.map(({ path, message }) => `${path} ${message}`));
  else if (isWechatError(error)) res.status(error.status).json({ kind: error.kind, help: error.help });
  else next(error);
};
app.use(onError);

// Accounts: those of the options, those of a platform, or those that a function chooses. They exclude each
// other.
const component = { appId: 'wx…', accessToken: async () => Promise.resolve('token') };
wechatAuth({ appId: 'wx…', component, website: { appId: 'wx…', appSecret: '…' } });
wechatAuth({ account: (req: Request) => ({ appId: req.hostname, appSecret: '…' }), scanLogin: true });
wechatAuth({ account: async () => Promise.resolve({ appId: 'wx…', component }) });
wechatAuth({ account: () => ({ website: { appId: 'wx…', appSecret: '…' } }) });
wechatAuth({ account: () => undefined });
wechatAuth({ account: () => null });
const byRequest: WechatAuthOptions = { account: () => undefined, lang: 'en' };
wechatAuth(byRequest);
// @ts-expect-error -- a platform acts without the AppSecret
wechatAuth({ appId: 'wx…', appSecret: '…', component });
// @ts-expect-error -- `account` already returns the AppID
wechatAuth({ account: () => undefined, appId: 'wx…' });
// @ts-expect-error -- `account` returns the website app
wechatAuth({ account: () => undefined, website: { appId: 'wx…', appSecret: '…' } });
// @ts-expect-error -- `account` returns the platform
wechatAuth({ account: () => undefined, component });
// @ts-expect-error -- `account` returns the mini program
wechatAuth({ account: () => undefined, miniProgram: { appId: 'wx…', appSecret: '…' } });
// @ts-expect-error -- no environment variable stands in for the AppSecret
wechatAuth({ account: () => ({ appId: 'wx…' }) });
// @ts-expect-error -- a platform acts without the AppSecret
wechatAuth({ account: () => ({ appId: 'wx…', appSecret: '…', component }) });
// @ts-expect-error -- a function returns the token of the platform
wechatAuth({ appId: 'wx…', component: { appId: 'wx…', accessToken: 'token' } });

// Codes that a client posts.
app.post('/login', async (req, res) => {
  const { code, encryptedData, iv } = req.body as Record<string, string>;
  const user = await req.wechat.loginWithCode('miniProgram', code ?? '', {
    encryptedData,
    iv,
    session: false,
  });
  same<typeof user, WechatUser>(true);
  res.json(await req.wechat.loginWithCode('mobileApp', code ?? '', { data: { from: 'app' } }));
  // @ts-expect-error -- an official account has a page of its own
  await req.wechat.loginWithCode('official', code ?? '');
  // @ts-expect-error -- a code cannot be left out
  await req.wechat.loginWithCode('mobileApp');
  // @ts-expect-error -- a code has no return path
  await req.wechat.loginWithCode('mobileApp', code ?? '', { returnTo: '/me' });
  // @ts-expect-error -- a mini program has no page to be sent to
  await req.wechat.login({ flow: 'miniProgram' });
});
// @ts-expect-error -- a mini program has no page to be sent to
wechatAuth({ flow: 'miniProgram' });

// The login in the session.
declare const session: { wechat?: WechatSession };
const openid: string | undefined = session.wechat?.openid;
void openid;

// Misspelled and unknown names.
// @ts-expect-error -- did you mean appId?
wechatAuth({ appID: 'wx…' });
// @ts-expect-error -- did you mean baseURL?
wechatAuth({ baseUrl: 'https://h5.example.com' });
// @ts-expect-error -- signin is not a route
wechatAuth({ routes: { signin: '/in' } });
// @ts-expect-error -- secret is not an option of website
wechatAuth({ website: { appId: 'wx…', secret: 's' } });
// @ts-expect-error -- did you mean check?
requireWechatUser({ checks: () => true });

// Invalid values.
// @ts-expect-error -- only the website app requests snsapi_login
wechatAuth({ scope: 'snsapi_login' });
// @ts-expect-error -- qr is not a flow
wechatAuth({ flow: 'qr' });
// @ts-expect-error -- de is not a language of WeChat's profiles
wechatAuth({ lang: 'de' });
// @ts-expect-error -- loginTimeout is in milliseconds
wechatAuth({ loginTimeout: '10m' });
// @ts-expect-error -- snapshotUsers is reject or allow
wechatAuth({ snapshotUsers: true });
// @ts-expect-error -- identity is openid or unionid
wechatAuth({ identity: 'nickname' });
// @ts-expect-error -- a route is a path or false
wechatAuth({ routes: { login: true } });
// @ts-expect-error -- null is not undefined
wechatAuth({ appId: null });
// @ts-expect-error -- the values of a token store are tokens
wechatAuth({ tokenStore: new Map<string, string>() });
// @ts-expect-error -- the function returns something that is not a flow
wechatAuth({ flow: () => 'phone' });
// @ts-expect-error -- the argument is an object of options
wechatAuth('wx…', 'secret');
// @ts-expect-error -- this axios option keeps requests safe, so an app cannot set it
wechatAuth({ http: { maxRedirects: 5 } });
// @ts-expect-error -- mode is auto, redirect or reject
requireWechatUser({ mode: 'json' });
// @ts-expect-error -- snsapi_login is not a scope of the official account
requireWechatUser({ scope: 'snsapi_login' });
// @ts-expect-error -- check returns a boolean
requireWechatUser({ check: () => 'yes' });
const guardOptions: WechatGuardOptions = { mode: 'reject' };
// @ts-expect-error -- options are readonly
guardOptions.mode = 'auto';

app.get('/wrong', (req) => {
  // @ts-expect-error -- user is undefined if nobody is logged in
  void req.wechat.user.openid;
  // @ts-expect-error -- user is readonly
  req.wechat.user = undefined;
  // @ts-expect-error -- a profile may have no nickname
  void req.wechat.user?.nickname.length;
  // @ts-expect-error -- wechatAuth() generates the state
  void req.wechat.login({ state: 'mine' });
  // @ts-expect-error -- qr is not a flow
  void req.wechat.login({ flow: 'qr' });
});
