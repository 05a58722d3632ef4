// One of the app's processes in a soak: an app as a user would write it, which also reports on itself.
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { RedisTokenStore, isWechatError, requireWechatUser, wechatAuth } from 'express-wechat-auth';
import { createClient } from 'redis';
import { serve, usage } from '../parts/child.mjs';

const { redis, auth, refusedUser } = JSON.parse(process.env.SOAK);

const unhandled = [];
process.on('unhandledRejection', (error) =>
  unhandled.push(`unhandled rejection: ${String(error?.stack ?? error)}`),
);
process.on('uncaughtException', (error) =>
  unhandled.push(`uncaught exception: ${String(error?.stack ?? error)}`),
);
/** The warnings that the faults of the soak cause: WeChat and Redis fail, and browsers lose their session. */
const EXPECTED = ['WECHAT_LOGIN_FAILED', 'WECHAT_SESSION_GONE'];
process.on('warning', ({ code, message }) => {
  if (!EXPECTED.includes(code)) unhandled.push(`warning: ${message}`);
});

const client = createClient({ url: redis, disableOfflineQueue: true, socket: { reconnectStrategy: 50 } });
client.on('error', () => undefined);
await client.connect();

const app = express();
app.use(
  session({ store: new RedisStore({ client }), secret: 'soak', resave: false, saveUninitialized: false }),
);
// Only the session store can fail before this line.
// eslint-disable-next-line no-unused-vars -- Express recognizes an error handler by its four parameters
app.use((error, req, res, next) => {
  if (!res.headersSent) res.setHeader('X-Reason', encodeURI(error.message));
  sendError(res, 503, 'sessions_away');
});
app.use(
  wechatAuth({
    ...auth,
    tokenStore: new RedisTokenStore(client),
    onLogin(req, { user }) {
      if (user.nickname === refusedUser)
        throw Object.assign(new Error('this user has no account'), { refuse: true });
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
// eslint-disable-next-line no-unused-vars -- Express recognizes an error handler by its four parameters
app.use((error, req, res, next) => {
  if (isWechatError(error)) sendError(res, error.status, error.kind);
  else sendError(res, 500, `not an error of the library: ${error.stack}`);
});

function sendError(res, status, kind) {
  // After the response, only the session store can still fail: when express-session touches the session.
  if (!res.headersSent) res.status(status).json({ error: kind });
}

const server = app.listen(0, '127.0.0.1', () =>
  serve(
    { port: server.address().port },
    {
      measure: async () => {
        // The second collection frees what the callbacks of finalizers held after the first one.
        usage.memory();
        await sleep(200);
        return { heap: usage.memory().heapUsed, rss: process.memoryUsage.rss(), sockets: openSockets() };
      },
      hasRedis: () => client.isReady,
      unhandled: () => unhandled,
    },
  ),
);
// Longer than the idle time after which the clients close a connection. If the server closed it, it might do
// so just as a request is sent.
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
