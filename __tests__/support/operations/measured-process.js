'use strict';
/**
 * An app in a process of its own. It runs dist/, and reports its counts (operation-counter.js) or its heap to
 * the parent process, which also decides whether its stores fail.
 */
const { startCounting } = require('./operation-counter');

const { auth, sessions, counts, miniProgram } = JSON.parse(process.env.TEST_PROCESS);

// V8 counts only code that is loaded after this.
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
  wechatRelay,
} = require('../../../dist');
const { CallbackResults } = require('../../../dist/middleware/state/callback-results');
const quadratic = require('./quadratic');

/**
 * What the stores do. `sessions`, `tokens`, `redis`: the message of the error with which this store fails; a
 * store that is not named works. `record`: what Redis holds under every key.
 */
let storeBehaviour = {};

class FailingSessions extends expressSession.MemoryStore {
  set(id, session, done) {
    if (storeBehaviour.sessions === undefined) super.set(id, session, done);
    else setImmediate(() => done(new Error(storeBehaviour.sessions)));
  }
}

class FailingTokens extends MemoryTokenStore {
  async set(...parameters) {
    if (storeBehaviour.tokens !== undefined) throw new Error(storeBehaviour.tokens);
    await super.set(...parameters);
  }
}

/** The commands of a Redis client that a lookup uses. */
const redis = {
  get: async () => {
    if (storeBehaviour.redis !== undefined) throw new Error(storeBehaviour.redis);
    return storeBehaviour.record;
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
  app.use('/relay', wechatRelay({ to: ['https://app.example.com'] }));
  app.use(sessionMiddleware());
  // The mount is a pattern: a part of it comes from the request.
  app.use('/shops/:shop', wechatAuth({ ...auth, sessionKey: 'shop' }), requireWechatUser());
  const verificationFiles = { 'MP_verify_x.txt': 'x' };
  app.use('/pc', wechatAuth({ ...auth, sessionKey: 'pc', scanLogin: true, verificationFiles }));
  // It does not know its proxy: the headers of proxies are text from anybody.
  const mini = express().set('trust proxy', false);
  const logIn = (req, res, { code, ...options }) =>
    req.wechat.loginWithCode('miniProgram', code, options).then(
      () => res.end(),
      ({ status }) => res.status(status).end(),
    );
  mini.use(wechatAuth({ ...auth, sessionKey: 'mini', miniProgram }));
  mini.post('/login-without-parser', (req, res) => logIn(req, res, {}));
  mini.post('/login', express.json({ limit: '1mb' }), (req, res) => logIn(req, res, req.body));
  app.use('/mini', mini);
  const { endpoints } = auth;
  const account = (req) => {
    throw new Error(`No account for ${req.url}`);
  };
  app.use('/no-account', wechatAuth({ account, endpoints, sessionKey: 'no-account' }));
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

const results = new CallbackResults(undefined, 600_000, 'wechat');
let callbacks = 0;

/** Fills every cache of callback results, as this many callbacks of different logins would. */
async function fillCaches(times) {
  for (const end = callbacks + Number(times); callbacks < end; callbacks++) {
    const state = `0${callbacks.toString(16).padStart(32, '0')}`;
    const callback = { state, code: `code ${callbacks}`, cookies: '' };
    const login = { openid: `openid ${callbacks}` };
    const pending = { returnTo: `/${callbacks}`, scope: 'snsapi_base', flow: 'official', at: Date.now() };
    results.started.record(state, pending, undefined);
    await results.shareResult(callback, { exchange: async () => login, complete: async () => login });
    await results.shareResult(
      { ...callback, code: 'made up' },
      { exchange: () => Promise.reject(new Error('refused')), decideRestart: () => state },
    );
    await results.rememberCallback(callback, { pending });
    results.claimReport(state);
    await results.endLogins([state]);
  }
}

/** Calls that a test makes directly: no browser request causes them, or so many requests would take long. */
const CALLS = {
  fillCaches,
  getUser: (openid) =>
    new OAuth({ ...credentials(), tokenStore: new RedisTokenStore(redis) }).getUser(openid),
  verifyToken: (openid) => new OAuth(credentials()).verifyToken(openid, 'token'),
  getSessionKey: (code) => new OAuth(credentials()).getSessionKey(code),
  refreshAccessToken: (token) => new OAuth(credentials()).refreshAccessToken(token),
};

function credentials() {
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

/** A call may fail with an error of this package. Any other error ends the process. */
function expectKind(error) {
  if (!isWechatError(error)) throw error;
}

process.on('message', async ({ take, stores, call }) => {
  if (stores) storeBehaviour = stores;
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
