// Measures how large a session is after a login: the JSON that a session store keeps, and the cookie of
// cookie-session.
import { createRequire } from 'node:module';
import { createEmulator } from 'express-wechat-auth/emulator';
import { Browser } from './logins/browser.mjs';
import { SESSION_KEY } from './parts/session-key.mjs';
import { table, whole } from './parts/table.mjs';

const require = createRequire(import.meta.url);
const PEOPLE = [
  ['小明', 'a short nickname'],
  ['Wolfeschlegelsteinhausenbergerdo', '32 letters'],
  ['春江潮水连海平海上明月共潮生滟滟随波千万里何处春江无月明江流宛', '31 Chinese characters'],
  ['👨‍👩‍👧‍👦👩‍❤️‍💋‍👨👨‍👩‍👧‍👦👩‍❤️‍💋‍👨', 'four emoji sequences'],
];

export async function benchSessions() {
  const users = PEOPLE.map(([nickname], at) => ({ id: `user${at}`, nickname }));
  const wechat = await createEmulator({ users });
  const { appId, appSecret } = wechat.apps.official;
  const { requireWechatUser, wechatAuth } = require('express-wechat-auth');
  const app = require('express')();
  app.use(require('cookie-session')({ name: 'session', keys: [SESSION_KEY] }));
  app.use(wechatAuth({ appId, appSecret, endpoints: wechat.endpoints }));
  app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
  app.get('/session', (req, res) => res.json(req.session));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const rows = [];
  for (const [at, [, description]] of PEOPLE.entries()) {
    const browser = new Browser();
    const authorize = async (url) => ({
      callback: await wechat.authorize(url, { user: `user${at}` }),
      openid: wechat.openid(`user${at}`, appId),
    });
    await browser.logIn({ origin, login: '/login?returnTo=/me', who: '/me', authorize, check: true });
    const { body } = await browser.open(`${origin}/session`);
    const cookie = browser.cookie.split('; ').find((each) => each.startsWith('session='));
    rows.push([description, whole(Buffer.byteLength(body)), whole(cookie.length)]);
  }
  server.close();
  server.closeAllConnections();
  await wechat.close();
  return table(['', 'session as JSON, bytes', 'cookie of cookie-session, bytes'], rows);
}
