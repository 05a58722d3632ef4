'use strict';
// An app whose event listeners throw, with the built package. It prints how its login ended.
const { subscribe } = require('node:diagnostics_channel');
const http = require('node:http');
const cookieSession = require('cookie-session');
const connect = require('connect');
const { wechatAuth } = require('../../dist');
const { createEmulator } = require('../../dist/emulator');

const uncaught = [];
process.on('uncaughtException', (error) => uncaught.push(error.message));
let heardByTheNextListener = 0;
for (const name of ['login.started', 'login.succeeded']) {
  subscribe(`express-wechat-auth:${name}`, () => {
    throw new Error(`from ${name}`);
  });
  subscribe(`express-wechat-auth:${name}`, () => {
    heardByTheNextListener += 1;
  });
}

async function main() {
  const wechat = await createEmulator();
  const { appId, appSecret } = wechat.apps.official;
  const app = connect()
    .use(cookieSession({ keys: ['test key'] }))
    .use(wechatAuth({ appId, appSecret, endpoints: wechat.endpoints, flow: 'official' }));
  const server = http.createServer(app);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const sent = await fetch(`${url}/login?returnTo=/me`, { redirect: 'manual' });
  const cookie = sent.headers.getSetCookie().map((set) => set.split(';')[0]);
  const back = await wechat.authorize(sent.headers.get('location'));
  const done = await fetch(back, { redirect: 'manual', headers: { cookie: cookie.join('; ') } });
  server.close();
  server.closeAllConnections();
  await wechat.close();
  const location = done.headers.get('location');
  process.stdout.write(JSON.stringify({ status: done.status, location, heardByTheNextListener, uncaught }));
}

void main();
