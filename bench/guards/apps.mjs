// Small apps. guards.mjs says which of them are compared.
import { createRequire } from 'node:module';
import { serve, usage } from '../parts/child.mjs';
import { SESSION_KEY } from '../parts/session-key.mjs';

const require = createRequire(import.meta.url);
const express = require('express');
const { requireWechatUser, wechatAuth } = require('express-wechat-auth');

const ACCOUNT = { appId: 'wx0123456789abcdef', appSecret: '0123456789abcdef0123456789abcdef' };
const USER = {
  openid: 'oAbcdefghijklmnopqrstuvwxyz0',
  nickname: '小明',
  headimgurl: 'https://thirdwx.qlogo.cn/132',
};

const session = () => require('cookie-session')({ name: 'session', keys: [SESSION_KEY] });
const auth = () => wechatAuth({ ...ACCOUNT, baseURL: 'http://127.0.0.1' });
const page = (_req, res) => res.end('ok');

/** name → the function that mounts the app's middleware and page. */
const APPS = {
  bare: (app) => app.get('/', page),
  'bare, with a middleware that does nothing': (app) => app.use((_req, _res, next) => next()).get('/', page),
  'bare, with wechatAuth()': (app) => app.use(auth()).get('/', page),
  'cookie-session': (app) => app.use(session()).get('/', page),
  'cookie-session, with wechatAuth()': (app) => app.use(session()).use(auth()).get('/', page),
  'a check by hand': (app) =>
    app.use(session()).get(
      '/',
      (req, res, next) => {
        if (req.session.user) next();
        else res.redirect('/login');
      },
      page,
    ),
  'requireWechatUser()': (app) => app.use(session()).use(auth()).get('/', requireWechatUser(), page),
  'passport.session() and a check': (app) => {
    const { Passport } = require('passport');
    const passport = new Passport();
    passport.serializeUser((user, done) => done(null, user));
    passport.deserializeUser((user, done) => done(null, user));
    app.use(session()).use(passport.initialize()).use(passport.session());
    app.get(
      '/',
      (req, res, next) => {
        if (req.isAuthenticated()) next();
        else res.redirect('/login');
      },
      page,
    );
  },
};

/** The session after a login, as each app writes it. */
const LOGGED_IN = {
  user: USER,
  passport: { user: USER },
  wechat: {
    user: USER,
    appid: ACCOUNT.appId,
    openid: USER.openid,
    scope: 'snsapi_userinfo',
    flow: 'official',
  },
};

const app = express();
APPS[process.argv[2]](app);
const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
serve({ port: server.address().port, cookie: await cookieOf(LOGGED_IN) }, usage);

/** The cookie that cookie-session writes for a session with this content. */
async function cookieOf(content) {
  const app = express().use(session());
  app.get('/', (req, res) => {
    Object.assign(req.session, content);
    res.end();
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { headers } = await fetch(`http://127.0.0.1:${server.address().port}/`);
  server.close();
  return headers
    .getSetCookie()
    .map((cookie) => cookie.slice(0, cookie.indexOf(';')))
    .join('; ');
}
