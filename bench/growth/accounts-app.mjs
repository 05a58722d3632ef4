// An app that serves the shops below /shop/<number>, each with an account of its own (option `account`).
import { createRequire } from 'node:module';
import { serveApp } from './serve-app.mjs';
import { shops } from './shops.mjs';

const { wechatAuth, requireWechatUser } = createRequire(import.meta.url)('express-wechat-auth');

serveApp((app, origin) => {
  const account = (req) => shops[req.params.shop];
  app.use(
    '/shop/:shop',
    wechatAuth({ account, baseURL: origin, dangerouslyAllowEmulatorInProduction: true }),
  );
  app.get('/shop/:shop/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
});
