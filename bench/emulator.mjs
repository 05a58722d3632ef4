// Measures how many logins a second the emulator serves over HTTP, and whether its memory stays flat.
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { startChild } from './parts/child.mjs';
import { median } from './parts/figures.mjs';
import { forEach } from './parts/for-each.mjs';
import { mb, table, whole } from './parts/table.mjs';

const AT_ONCE = 16;
/** The figures are printed after these multiples of the option `logins`. */
const STEPS = [0.5, 1, 2];
/** The emulator keeps 50,000 tokens; beyond that many logins, its heap must not grow. */
const FULL_LOGINS = 50_000;
const MOST_GROWTH = 1.05;

export async function benchEmulator({ logins = 100_000 } = {}) {
  const script = fileURLToPath(new URL('emulator/wechat.mjs', import.meta.url));
  const wechat = await startChild(script, { execArgv: ['--expose-gc'] });
  const client = createClient(wechat.about);
  // Warms up, so that V8 has compiled the code.
  await forEach(Math.min(2_000, logins), client.logIn, AT_ONCE);
  const rows = [];
  const heaps = [];
  let done = 0;
  for (const step of STEPS) {
    const count = Math.round(step * logins) - done;
    const cpuBefore = await wechat.call('cpu');
    const rate = await rateOf(client, count);
    const cpu = (await wechat.call('cpu')) - cpuBefore;
    done += count;
    const { heapUsed, rss } = await wechat.call('memory');
    if (done > FULL_LOGINS) heaps.push(heapUsed);
    rows.push([whole(done), whole(rate), `${whole((cpu / count) * 1000)} µs`, mb(heapUsed), mb(rss)]);
  }
  client.end();
  await wechat.end();
  const head = ['logins', 'logins per second', 'CPU per login', 'heap', 'process (RSS)'];
  return `${table(head, rows)}\n\n${judged(heaps)}`;
}

/** Whether the heap stayed flat. @param heaps its sizes at points where the emulator's lists were full */
function judged(heaps) {
  if (heaps.length < 2) return 'Too few logins to judge the heap.';
  const growth = heaps.at(-1) / heaps[0];
  if (growth > MOST_GROWTH) process.exitCode = 1;
  const percent = ((growth - 1) * 100).toFixed(1);
  return `The heap grew by ${percent} % once the lists were full: ${growth > MOST_GROWTH ? 'too much' : 'flat'}.`;
}

/** The median of ten parts, because other load on the machine comes and goes. */
async function rateOf(client, count) {
  const rates = [];
  const part = Math.ceil(count / 10);
  for (let left = count; left > 0; left -= part) {
    const logins = Math.min(part, left);
    const start = performance.now();
    await forEach(logins, client.logIn, AT_ONCE);
    rates.push((logins / (performance.now() - start)) * 1000);
  }
  return median(rates);
}

/** A login is three requests: the authorize page, the code exchange and the profile. */
function createClient({ url, app: { appId, appSecret } }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const headers = { 'User-Agent': 'MicroMessenger', Cookie: 'wechat_emulator_person=follower' };
  const redirectURI = encodeURIComponent('https://h5.example.com/callback');
  const page = `/connect/oauth2/authorize?appid=${appId}&redirect_uri=${redirectURI}&response_type=code`;
  const exchange = `/sns/oauth2/access_token?appid=${appId}&secret=${appSecret}&grant_type=authorization_code`;

  const get = (path) =>
    new Promise((resolve, reject) => {
      http
        .get(url + path, { agent, headers }, (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (text) => (body += text));
          response.on('end', () => resolve({ location: response.headers.location, body }));
        })
        .on('error', reject);
    });

  async function logIn() {
    const { location } = await get(`${page}&scope=snsapi_userinfo&state=abc`);
    const code = new URL(location).searchParams.get('code');
    const token = JSON.parse((await get(`${exchange}&code=${code}`)).body);
    const { body } = await get(`/sns/userinfo?access_token=${token.access_token}&openid=${token.openid}`);
    if (JSON.parse(body).openid !== token.openid) throw new Error(`The login failed: ${body}`);
  }

  return { logIn, end: () => agent.destroy() };
}
