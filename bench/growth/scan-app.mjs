// An app with scan login: a PC shows a QR code, and a phone confirms the login.
import { createRequire } from 'node:module';
import { serveApp } from './serve-app.mjs';
import { shops } from './shops.mjs';

const { wechatAuth, requireWechatUser } = createRequire(import.meta.url)('express-wechat-auth');

serveApp(
  (app, origin) => {
    app.use(
      wechatAuth({
        ...shops[0],
        scanLogin: true,
        baseURL: origin,
        dangerouslyAllowEmulatorInProduction: true,
      }),
    );
    app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
  },
  {
    passTime(ms) {
      const { now } = Date;
      Date.now = () => now() + ms;
    },
  },
);
