'use strict';
// An app whose diagnostics_channel listeners throw, with the built package: prints how its login ended.
const { subscribe } = require('node:diagnostics_channel');
const http = require('node:http');
const cookieSession = require('cookie-session');
const connect = require('connect');
const { wechatAuth } = require('../../dist');
const { createEmulator } = require('../../dist/emulator');

const uncaught = [];
process.on('uncaughtException', (error) => uncaught.push(error.message));
let callsOfTheNextListener = 0;
for (const name of ['login.started', 'login.succeeded']) {
  subscribe(`express-wechat-auth:${name}`, () => {
    throw new Error(`from ${name}`);
  });
  subscribe(`express-wechat-auth:${name}`, () => {
    callsOfTheNextListener += 1;
  });
}

/** fetch() would send `Sec-Fetch-Mode: cors`, as a script does. */
function openPage(url, headers) {
  return new Promise((resolve, reject) => {
    const options = { headers: { Accept: 'text/html', ...headers } };
    http.get(url, options, (response) => resolve(response.resume())).on('error', reject);
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
  const redirect = await openPage(`${url}/login?returnTo=/me`, {});
  const cookie = redirect.headers['set-cookie'].map((set) => set.split(';')[0]);
  const callback = await wechat.authorize(redirect.headers.location);
  const done = await openPage(callback, { Cookie: cookie.join('; ') });
  server.close();
  server.closeAllConnections();
  await wechat.close();
  const { location } = done.headers;
  process.stdout.write(
    JSON.stringify({ status: done.statusCode, location, callsOfTheNextListener, uncaught }),
  );
}

void main();
