// Which cookies browsers keep, and where they send them, rule by rule (RFC 6265bis).
import {
  domainMatches,
  isTrustworthy,
  parseCookieHeader,
  parseSetCookie,
  pathMatches,
  refusalOf,
  type Cookie,
  type CookieRefusal,
} from '../../../lib/middleware/http/browser-cookies';

const NOW = Date.UTC(2026, 0, 1);
beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(NOW));
afterEach(() => jest.restoreAllMocks());

const PLAIN: Cookie = {
  name: 'a',
  value: 'b',
  domain: undefined,
  path: '/',
  secure: false,
  httpOnly: false,
  sameSite: '',
  expires: undefined,
};
const HTTPS = new URL('https://shop.example.com/');
const HTTP = new URL('http://shop.example.com/');

describe('a Set-Cookie line', () => {
  it.each<[line: string, cookie: Partial<Cookie>]>([
    ['a=b', {}],
    [' a = b=c ; HttpOnly', { value: 'b=c', httpOnly: true }],
    ['a', { value: '' }],
    ['a=b; Secure; SameSite=Lax', { secure: true, sameSite: 'lax' }],
    ['a=b; SECURE; samesite = NONE', { secure: true, sameSite: 'none' }],
    ['a=b; Path=/app', { path: '/app' }],
    ['a=b; Path=app', {}],
    ['a=b; Domain=.Example.COM', { domain: 'example.com' }],
    ['a=b; Domain=x.example.com', { domain: 'x.example.com' }],
    ['a=b; Domain=', {}],
    ['a=b; Max-Age=60', { expires: NOW + 60_000 }],
    ['a=b; Max-Age=0', { expires: NOW }],
    ['a=b; Max-Age=-1', { expires: NOW - 1_000 }],
    ...['', '-', '1e9', '0x10', '+60', '6.5'].map((value): [string, object] => [`a=b; Max-Age=${value}`, {}]),
    ['a=b; Max-Age=; Expires=Thu, 01 Jan 2026 00:01:00 GMT', { expires: NOW + 60_000 }],
    ['a=b; Expires=Thu, 01 Jan 2026 00:01:00 GMT', { expires: NOW + 60_000 }],
    ['a=b; Expires=soon', {}],
    ['a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', { expires: NOW + 60_000 }],
    ['a=b; Max-Age=x; Expires=Thu, 01 Jan 2026 00:01:00 GMT', { expires: NOW + 60_000 }],
  ])('%s', (line, cookie) => {
    expect(parseSetCookie(line, HTTPS)).toEqual({ ...PLAIN, ...cookie });
  });

  it.each([
    ['/', '/'],
    ['/login', '/'],
    ['/auth/login', '/auth'],
    ['/auth/', '/auth'],
  ])('without a Path, of the address %s, has the path %s', (address, path) => {
    expect(parseSetCookie('a=b', new URL(address, HTTPS)).path).toBe(path);
  });
});

describe('a Cookie header', () => {
  it.each<[string, (readonly [string, string])[]]>([
    ['', []],
    ['a=b', [['a', 'b']]],
    [
      'a=b; c=d=e;a= f ',
      [
        ['a', 'b'],
        ['c', 'd=e'],
        ['a', 'f'],
      ],
    ],
    [' a ', [['a', '']]],
    ['=x', [['', 'x']]],
  ])('%j', (header, cookies) => {
    expect(parseCookieHeader(header)).toEqual(cookies);
  });
});

describe('a browser', () => {
  it.each<[what: string, fields: Partial<Cookie>, url: URL, refusal: CookieRefusal | undefined]>([
    ['a plain cookie', {}, HTTP, undefined],
    ['one that expires later', { expires: NOW + 1 }, HTTP, undefined],
    ['one that expires now', { expires: NOW }, HTTP, 'expired'],
    ['4,096 bytes', { name: 'a'.repeat(96), value: 'b'.repeat(4_000) }, HTTP, undefined],
    ['4,097 bytes', { name: 'a'.repeat(97), value: 'b'.repeat(4_000) }, HTTP, 'size'],
    ['Secure over https', { secure: true }, HTTPS, undefined],
    ['Secure over http', { secure: true }, HTTP, 'secure'],
    ['Secure from localhost', { secure: true }, new URL('http://localhost:3000'), undefined],
    ['SameSite=None with Secure', { sameSite: 'none', secure: true }, HTTPS, undefined],
    ['SameSite=None without Secure', { sameSite: 'none' }, HTTPS, 'none'],
    ['SameSite=Lax without Secure', { sameSite: 'lax' }, HTTPS, undefined],
    ['a Domain of its host', { domain: 'example.com' }, HTTPS, undefined],
    ['a Domain of another host', { domain: 'example.org' }, HTTPS, 'domain'],
    ['__Secure- with Secure', { name: '__Secure-a', secure: true, path: '/x' }, HTTPS, undefined],
    ['__Secure- without Secure', { name: '__secure-a' }, HTTPS, 'prefix'],
    ['a name that holds __Secure-', { name: 'x__Secure-a' }, HTTPS, undefined],
    ['__Host- with Secure and Path=/', { name: '__Host-a', secure: true }, HTTPS, undefined],
    ['__Host- without Secure', { name: '__HOST-a' }, HTTPS, 'prefix'],
    ['__Host- with another path', { name: '__Host-a', secure: true, path: '/x' }, HTTPS, 'prefix'],
    [
      '__Host- with a Domain',
      { name: '__Host-a', secure: true, domain: 'shop.example.com' },
      HTTPS,
      'prefix',
    ],
    ['a name that holds __Host-', { name: 'x__Host-a' }, HTTPS, undefined],
  ])('%s', (_what, fields, url, refusal) => {
    expect(refusalOf({ ...PLAIN, ...fields }, url)).toBe(refusal);
  });

  it.each([
    ['a.example', 'a.example', true],
    ['a.example', 'x.a.example', true],
    ['a.example', 'xa.example', false],
    ['x.a.example', 'a.example', false],
    ['example', 'a.example', false],
    ['localhost', 'localhost', true],
    ['0.0.1', '127.0.0.1', false],
    ['127.0.0.1', '127.0.0.1', true],
  ])('accepts a cookie with the Domain %s from %s: %s', (domain, host, expected) => {
    expect(domainMatches(domain, host)).toBe(expected);
  });

  it.each([
    ['/', '/', true],
    ['/a', '/', true],
    ['/a', '/a', true],
    ['/a/b', '/a', true],
    ['/a/b', '/a/', true],
    ['/a', '/a/', false],
    ['/ab', '/a', false],
    ['/b', '/a', false],
  ])('sends to %s a cookie with the path %s: %s', (path, cookiePath, expected) => {
    expect(pathMatches(path, cookiePath)).toBe(expected);
  });

  it.each([
    ['https://a.example', true],
    ['http://a.example', false],
    ['http://localhost', true],
    ['http://app.localhost:3000', true],
    ['http://localhost.example', false],
    ['http://notlocalhost', false],
    ['http://127.0.0.1', true],
    ['http://127.1.2.3', true],
    ['http://127.evil.example', false],
    ['http://10.127.0.1', false],
    ['http://[::1]:3000', true],
    ['http://[::2]', false],
  ])('keeps Secure cookies of %s: %s', (address, expected) => {
    expect(isTrustworthy(new URL(address))).toBe(expected);
  });
});
