// An app that gets to know a million users: those of WeChat in its own process, for whom no request leaves, and those who log in.
import http from 'node:http';
import { createRequire } from 'node:module';
import { answer, usage } from '../parts/child.mjs';
import { answerAxios, codeOf } from '../parts/played.mjs';
import '../logins/detour.mjs';

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
  answer({ origin }, { ...usage, getToKnow });
});

async function getToKnow(from, to) {
  if (!oauth) await fetch(`http://127.0.0.1:${server.address().port}/none`);
  oauth.setOpts({ adapter: answerAxios });
  for (let user = from; user < to; user++) await oauth.getAccessToken(codeOf(user));
  oauth.setOpts({});
}
