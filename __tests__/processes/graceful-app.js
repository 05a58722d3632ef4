'use strict';
// An app that ends at a message of its parent or at a signal: it closes its server, and exits once nothing
// keeps it alive.
const express = require('express');
const { setImmediate } = require('node:timers');
const cookieSession = require('cookie-session');
const expressSession = require('express-session');
const { MemoryTokenStore, RedisTokenStore, requireWechatUser, wechatAuth } = require('../../dist');

const { auth, sessions, redis, onSignal } = JSON.parse(process.env.TEST_PROCESS);
const gates = [];

process.on('unhandledRejection', (error) => tell({ unhandled: String(error && error.stack) }));
process.on('uncaughtException', (error) => tell({ unhandled: String(error && error.stack) }));

async function main() {
  const client = redis && (await connect(redis));
  const app = express();
  app.use((req, res, next) => {
    tell({ asked: req.path });
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
        tell({ waiting: 'onLogin' });
        await new Promise((open) => gates.push(open));
      },
    }),
  );
  app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
  app.get('/token', requireWechatUser(), async (req, res) => res.send(await req.wechat.getAccessToken()));
  app.get('/', (req, res) => res.end('home'));
  const server = app.listen(0, '127.0.0.1', () => tell({ port: server.address().port }));

  const end = (how) => {
    server.close(() => {
      // Only the app may close its own client.
      if (client) client.destroy();
      tellWhatIsLeft(2_000);
    });
    if (how === 'all') server.closeAllConnections();
    if (how === 'idle') server.closeIdleConnections();
    // The message channel would keep the process alive.
    process.channel.unref();
    tell({ ending: how });
  };
  process.on('message', ({ end: how, open }) => {
    if (how) end(how);
    if (open) gates.splice(0).forEach((each) => each());
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
 * Closed resources take some turns of the event loop to go; the ones that stay would keep the process alive.
 */
function tellWhatIsLeft(turns) {
  const left = process.getActiveResourcesInfo().filter((each) => each !== 'PipeWrap' && each !== 'Immediate');
  if (left.length === 0 || turns === 0) tell({ left });
  else setImmediate(tellWhatIsLeft, turns - 1);
}

function tell(word) {
  if (process.connected) process.send(word);
}

void main();
