'use strict';
/**
 * An app in a process of its own, which runs dist/ and reports what its requests cost: counts (operation-counter.js) or heap.
 * The parent process decides what its stores say.
 */
const { startCounting } = require('./operation-counter');

const { auth, sessions, counts } = JSON.parse(process.env.TEST_PROCESS);

// Before all code that is counted.
const takeCounts = counts ? startCounting() : undefined;

const http = require('node:http');
const http2 = require('node:http2');
const { setImmediate } = require('node:timers');
const connect = require('connect');
const cookieSession = require('cookie-session');
const express = require('express');
const expressSession = require('express-session');
const {
  MemoryTokenStore,
  OAuth,
  RedisTokenStore,
  isWechatError,
  requireWechatUser,
  wechatAuth,
} = require('../../../dist');
const { CallbackResults } = require('../../../dist/middleware/state/callback-results');
const quadratic = require('./quadratic');

/**
 * What the stores say. `sessions`, `tokens`, `redis`: the message of the error with which this store fails; a store that is not
 * named works. `record`: what Redis holds under every key.
 */
let words = {};

class FailingSessions extends expressSession.MemoryStore {
  set(id, session, done) {
    if (words.sessions === undefined) super.set(id, session, done);
    else setImmediate(() => done(new Error(words.sessions)));
  }
}

class FailingTokens extends MemoryTokenStore {
  async set(...parameters) {
    if (words.tokens !== undefined) throw new Error(words.tokens);
    await super.set(...parameters);
  }
}

/** As much of a Redis client as a lookup needs. */
const redis = {
  get: async () => {
    if (words.redis !== undefined) throw new Error(words.redis);
    return words.record;
  },
  eval: async () => 1,
  pSetEx: async () => 'OK',
  del: async () => 1,
};

function sessionMiddleware() {
  if (sessions === 'cookie-session') return cookieSession({ name: 'session', keys: ['test key'] });
  return expressSession({
    store: new FailingSessions(),
    secret: 'test key',
    resave: false,
    saveUninitialized: false,
  });
}

function createApp() {
  const app = express();
  app.set('trust proxy', 'loopback');
  app.get('/quadratic/:name', (req, res) => res.json(quadratic[req.params.name](req.url)));
  app.use(sessionMiddleware());
  // The mount is a pattern: a part of it comes from the request.
  app.use('/shops/:shop', wechatAuth({ ...auth, sessionKey: 'shop' }), requireWechatUser());
  app.use(wechatAuth({ ...auth, tokenStore: new FailingTokens() }));
  app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
  app.post('/me', requireWechatUser(), (req, res) => res.end());
  app.get('/consent', requireWechatUser({ scope: 'snsapi_userinfo' }), (req, res) => res.end());
  app.use((req, res) => res.end('home'));
  return app;
}

/** Express does not serve HTTP/2; Connect does. */
function createAppForHttp2() {
  return connect().use(sessionMiddleware()).use(wechatAuth(auth)).use(requireWechatUser());
}

const results = new CallbackResults(undefined, 600_000);
let callbacks = 0;

/** As so many callbacks, each of another login, would fill every cache of them. */
async function fillCaches(times) {
  for (const end = callbacks + Number(times); callbacks < end; callbacks++) {
    const state = `0${callbacks.toString(16).padStart(32, '0')}`;
    const callback = { state, code: `code ${callbacks}`, cookies: '' };
    const login = { openid: `openid ${callbacks}` };
    results.recordStart(state, { host: 'h5.example.com', returnTo: `/${callbacks}` });
    await results.shareResult(callback, { exchange: async () => login, complete: async () => login });
    await results.shareResult(
      { ...callback, code: 'made up' },
      { exchange: () => Promise.reject(new Error('refused')), decideRestart: () => state },
    );
    results.rememberCallback(callback, { returnTo: '/' });
    results.claimReport(state);
    await results.endLogins([state]);
  }
}

/** Calls that no request of a browser causes, or that a test makes too often for requests. */
const CALLS = {
  fillCaches,
  getUser: (openid) => new OAuth({ ...core(), tokenStore: new RedisTokenStore(redis) }).getUser(openid),
  verifyToken: (openid) => new OAuth(core()).verifyToken(openid, 'token'),
  getSessionKey: (code) => new OAuth(core()).getSessionKey(code),
  refreshAccessToken: (token) => new OAuth(core()).refreshAccessToken(token),
};

function core() {
  const { appId: appid, appSecret: appsecret, endpoints } = auth;
  return { appid, appsecret, endpoints };
}

async function usedHeap() {
  // A later collection frees what finalizers of an earlier one released.
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc();
    await new Promise((done) => setImmediate(done));
  }
  return process.memoryUsage().heapUsed;
}

/** Errors of the package are results of a call; others end the process. */
function expectKind(error) {
  if (!isWechatError(error)) throw error;
}

process.on('message', async ({ take, say, call }) => {
  if (say) words = say;
  if (call) await CALLS[call.name](call.argument).catch(expectKind);
  process.send({
    counts: take === 'counts' ? takeCounts() : undefined,
    heap: take === 'heap' ? await usedHeap() : 0,
  });
});

async function listen(server) {
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return server.address().port;
}

async function main() {
  const port = await listen(http.createServer(createApp()));
  const http2Port = await listen(http2.createServer(createAppForHttp2()));
  process.send({ port, http2Port });
}

void main();
