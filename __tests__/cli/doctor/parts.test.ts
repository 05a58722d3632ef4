// Parts of the doctor, for cases that need public addresses, or cookies that no session middleware sets.
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { selfSignedCertificate } from '../../../lib/emulator';
import { CookieJar } from '../../../lib/cli/doctor/probe/cookie-jar';
import { checkRedirectURI } from '../../../lib/cli/doctor/checks/redirect-uri';
import { probe } from '../../../lib/cli/doctor/probe/http-probe';
import { publicURL, actsAsProxy, siteOf } from '../../../lib/cli/doctor/probe/site';
import { widthOf, wrap } from '../../../lib/cli/doctor/report/width';
import type { Configuration } from '../../../lib/cli/doctor/configuration';
import type { Finding } from '../../../lib/cli/doctor/report/check-list';
import { WECHAT } from '../../../lib/oauth/endpoints';
import { startConnectProxy } from '../../support/processes/connect-proxy';
import { startServer, useServers } from '../../support/processes/servers';

describe('the cookie jar of the doctor', () => {
  const HTTPS = new URL('https://h5.example.com/auth/login');
  const HTTP = new URL('http://h5.example.com/auth/login');
  const LOCAL = new URL('http://localhost:3000/auth/login');

  it.each<[string, URL, string | undefined]>([
    ['session=a; Secure', HTTPS, undefined],
    ['session=a; Secure', HTTP, 'secure'],
    ['session=a; Secure', LOCAL, undefined],
    ['session=a; Domain=example.com', HTTPS, undefined],
    ['session=a; Domain=.h5.example.com', HTTPS, undefined],
    ['session=a; Domain=www.example.com', HTTPS, 'domain'],
    ['session=a; Domain=5.example.com', HTTPS, 'domain'],
    ['session=a; Domain=0.0.1', new URL('http://127.0.0.1/'), 'domain'],
    ['session=a; SameSite=None', HTTPS, 'none'],
    ['session=a; SameSite=None; Secure', HTTPS, undefined],
    ['__Secure-session=a', HTTPS, 'prefix'],
    ['__Host-session=a; Secure; Path=/', HTTPS, undefined],
    ['__Host-session=a; Secure; Path=/auth', HTTPS, 'prefix'],
    ['session=a; Max-Age=0', HTTPS, 'expired'],
    ['session=a; Expires=Thu, 01 Jan 1970 00:00:00 GMT', HTTPS, 'expired'],
    ['session=a; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', HTTPS, undefined],
  ])('treats %s from %s as a browser does', (line, url, refusal) => {
    const jar = new CookieJar();
    expect(jar.take([line], url).map((received) => received.refusal)).toEqual([refusal]);
    const kept = new URL(url.href.replace(/auth\/login$/, 'auth/callback'));
    expect(jar.header(kept, true)).toBe(refusal === undefined ? line.split(';')[0] : '');
  });

  it('keeps 4096 bytes of name and value, and drops one byte more', () => {
    const refusals = [4089, 4090].map(
      (size) => new CookieJar().take([`session=${'a'.repeat(size)}`], HTTPS)[0]?.refusal,
    );
    expect(refusals).toEqual([undefined, 'size']);
  });

  it('sends a cookie as its Path, its Secure and its SameSite allow', () => {
    const jar = new CookieJar();
    jar.take(
      ['a=1; Path=/auth', 'b=2; Path=/', 'c=3', 'd=4; SameSite=Strict; Path=/', 'e=5; Secure; Path=/'],
      HTTPS,
    );
    expect(jar.header(new URL('https://h5.example.com/auth/callback'), true)).toBe('a=1; b=2; c=3; e=5');
    expect(jar.header(new URL('https://h5.example.com/authority'), false)).toBe('b=2; d=4; e=5');
    expect(jar.header(new URL('http://h5.example.com/auth'), true)).toBe('a=1; b=2; c=3');
    jar.take(['a=; Max-Age=0; Path=/auth', 'b=6; Path=/'], HTTPS);
    expect(jar.header(HTTPS, true)).toBe('b=6; c=3; e=5');
  });

  it('keeps a host-only cookie apart from one with the Domain of the same host', () => {
    const jar = new CookieJar();
    jar.take(['a=host; Path=/', 'a=domain; Path=/; Domain=h5.example.com'], HTTPS);
    expect(jar.header(HTTPS, false)).toBe('a=host; a=domain');
    jar.take(['a=; Path=/; Max-Age=0'], HTTPS);
    expect(jar.header(HTTPS, false)).toBe('a=domain');
  });

  it('keeps cookies of one name apart by Path and host, and sends them to their own host only', () => {
    const jar = new CookieJar();
    const other = new URL('https://www.example.com/auth/login');
    jar.take(['a=1; Path=/', 'a=2; Path=/auth', 'wide=3; Path=/; Domain=example.com'], HTTPS);
    jar.take(['a=4; Path=/'], other);
    expect(jar.header(HTTPS, true)).toBe('a=1; a=2; wide=3');
    expect(jar.header(other, true)).toBe('wide=3; a=4');
    expect(jar.header(new URL('https://example.com/'), true)).toBe('wide=3');
    jar.take(['wide=; Max-Age=0; Path=/; Domain=example.com'], other);
    expect(jar.header(HTTPS, true)).toBe('a=1; a=2');
  });
});

