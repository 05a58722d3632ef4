// One of the app's processes in a soak: what a user would write, and an eye on itself.
import fs from 'node:fs';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { RedisTokenStore, isWechatError, requireWechatUser, wechatAuth } from 'express-wechat-auth';
import { createClient } from 'redis';
import { answer, usage } from '../parts/child.mjs';

const { redis, auth, refusedUser } = JSON.parse(process.env.SOAK);

const unhandled = [];
process.on('unhandledRejection', (error) =>
  unhandled.push(`unhandled rejection: ${String(error?.stack ?? error)}`),
);
process.on('uncaughtException', (error) =>
  unhandled.push(`uncaught exception: ${String(error?.stack ?? error)}`),
);
process.on('warning', (warning) => unhandled.push(`warning: ${warning.message}`));

const client = createClient({ url: redis, disableOfflineQueue: true, socket: { reconnectStrategy: 50 } });
client.on('error', () => undefined);
await client.connect();

const app = express();
app.use(
  session({ store: new RedisStore({ client }), secret: 'soak', resave: false, saveUninitialized: false }),
);
// What fails before this line is the session store of the app: nobody below is asked.
// eslint-disable-next-line no-unused-vars -- Express knows an error handler by its four parameters
app.use((error, req, res, next) => {
  if (!res.headersSent) res.setHeader('X-Reason', encodeURI(error.message));
  answerError(res, 503, 'sessions_away');
});
app.use(
  wechatAuth({
    ...auth,
    tokenStore: new RedisTokenStore(client),
    onLogin(req, { user }) {
      if (user.nickname === refusedUser) throw new Error('nobody knows this user');
    },
  }),
);
app.get('/me', requireWechatUser(), (req, res) => res.json({ openid: req.wechat.user.openid }));
app.get('/profile', requireWechatUser(), async (req, res) => {
  const { openid } = await req.wechat.oauth.getUser(req.wechat.user.openid);
  res.json({ openid });
});
app.get('/token', requireWechatUser(), async (req, res) => {
  res.json({ openid: req.wechat.user.openid, token: await req.wechat.getAccessToken() });
});
// eslint-disable-next-line no-unused-vars -- Express knows an error handler by its four parameters
app.use((error, req, res, next) => {
  if (isWechatError(error)) answerError(res, error.status, error.kind);
  else answerError(res, 500, `no coded error: ${error.stack}`);
});

function answerError(res, status, kind) {
  // Once the answer is out, only the session store can still fail: to prolong a session that was read.
  if (!res.headersSent) res.status(status).json({ error: kind });
}

const server = app.listen(0, '127.0.0.1', () =>
  answer(
    { port: server.address().port },
    {
      look: () => ({ heap: usage.memory().heapUsed, rss: process.memoryUsage.rss(), sockets: openSockets() }),
      hasRedis: () => client.isReady,
      unhandled: () => unhandled,
    },
  ),
);
// The browsers hang up: else an idle connection might close just as a request sets out.
server.keepAliveTimeout = 600_000;

function openSockets() {
  const files = '/proc/self/fd';
  return fs.readdirSync(files).filter((file) => isSocket(`${files}/${file}`)).length;
}

function isSocket(file) {
  try {
    return fs.readlinkSync(file).startsWith('socket:');
  } catch {
    return false;
  }
}
