// The compared apps, each as short as in the documentation of its package. Each has a route that starts a login
// and, except `limit`, one that says who is logged in.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { SESSION_KEY } from '../parts/session-key.mjs';
import { wechat } from './redirect-wechat.mjs';

const require = createRequire(import.meta.url);

/** name → its app, the path that starts a login, and the path that says who is logged in. */
export const APPS = {
  /** The cost of the two calls alone: it checks nothing and stores nothing. */
  limit: {
    login: '/login',
    async create({ appId, appSecret, origin }) {
      const { Agent, buildConnector, request } = await import('undici');
      const direct = buildConnector({ ca: wechat.ca });
      const dispatcher = new Agent({
        connect: (options, done) =>
          direct(
            {
              ...options,
              hostname: '127.0.0.1',
              host: '127.0.0.1',
              port: wechat.port,
              servername: options.hostname,
            },
            done,
          ),
      });
      const get = async (path) =>
        (await request(`https://api.weixin.qq.com${path}`, { dispatcher })).body.json();
      const page = `https://open.weixin.qq.com/connect/oauth2/authorize?appid=${appId}&redirect_uri=${encodeURIComponent(`${origin}/callback`)}&response_type=code&scope=snsapi_userinfo&state=1#wechat_redirect`;
      return async (req, res) => {
        const { pathname, searchParams } = new URL(req.url, origin);
        if (pathname === '/login') {
          res.writeHead(302, { Location: page }).end();
          return;
        }
        const token = await get(
          `/sns/oauth2/access_token?appid=${appId}&secret=${appSecret}&code=${searchParams.get('code')}&grant_type=authorization_code`,
        );
        const user = await get(
          `/sns/userinfo?access_token=${token.access_token}&openid=${token.openid}&lang=zh_CN`,
        );
        res.writeHead(302, { Location: '/', 'X-Openid': user.openid }).end();
      };
    },
  },

  'express-wechat-auth': {
    login: '/login',
    who: '/me',
    create: (wechat) => ours(wechat, cookies()),
  },

  /** `decompress: true` is the default, but as an option it moves every call to axios. */
  'express-wechat-auth, by axios': {
    login: '/login',
    who: '/me',
    create: (wechat) => ours(wechat, cookies(), { http: { decompress: true } }),
  },

  'express-wechat-auth, express-session': {
    login: '/login',
    who: '/me',
    create: (wechat) => ours(wechat, sessions()),
  },

  'grant, express-session': {
    login: '/connect/wechat',
    who: '/me',
    create({ appId, appSecret, origin }) {
      const app = require('express')();
      app.use(sessions());
      app.use(
        require('grant').express({
          defaults: { origin, transport: 'session', state: true },
          wechat: {
            key: appId,
            secret: appSecret,
            scope: ['snsapi_userinfo'],
            callback: '/',
            response: ['tokens', 'raw', 'profile'],
          },
        }),
      );
      app.get('/me', (req, res) => res.json(req.session.grant.response.profile));
      return app;
    },
  },

  /** What a team writes without any package for WeChat: a state and two requests. */
  'axios by hand, cookie-session': {
    login: '/login',
    who: '/me',
    create({ appId, appSecret, origin }) {
      const axios = require('axios');
      const api = axios.create({ baseURL: 'https://api.weixin.qq.com/sns' });
      const app = require('express')();
      app.use(cookies());
      app.get('/login', (req, res) => {
        req.session.state = randomBytes(16).toString('hex');
        const redirectURI = encodeURIComponent(`${origin}/callback`);
        res.redirect(
          `https://open.weixin.qq.com/connect/oauth2/authorize?appid=${appId}&redirect_uri=${redirectURI}&response_type=code&scope=snsapi_userinfo&state=${req.session.state}#wechat_redirect`,
        );
      });
      app.get('/callback', async (req, res) => {
        const { state } = req.session;
        if (!state || req.query.state !== state) {
          res.status(400).end();
          return;
        }
        delete req.session.state;
        const { code } = req.query;
        const { data: token } = await api.get('/oauth2/access_token', {
          params: { appid: appId, secret: appSecret, code, grant_type: 'authorization_code' },
        });
        if (token.errcode) throw new Error(token.errmsg);
        const { access_token, openid } = token;
        const { data: user } = await api.get('/userinfo', {
          params: { access_token, openid, lang: 'zh_CN' },
        });
        if (user.errcode) throw new Error(user.errmsg);
        req.session.user = user;
        res.redirect('/');
      });
      app.get('/me', (req, res) => res.json(req.session.user));
      return app;
    },
  },

  'wechat-oauth by hand, cookie-session': {
    login: '/login',
    who: '/me',
    create({ appId, appSecret, origin }) {
      const OAuth = require('wechat-oauth');
      const oauth = new OAuth(appId, appSecret);
      const app = require('express')();
      app.use(cookies());
      app.get('/login', (req, res) => {
        req.session.state = randomBytes(16).toString('hex');
        res.redirect(oauth.getAuthorizeURL(`${origin}/callback`, req.session.state, 'snsapi_userinfo'));
      });
      app.get('/callback', (req, res, next) => {
        if (!req.session.state || req.query.state !== req.session.state) {
          res.status(400).end();
          return;
        }
        delete req.session.state;
        oauth.getUserByCode(req.query.code, (error, user) => {
          if (error) {
            next(error);
            return;
          }
          req.session.user = user;
          res.redirect('/');
        });
      });
      app.get('/me', (req, res) => res.json(req.session.user));
      return app;
    },
  },

  'passport-wechat, express-session': {
    login: '/login',
    who: '/me',
    create({ appId, appSecret, origin }) {
      const { Passport } = require('passport');
      const { Strategy } = require('passport-wechat');
      const passport = new Passport();
      passport.serializeUser((user, done) => done(null, user));
      passport.deserializeUser((user, done) => done(null, user));
      passport.use(
        new Strategy(
          {
            appID: appId,
            appSecret,
            callbackURL: `${origin}/login`,
            scope: 'snsapi_userinfo',
            state: 'state',
          },
          (_access, _refresh, profile, _expires, done) => done(null, profile),
        ),
      );
      const app = require('express')();
      app.use(sessions());
      app.use(passport.initialize());
      app.use(passport.session());
      app.get('/login', passport.authenticate('wechat'), (_req, res) => res.redirect('/'));
      app.get('/me', (req, res) => res.json(req.user));
      return app;
    },
  },
};

function ours({ appId, appSecret, origin }, session, options = {}) {
  const { requireWechatUser, wechatAuth } = require('express-wechat-auth');
  const app = require('express')();
  app.use(session);
  app.use(
    wechatAuth({ appId, appSecret, baseURL: origin, dangerouslyAllowEmulatorInProduction: true, ...options }),
  );
  app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
  return app;
}

function cookies() {
  return require('cookie-session')({ name: 'session', keys: [SESSION_KEY] });
}

function sessions() {
  return require('express-session')({ secret: SESSION_KEY, resave: false, saveUninitialized: false });
}