describe('the doctor, on public addresses', () => {
  const ROUTES = { mount: '', login: '/login', callback: '/callback' };
  const configuration = (baseURL?: string): Configuration => ({
    apps: {
      official: { appId: undefined, appSecret: undefined },
      website: { appId: undefined, appSecret: undefined },
    },
    baseURL,
    relay: undefined,
    hasSecretInFlag: false,
    isProduction: false,
    ...WECHAT,
  });

  function finding(url: string, baseURL: string | undefined, redirectURI: string): Finding {
    const site = siteOf(new URL(url), baseURL === undefined ? undefined : new URL(baseURL), ROUTES);
    const request = {
      kind: 'started',
      flow: 'official',
      url: new URL(WECHAT.open),
      redirectURI,
      state: '',
    } as const;
    return checkRedirectURI(configuration(baseURL), site, [request]);
  }

  it('requests a public address as it is, and a private one the way its proxy does', () => {
    const outside = siteOf(new URL('https://www.example.com'), new URL('https://h5.example.com'), ROUTES);
    expect([actsAsProxy(outside), publicURL(outside, '/login').href]).toEqual([
      false,
      'https://www.example.com/login',
    ]);
    for (const inner of [
      'http://127.0.0.1:3000',
      'http://10.0.0.7',
      'http://web:3000',
      'http://[::1]:3000',
      'http://nas.local',
    ]) {
      const site = siteOf(new URL(inner), new URL('https://h5.example.com/shop'), ROUTES);
      expect([inner, actsAsProxy(site), publicURL(site, '/login').href]).toEqual([
        inner,
        true,
        'https://h5.example.com/shop/login',
      ]);
    }
  });

  it('reports that logins start on another host or scheme than the callback', () => {
    const other = finding(
      'https://www.example.com',
      'https://h5.example.com',
      'https://h5.example.com/callback',
    );
    expect([other.status, other.detail.en]).toEqual([
      'failed',
      'logins start at www.example.com, but WeChat sends browsers back to h5.example.com',
    ]);
    const scheme = finding(
      'http://h5.example.com',
      'https://h5.example.com',
      'https://h5.example.com/callback',
    );
    expect([scheme.status, scheme.detail.en]).toEqual([
      'failed',
      'logins start at http://, but WeChat sends browsers back to https://h5.example.com',
    ]);
    expect(finding('https://h5.example.com', undefined, 'https://h5.example.com/callback').status).toBe('ok');
    expect(finding('https://h5.example.com', undefined, 'https://www.example.com/callback').status).toBe(
      'failed',
    );
  });
});

describe('text in a terminal', () => {
  it('counts two columns for a Chinese character', () => {
    expect(['微信 ok', '（）', '✔ ✖ ! –', 'e\u0301'].map(widthOf)).toEqual([7, 4, 7, 1]);
  });

  it('breaks Chinese anywhere except before closing punctuation, and other text at spaces', () => {
    expect(wrap('请设置一下。再来', 10, 'zh')).toEqual(['请设置一', '下。再来']);
    expect(wrap('see 设置与开发 there', 12, 'en')).toEqual(['see', '设置与开发', 'there']);
    expect(wrap('https://h5.example.com/callback', 12, 'en')).toEqual([
      'https://h5.e',
      'xample.com/c',
      'allback',
    ]);
    expect(wrap('', 12, 'en')).toEqual([]);
  });
});

describe('a request of the doctor through a proxy of the environment', () => {
  const saved = { ...process.env };
  beforeEach(() => {
    for (const name of Object.keys(process.env)) if (/_proxy$/i.test(name)) delete process.env[name];
  });
  afterEach(() => {
    process.env = { ...saved };
  });

  it.each([
    ['that is not an http: address', 'socks5://127.0.0.1:1', /let the request through: ALL_PROXY$/],
    [
      'that refuses the connection',
      'http://127.0.0.1:1',
      /let the request through: 127\.0\.0\.1:1 \(ALL_PROXY\), ECONNREFUSED$/,
    ],
  ])('names the variable of a proxy %s', async (_what, address, detail) => {
    process.env['ALL_PROXY'] = address;
    const limits = { timeout: 5_000, signal: new AbortController().signal };
    await expect(probe(new URL('https://api.example.invalid/'), limits)).rejects.toMatchObject({
      detail: { en: expect.stringMatching(detail) as string },
    });
  });

  const serve = useServers();

  it.each<[string, string, () => net.Server, RegExp]>([
    [
      'a certificate that this machine does not trust',
      'https',
      () => https.createServer(selfSignedCertificate(['api.example.invalid'])),
      /^the TLS handshake fails \(TLS\): (?:SELF_SIGNED|UNABLE_TO|DEPTH_ZERO)/,
    ],
    [
      'a handshake that never ends',
      'https',
      () => net.createServer(),
      /^the TLS handshake fails \(TLS\): .*timeout$/,
    ],
    [
      'a server that never responds',
      'http',
      () => http.createServer(),
      /^no valid response \(HTTP\): .*timeout$/,
    ],
  ])('does not blame the proxy for %s behind it', async (_what, scheme, server, detail) => {
    const target = await serve(startServer(server()));
    const proxy = await serve(startConnectProxy());
    process.env['ALL_PROXY'] = proxy.url;
    const limits = { timeout: 500, signal: new AbortController().signal };
    const url = new URL(`${scheme}://api.example.invalid:${target.port}/`);
    await expect(probe(url, limits)).rejects.toMatchObject({
      detail: { en: expect.stringMatching(detail) as string },
    });
  });
});
