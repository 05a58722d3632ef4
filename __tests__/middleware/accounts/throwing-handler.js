'use strict';
// An app of plain node:http whose handler throws, with the built package: prints how often the handler ran.
const http = require('node:http');
const { requireWechatUser, wechatAuth } = require('../../../dist');

const appId = 'wx0000000000000001';
const wechat = { user: { openid: 'o' }, appid: appId, openid: 'o', scope: 'snsapi_base', flow: 'official' };
const auth = wechatAuth({
  account: () => Promise.resolve({ appId, appSecret: 'a secret'.replace(' ', '-') }),
});
const guard = requireWechatUser({ check: () => Promise.resolve(true) });

const runs = { auth: 0, guard: 0 };
const thrown = [];
const result = () => `${JSON.stringify({ runs, thrown })}\n`;
process.on('unhandledRejection', (error) => {
  thrown.push(error.message);
  if (thrown.length === 2) process.stdout.write(result(), () => process.exit());
});

const server = http.createServer((req, res) => {
  req.session = { wechat };
  const name = req.url.slice(1);
  const run = () => {
    runs[name] += 1;
    if (runs[name] > 1) process.stdout.write(result(), () => process.exit());
    throw new Error(name);
  };
  auth(req, res, () => (name === 'guard' ? guard(req, res, run) : run()));
});
server.listen(0, '127.0.0.1', () => {
  for (const name of Object.keys(runs))
    http.get(`http://127.0.0.1:${server.address().port}/${name}`).on('error', () => undefined);
});
