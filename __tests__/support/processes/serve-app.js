'use strict';
// The app of the tests with several processes. It loads the built package when it starts, and not before.
const { once } = require('node:events');
const { RedisStore } = require('connect-redis');
const cookieSession = require('cookie-session');
const express = require('express');
const session = require('express-session');
const { createClient } = require('redis');

/**
 * Serves the app on a free port. Processes share the Redis of their tokens and sessions; a single process may do
 * without Redis.
 *
 * @param {{ redis?: string, sessions: string, auth: object }} config
 * @param {() => void} onLogin
 */
async function serveApp({ redis, auth, sessions }, onLogin) {
  const { RedisTokenStore, requireWechatUser, wechatAuth } = require('../../../dist');
  const client = redis && createClient({ url: redis }).on('error', () => undefined);
  await client?.connect();
  const app = express();
  app.use((req, res, next) => {
    res.setHeader('X-Process', process.pid);
    next();
  });
  app.use(
    sessions === 'cookie-session'
      ? cookieSession({ name: 'session', keys: ['test key'] })
      : session({
          ...(client && { store: new RedisStore({ client }) }),
          secret: 'test key',
          resave: false,
          saveUninitialized: false,
        }),
  );
  const tokenStore = client && new RedisTokenStore(client);
  app.use(wechatAuth({ ...auth, tokenStore, onLogin }));
  app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
  app.get('/token', requireWechatUser(), async (req, res) => res.send(await req.wechat.getAccessToken()));
  app.get('/', (req, res) => res.send('home'));
  const server = app.listen(0, '127.0.0.1');
  // A client that keeps its connections must not find one closed while it sends a request.
  server.keepAliveTimeout = 0;
  await once(server, 'listening');
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    client?.destroy();
  };
  return { port: server.address().port, close };
}

module.exports = { serveApp };
