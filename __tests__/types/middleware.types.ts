// What an app in TypeScript may write, and what must not compile. Run by types.test.ts, and by `npm run typecheck`.
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
  type OAuth,
  type WechatAuthOptions,
  type WechatErrorKind,
  type WechatRequest,
  type WechatSession,
  type WechatUser,
} from '../../lib';

/** Whether two types are the very same; `any` is only the same as `any`. */
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
  });
});

// The hooks may name the request type of the framework.
const options: WechatAuthOptions = {
  flow: (req: Request) => (req.query['qr'] ? 'website' : 'auto'),
  onLogin: async (req: Request, { user, token, flow }) => {
    same<typeof user, WechatUser>(true);
    same<typeof flow, 'official' | 'website'>(true);
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
  // What the environment may lack.
  appId: process.env['WECHAT_APP_ID'],
  website: { appId: process.env['A'], appSecret: process.env['B'] },
  baseURL: undefined,
  endpoints: { api: undefined },
});
requireWechatUser({ check: (user, req: Request) => user.openid === req.params['id'] });
requireWechatUser({ check: async ({ unionid }) => Promise.resolve(unionid !== undefined), scope: undefined });
const guard: WechatGuard = requireWechatUser(Object.freeze({ mode: 'auto', scope: 'snsapi_base' } as const));
app.use(guard);

// Errors tell themselves apart.
const onError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (error instanceof OptionsError) res.json(error.faults.map(({ path, message }) => `${path} ${message}`));
  else if (isWechatError(error)) res.status(error.status).json({ kind: error.kind, help: error.help });
  else next(error);
};
app.use(onError);

// What the session holds.
declare const session: { wechat?: WechatSession };
const openid: string | undefined = session.wechat?.openid;
void openid;

// Names that are none.
// @ts-expect-error -- did you mean appId?
wechatAuth({ appID: 'wx…' });
// @ts-expect-error -- did you mean baseURL?
wechatAuth({ baseUrl: 'https://h5.example.com' });
// @ts-expect-error -- signin is no route
wechatAuth({ routes: { signin: '/in' } });
// @ts-expect-error -- secret is no option
wechatAuth({ website: { appId: 'wx…', secret: 's' } });
// @ts-expect-error -- did you mean check?
requireWechatUser({ checks: () => true });

// Values that are none.
// @ts-expect-error -- the website app asks for snsapi_login by itself
wechatAuth({ scope: 'snsapi_login' });
// @ts-expect-error -- there is no such flow
wechatAuth({ flow: 'qr' });
// @ts-expect-error -- nor such a language
wechatAuth({ lang: 'de' });
// @ts-expect-error -- milliseconds
wechatAuth({ loginTimeout: '10m' });
// @ts-expect-error -- reject or allow
wechatAuth({ snapshotUsers: true });
// @ts-expect-error -- openid or unionid
wechatAuth({ identity: 'nickname' });
// @ts-expect-error -- a path or false
wechatAuth({ routes: { login: true } });
// @ts-expect-error -- null is not undefined
wechatAuth({ appId: null });
// @ts-expect-error -- a store has get, set and delete
wechatAuth({ tokenStore: new Map<string, string>() });
// @ts-expect-error -- the function says something else
wechatAuth({ flow: () => 'phone' });
// @ts-expect-error -- an app id is not enough of an argument
wechatAuth('wx…', 'secret');
// @ts-expect-error -- keeps a login safe, so it is not for the app
wechatAuth({ http: { maxRedirects: 5 } });
// @ts-expect-error -- auto, redirect or reject
requireWechatUser({ mode: 'json' });
// @ts-expect-error -- the website's scope satisfies every guard
requireWechatUser({ scope: 'snsapi_login' });
// @ts-expect-error -- yes or no
requireWechatUser({ check: () => 'yes' });
const settled: WechatGuardOptions = { mode: 'reject' };
// @ts-expect-error -- options are read once
settled.mode = 'auto';

app.get('/wrong', (req) => {
  // @ts-expect-error -- nobody may be logged in
  void req.wechat.user.openid;
  // @ts-expect-error -- read only
  req.wechat.user = undefined;
  // @ts-expect-error -- the fields of a profile may be missing
  void req.wechat.user?.nickname.length;
  // @ts-expect-error -- state has a place of its own, and is minted here
  void req.wechat.login({ state: 'mine' });
  // @ts-expect-error -- there is no such flow
  void req.wechat.login({ flow: 'qr' });
});
