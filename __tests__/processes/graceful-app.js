'use strict';
// An app that ends at a message of its parent or at a signal: it closes its server, and exits once nothing
// keeps it alive.
const express = require('express');
const { setImmediate } = require('node:timers');
const cookieSession = require('cookie-session');
const expressSession = require('express-session');
const { MemoryTokenStore, RedisTokenStore, requireWechatUser, wechatAuth } = require('../../dist');

const { auth, sessions, redis, onSignal } = JSON.parse(process.env.TEST_PROCESS);
const heldLogins = [];

process.on('unhandledRejection', (error) => report({ unhandled: String(error && error.stack) }));
process.on('uncaughtException', (error) => report({ unhandled: String(error && error.stack) }));

async function main() {
  const client = redis && (await connect(redis));
  const app = express();
  app.use((req, res, next) => {
    report({ requestPath: req.path });
    next();
  });
  app.use(
    sessions === 'memory'
      ? expressSession({ secret: 'test key', resave: false, saveUninitialized: false })
      : cookieSession({ name: 'session', keys: ['test key'] }),
  );
  app.use(
    wechatAuth({
      ...auth,
      tokenStore: client ? new RedisTokenStore(client) : new MemoryTokenStore(),
      onLogin: async (req, { user }) => {
        if (user.nickname !== 'slow') return;
        report({ waiting: 'onLogin' });
        await new Promise((release) => heldLogins.push(release));
      },
    }),
  );
  app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
  app.get('/token', requireWechatUser(), async (req, res) => res.send(await req.wechat.getAccessToken()));
  app.get('/', (req, res) => res.end('home'));
  const server = app.listen(0, '127.0.0.1', () => report({ port: server.address().port }));

  const end = (how) => {
    server.close(() => {
      // Only the app may close its own client.
      if (client) client.destroy();
      reportActiveResources(2_000);
    });
    if (how === 'all') server.closeAllConnections();
    if (how === 'idle') server.closeIdleConnections();
    // The message channel would keep the process alive.
    process.channel.unref();
    report({ ending: how });
  };
  process.on('message', ({ end: how, releaseLogins }) => {
    if (how) end(how);
    if (releaseLogins) heldLogins.splice(0).forEach((each) => each());
  });
  process.channel.ref();
  if (onSignal) process.on('SIGTERM', () => end('signal'));
}

async function connect(url) {
  const client = require('redis').createClient({ url, socket: { reconnectStrategy: 50 } });
  client.on('error', () => undefined);
  return client.connect();
}

/**
 * Closed resources take some turns of the event loop to disappear. The others would keep the process alive.
 */
function reportActiveResources(turns) {
  const activeResources = process
    .getActiveResourcesInfo()
    .filter((each) => each !== 'PipeWrap' && each !== 'Immediate');
  if (activeResources.length === 0 || turns === 0) report({ activeResources });
  else setImmediate(reportActiveResources, turns - 1);
}

function report(message) {
  if (process.connected) process.send(message);
}

void main();
