// An app that serves logins, and that can add a million users without a request: a stub makes WeChat's
// responses.
import { createRequire } from 'node:module';
import { axiosAdapter, codeOf } from '../parts/stub-wechat.mjs';
import { serveApp } from './serve-app.mjs';
import { shops } from './shops.mjs';

const { wechatAuth, requireWechatUser } = createRequire(import.meta.url)('express-wechat-auth');
let origin;
let oauth;

serveApp(
  (app, ownOrigin) => {
    origin = ownOrigin;
    app.use(wechatAuth({ ...shops[0], baseURL: origin, dangerouslyAllowEmulatorInProduction: true }));
    app.use((req, _res, next) => {
      oauth = req.wechat.oauth;
      next();
    });
    app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
  },
  {
    async addUsers(from, to) {
      if (!oauth) await fetch(`${origin}/none`);
      oauth.setOpts({ adapter: axiosAdapter });
      for (let user = from; user < to; user++) await oauth.getAccessToken(codeOf(user));
      oauth.setOpts({});
    },
  },
);
