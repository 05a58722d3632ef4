'use strict';
// One of several processes that serve the same app. They share the Redis of their tokens and sessions. A single
// process may do without Redis.
const { RedisStore } = require('connect-redis');
const cookieSession = require('cookie-session');
const express = require('express');
const session = require('express-session');
const { createClient } = require('redis');
const { RedisTokenStore, requireWechatUser, wechatAuth } = require('../../dist');

const { redis, auth, sessions } = JSON.parse(process.env.TEST_PROCESS);

async function main() {
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
  const onLogin = () => void process.send({ login: process.pid });
  const tokenStore = client && new RedisTokenStore(client);
  app.use(wechatAuth({ ...auth, tokenStore, onLogin }));
  app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
  app.get('/token', requireWechatUser(), async (req, res) => res.send(await req.wechat.getAccessToken()));
  app.get('/', (req, res) => res.send('home'));
  process.on('message', ({ skewMs }) => {
    const { now } = Date;
    Date.now = () => now() + skewMs;
    process.send({ skewMs });
  });
  const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
}

void main();
