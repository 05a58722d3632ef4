// What an account costs before its first login. Run with --expose-gc; prints JSON: bytes and ms of one
// account of many, and bytes of one plain wechatAuth().
import { createRequire } from 'node:module';

const { wechatAuth } = createRequire(import.meta.url)('../..');
/** The middleware keeps this number of accounts. With more, it would drop one for each that is added. */
const [accounts = 1_000] = process.argv.slice(2).map(Number);
const WARM_UP = 20;
const ENDPOINTS = { open: 'http://127.0.0.1:9', api: 'http://127.0.0.1:9' };

const credentials = (at, kind) => ({
  appId: `wx${kind}${String(at).padStart(15, '0')}`,
  appSecret: String(at).padStart(32, '0'),
});
const shop = (at) => ({ ...credentials(at, 'a'), website: credentials(at, 'e') });

/** The bytes of heap and buffers after a garbage collection. */
function bytes() {
  for (let round = 0; round < 5; round++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** One request to the shop with this number. */
function request(middleware, at) {
  return new Promise((resolve) => {
    const req = {
      method: 'GET',
      url: '/',
      headers: { host: `shop-${at % 3}.example.com` },
      socket: {},
      shop: shop(at),
    };
    middleware(req, {}, () => resolve(req.wechat.isAuthenticated()));
  });
}

async function ofManyAccounts() {
  const middleware = wechatAuth({ account: (req) => req.shop, scanLogin: true, endpoints: ENDPOINTS });
  // Loads the modules that are loaded late, and warms up.
  for (let at = 0; at < WARM_UP; at++) await request(middleware, at);
  const before = bytes();
  const started = performance.now();
  for (let at = WARM_UP; at < accounts; at++) await request(middleware, at);
  const ms = performance.now() - started;
  const after = bytes();
  // Keeps the middleware reachable until the bytes are counted.
  await request(middleware, 0);
  const added = accounts - WARM_UP;
  return { bytes: (after - before) / added, ms: ms / added };
}

function plain() {
  const instances = [wechatAuth({ ...shop(0), endpoints: ENDPOINTS })];
  const before = bytes();
  const count = 50;
  for (let at = 1; at <= count; at++) instances.push(wechatAuth({ ...shop(at), endpoints: ENDPOINTS }));
  const after = bytes();
  return { bytes: (after - before) / count, instances: instances.length };
}

const one = plain();
const { bytes: perAccount, ms } = await ofManyAccounts();
console.log(JSON.stringify({ plain: one.bytes, account: perAccount, ms }));
