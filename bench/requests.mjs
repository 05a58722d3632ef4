// Measures what wechatAuth(), the guard and a check by hand add to a request that is not a login. They take
// turns in one process, without a server. The requests have a session of cookie-session, from a real login.
//
//   npm run bench -- requests [--rounds 15]
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { createEmulator } from 'express-wechat-auth/emulator';
import { Browser } from './logins/browser.mjs';
import { median, quantile } from './parts/figures.mjs';
import { SESSION_KEY } from './parts/session-key.mjs';
import { table } from './parts/table.mjs';

const require = createRequire(import.meta.url);
const { requireWechatUser, wechatAuth } = require('express-wechat-auth');

const REQUESTS = 10_000;
/** So few that each request is still in the processor's cache when it is handled, as in a server. */
const BATCH = 10;
const session = require('cookie-session')({ name: 'session', keys: [SESSION_KEY] });

/**
 * What a careful app writes. It lets a request pass if the session holds a user of this account. Otherwise it
 * redirects pages to the login, and responds 401 to other requests.
 */
function checkByHand(appId) {
  return (req, res, next) => {
    const login = req.session?.wechat;
    if (login?.appid === appId && typeof login.openid === 'string' && login.user) next();
    else if (req.method === 'GET' && req.accepts('html'))
      res.redirect(`/login?returnTo=${encodeURIComponent(req.originalUrl)}`);
    else res.status(401).json({ error: 'unauthenticated' });
  };
}

/** name → a step that handles a request and calls `next`, and whether the session was read before. */
function stepsOf(options) {
  const auth = wechatAuth(options);
  const guard = requireWechatUser();
  const byHand = checkByHand(options.appId);
  const guarded = (req, res, next) => auth(req, res, () => guard(req, res, next));
  const afterSession = (step) => (req, res, next) => session(req, res, () => step(req, res, next));
  return {
    'nothing (the loop)': { step: (_req, _res, next) => next() },
    'a check by hand': { step: byHand },
    'wechatAuth()': { step: auth },
    'wechatAuth() and requireWechatUser()': { step: guarded },
    'cookie-session and a check by hand': { step: afterSession(byHand), hasNoSession: true },
    'cookie-session, wechatAuth() and requireWechatUser()': {
      step: afterSession(guarded),
      hasNoSession: true,
    },
  };
}

export async function benchRequests({ rounds = 15 } = {}) {
  const { options, headers } = await loggedIn();
  const steps = stepsOf(options);
  const names = Object.keys(steps);
  const costs = Object.fromEntries(names.map((name) => [name, []]));
  // Warms up, so that V8 has compiled the code.
  for (const name of names) microseconds(steps[name], headers);
  for (let round = 0; round < rounds; round++)
    for (const name of names) costs[name].push(microseconds(steps[name], headers));
  const loop = median(costs['nothing (the loop)']);
  const added = (name) => costs[name].map((cost) => cost - loop);
  const guardAlone = costs['wechatAuth() and requireWechatUser()'].map(
    (cost, round) => cost - costs['wechatAuth()'][round],
  );
  const rows = [
    ...names.slice(1).map((name) => [name, added(name)]),
    ['requireWechatUser() alone', guardAlone],
  ];
  return table(
    ['adds to a request', 'µs, median', 'fastest and slowest tenth'],
    rows.map(([name, values]) => [
      name,
      median(values).toFixed(2),
      `${quantile(values, 0.1).toFixed(2)} – ${quantile(values, 0.9).toFixed(2)}`,
    ]),
  );
}

/** Logs in at the emulator. Returns the options of the app, and the headers of the browser's next request. */
async function loggedIn() {
  const wechat = await createEmulator();
  const app = require('express')().use(session);
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  const { appId, appSecret } = wechat.apps.official;
  const options = { appId, appSecret, baseURL: origin, endpoints: wechat.endpoints };
  app.use(wechatAuth(options));
  const browser = new Browser();
  const authorize = async (url) => ({ callback: await wechat.authorize(url) });
  await browser.logIn({ origin, login: '/login', authorize });
  server.closeAllConnections();
  server.close();
  await wechat.close();
  const headers = { host: 'h5.example.com', accept: 'text/html,*/*;q=0.8', cookie: browser.cookie };
  return { options, headers };
}

/**
 * The time of one request, in µs: the median of many batches. A batch that the system interrupted, or in which
 * V8 collected the garbage of earlier requests, takes many times as long, and is none of the middleware's cost.
 */
function microseconds({ step, hasNoSession = false }, headers) {
  let done = 0;
  const next = () => done++;
  const times = [];
  for (let batch = 0; batch < REQUESTS / BATCH; batch++) {
    // The requests are created before the clock runs.
    const requests = Array.from({ length: BATCH }, () => newRequest(headers, hasNoSession));
    const started = process.hrtime.bigint();
    for (const { req, res } of requests) step(req, res, next);
    times.push(Number(process.hrtime.bigint() - started) / 1_000 / BATCH);
  }
  if (done !== REQUESTS) throw new Error(`${done} of ${REQUESTS} requests were let through.`);
  return median(times);
}

function newRequest(headers, hasNoSession) {
  const req = new IncomingMessage(null);
  Object.assign(req, { method: 'GET', url: '/orders?page=2', headers: { ...headers } });
  const res = new ServerResponse(req);
  if (!hasNoSession) {
    session(req, res, () => undefined);
    if (!req.session.wechat) throw new Error('The session has no login.');
  }
  return { req, res };
}
