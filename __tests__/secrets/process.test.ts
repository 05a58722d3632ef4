// The output of a whole process under DEBUG=* and NODE_DEBUG, which make every module print its debug lines.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { selfSignedCertificate } from '../../lib/emulator/index';
import { runChild } from '../support/processes/child';
import { Canaries } from '../support/canaries';
import { APPS } from './apps';
import { COOKIE_KEY, FIXED_SECRETS, OF_OTHER_PACKAGES, PROXY_PASSWORD } from './records';
import { startProxy } from './taps';

/**
 * An app that logs people in over TLS, with and without faults, and writes every secret and status to a file.
 */
const SCRIPT = `
const fs = require('fs'), http = require('http'), https = require('https');
const express = require('express'), cookieSession = require('cookie-session');
const { tls, apps, cookieKey, file } = JSON.parse(process.env.SCENARIO);
const secrets = { code: [], state: [], 'access token': [] };
const note = (kind, secret) => (secrets[kind].push(secret), secret);
const get = (port, path, cookie) => new Promise((done, fail) => http.get(
  { port, path, agent: false, headers: { Cookie: cookie, Accept: 'text/html', 'User-Agent': 'MicroMessenger/8.0.60' } },
  (res) => res.resume().on('end', () => done({
    status: res.statusCode,
    location: res.headers.location,
    cookie: (res.headers['set-cookie'] || []).map((each) => each.split(';')[0]).join('; ') || cookie,
  }))).on('error', fail));
(async () => {
  const wechat = await emulator.createEmulator({ https: tls, apps, names: ['wechat.test'] });
  // Loopback addresses never go through a proxy of the environment; this proxy resolves any name to them.
  const api = process.env.HTTPS_PROXY ? 'https://wechat.test:' + new URL(wechat.url).port : wechat.url;
  const app = express();
  app.use(cookieSession({ name: 'session', keys: [cookieKey] }));
  const [{ appId, appSecret }] = apps;
  app.use(core.wechatAuth({
    appId, appSecret, endpoints: { ...wechat.endpoints, api },
    http: { timeout: 1000, ...(process.env.HTTPS_PROXY ? {} : { httpsAgent: new https.Agent({ ca: tls.cert, keepAlive: true }) }) },
  }));
  app.get('/token', core.requireWechatUser(), async (req, res) => res.end(note('access token', await req.wechat.getAccessToken())));
  app.use((error, req, res, next) => { console.error(error); res.status(500).end(); });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address();
  const statuses = [];
  for (const fault of [undefined, 'reset', 'silence', 'truncated', { html: true }, { errcode: -1 }, { errcode: 40125 }]) {
    for (const call of ['access_token', 'userinfo']) {
      if (fault) wechat.fail(call, fault, { times: 2 });
      let response = await get(port, '/login?returnTo=/token', '');
      for (let tries = 0; tries < 2 && response.location.startsWith(wechat.url); tries++) {
        note('state', new URL(response.location).searchParams.get('state'));
        const callback = new URL(await wechat.authorize(response.location));
        note('code', callback.searchParams.get('code'));
        response = await get(port, callback.pathname + callback.search, response.cookie);
        if (!response.location) break;
      }
      statuses.push(response.location ? (await get(port, response.location, response.cookie)).status : response.status);
    }
  }
  fs.writeFileSync(file, JSON.stringify({ secrets, statuses }));
  server.close();
  await wechat.close();
  process.exit(0);
})();`;

interface Output {
  readonly printed: string;
  readonly canaries: Canaries;
}

/** Runs the script in a process with these variables. */
async function run(env: NodeJS.ProcessEnv): Promise<Output> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'canaries-'));
  const file = path.join(folder, 'secrets.json');
  const scenario = { tls: selfSignedCertificate(), apps: APPS, cookieKey: COOKIE_KEY, file };
  try {
    const { stdout, stderr, exitCode } = await runChild(SCRIPT, {
      ...env,
      SCENARIO: JSON.stringify(scenario),
    });
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
    const { secrets, statuses } = JSON.parse(readFileSync(file, 'utf8')) as {
      secrets: Record<'code' | 'state' | 'access token', string[]>;
      statuses: number[];
    };
    // Two logins succeed, and then each fault is met.
    expect(statuses.slice(0, 2)).toEqual([200, 200]);
    expect(new Set(statuses)).toEqual(new Set([200, 500, 502, 503, 504]));
    expect(secrets.code.length).toBeGreaterThan(10);
    expect(secrets.state.length).toBeGreaterThan(10);
    expect(secrets['access token'].length).toBeGreaterThan(1);
    return { printed: stdout + stderr, canaries: new Canaries({ ...FIXED_SECRETS, ...secrets }) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the output of a process', () => {
  it.each(['directly', 'through HTTPS_PROXY'])(
    'holds no secret under DEBUG=*, except in the debug lines of other packages (%s)',
    async (route) => {
      const proxy = route === 'directly' ? undefined : await startProxy();
      const password = encodeURIComponent(PROXY_PASSWORD);
      const { printed, canaries } = await run({
        DEBUG: '*',
        ...(proxy && {
          HTTPS_PROXY: `http://user:${password}@127.0.0.1:${proxy.port}`,
          NODE_TLS_REJECT_UNAUTHORIZED: '0',
        }),
      }).finally(() => proxy?.close());
      const lines = printed.split('\n').filter((line) => !OF_OTHER_PACKAGES.test(line));
      expect(lines.some((line) => line.includes('wechat-auth:api'))).toBe(true);
      expect(lines.some((line) => line.includes('https-proxy-agent'))).toBe(proxy !== undefined);
      expect(canaries.search(lines.join('\n'))).toEqual([]);
    },
  );

  it('holds no secret of a request to WeChat under NODE_DEBUG', async () => {
    const { printed, canaries } = await run({ NODE_DEBUG: 'http,https,net,tls' });
    for (const part of ['HTTP', 'NET', 'TLS']) expect(printed).toMatch(new RegExp(`^${part} \\d+:`, 'm'));
    // Node itself prints the requests of browsers, and here the browser runs in the same process.
    const ofBrowsers = ['code', 'state'];
    expect(canaries.search(printed).filter(({ kind }) => !ofBrowsers.includes(kind))).toEqual([]);
  });
});
