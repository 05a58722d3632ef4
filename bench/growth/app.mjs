// An app that serves logins, and that can add a million users without a request: a stub makes WeChat's
// responses.
import http from 'node:http';
import { createRequire } from 'node:module';
import { serve, usage } from '../parts/child.mjs';
import { axiosAdapter, codeOf } from '../parts/stub-wechat.mjs';
import '../logins/redirect-wechat.mjs';

const require = createRequire(import.meta.url);
const { wechatAuth, requireWechatUser } = require('express-wechat-auth');
const [appId, appSecret] = process.argv.slice(2);

let oauth;
const app = require('express')();
app.use(require('cookie-session')({ name: 'session', keys: ['a key that is as long as keys are'] }));
const server = http.createServer(app).listen(0, '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${server.address().port}`;
  app.use(wechatAuth({ appId, appSecret, baseURL: origin, dangerouslyAllowEmulatorInProduction: true }));
  app.use((req, _res, next) => {
    oauth = req.wechat.oauth;
    next();
  });
  app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
  serve({ origin }, { ...usage, addUsers });
});

async function addUsers(from, to) {
  if (!oauth) await fetch(`http://127.0.0.1:${server.address().port}/none`);
  oauth.setOpts({ adapter: axiosAdapter });
  for (let user = from; user < to; user++) await oauth.getAccessToken(codeOf(user));
  oauth.setOpts({});
}
