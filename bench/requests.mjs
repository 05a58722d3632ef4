// Measures what wechatAuth(), the guard and a check by hand add to a request that is not a login. They take
// turns in one process, without a server.
//
//   npm run bench -- requests [--rounds 15]
import { createRequire } from 'node:module';
import { IncomingMessage, ServerResponse } from 'node:http';
import { median, quantile } from './parts/figures.mjs';
import { table } from './parts/table.mjs';

const require = createRequire(import.meta.url);
const { requireWechatUser, wechatAuth } = require('express-wechat-auth');

const ACCOUNT = { appId: 'wx0123456789abcdef', appSecret: '0123456789abcdef0123456789abcdef' };
const LOGIN = {
  user: { openid: 'oAbcdefghijklmnopqrstuvwxyz0', nickname: '小明' },
  appid: ACCOUNT.appId,
  openid: 'oAbcdefghijklmnopqrstuvwxyz0',
  scope: 'snsapi_userinfo',
  flow: 'official',
};
const HEADERS = {
  host: 'h5.example.com',
  accept: 'text/html,*/*;q=0.8',
  'user-agent': 'Mozilla/5.0 (iPhone) MicroMessenger/8.0.54',
};
const REQUESTS = 100_000;

const auth = wechatAuth({ ...ACCOUNT, baseURL: 'https://h5.example.com' });
const guard = requireWechatUser();

/** name → a step that handles a request and calls `next`. The first one measures the loop itself. */
const STEPS = {
  'nothing (the loop)': (_req, _res, next) => next(),
  'a check by hand': (req, res, next) => {
    if (req.session.user) next();
    else res.redirect('/login');
  },
  'wechatAuth()': auth,
  'wechatAuth() and requireWechatUser()': (req, res, next) => auth(req, res, () => guard(req, res, next)),
};

export function benchRequests({ rounds = 15 } = {}) {
  const costs = Object.fromEntries(Object.keys(STEPS).map((name) => [name, []]));
  // Warms up, so that V8 has compiled the code.
  for (const step of Object.values(STEPS)) microseconds(step);
  for (let round = 0; round < rounds; round++)
    for (const [name, step] of Object.entries(STEPS)) costs[name].push(microseconds(step));
  const loop = median(costs['nothing (the loop)']);
  const added = (name) => costs[name].map((cost) => cost - loop);
  const guardAlone = costs['wechatAuth() and requireWechatUser()'].map(
    (cost, round) => cost - costs['wechatAuth()'][round],
  );
  const rows = [
    ...Object.keys(STEPS)
      .slice(1)
      .map((name) => [name, added(name)]),
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

/** CPU time of one request, in µs. */
function microseconds(step) {
  let done = 0;
  const next = () => done++;
  // The requests are created before the clock runs, a thousand at a time, so that they fit into the CPU's
  // cache.
  let spent = 0;
  for (let batch = 0; batch < REQUESTS / 1_000; batch++) {
    const requests = Array.from({ length: 1_000 }, newRequest);
    const started = process.cpuUsage();
    for (const { req, res } of requests) step(req, res, next);
    const { user, system } = process.cpuUsage(started);
    spent += user + system;
  }
  if (done !== REQUESTS) throw new Error(`${done} of ${REQUESTS} requests were let through.`);
  return spent / REQUESTS;
}

function newRequest() {
  const req = new IncomingMessage(null);
  Object.assign(req, { method: 'GET', url: '/orders?page=2', headers: { ...HEADERS } });
  req.session = { wechat: LOGIN, user: LOGIN.user };
  return { req, res: new ServerResponse(req) };
}
