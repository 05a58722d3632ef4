// The check of return paths by itself; return-to.test.ts sends the paths through whole logins.
import fc from 'fast-check';
import { sanitizeReturnTo } from '../../../lib/middleware/http/return-to';
import { anyString } from '../../support/random/any-string';

describe('the check of return paths', () => {
  const OWN_ROUTES = ['/login', '/callback', '/auth/logout'];
  const pieces = fc.constantFrom(
    ...[
      '/',
      '\\',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '%09',
      '%0d%0a',
      '\t',
      '\n',
      '\r',
      '\u0000',
      '\u00a0',
      '\u2028',
      '／',
      '。',
    ],
    ...[
      '?',
      '#',
      '@',
      ':',
      ';',
      '&',
      '=',
      '%',
      '%25',
      'http:',
      'https://',
      'javascript:',
      'evil.example',
      '127.0.0.1',
      '[::1]',
    ],
    ...[
      'login',
      'LOGIN',
      '%6cogin',
      'callback',
      'auth',
      'logout',
      'code=1',
      'state=2',
      '中',
      '🍵',
      '\ud800',
      'a',
      ' ',
    ],
  );
  const anything = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.array(pieces, { maxLength: 12 }).map((parts) => `/${parts.join('')}`),
    anyString({ maxLength: 40 }),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.webPath(),
  );

  it.each(['http://127.0.0.1:3000', 'https://h5.example.com', 'http://[::1]:8080'])(
    'accepts no path that leaves %s, as a browser reads it',
    (origin) => {
      fc.assert(
        fc.property(anything, (value) => {
          const safe = sanitizeReturnTo(value, OWN_ROUTES);
          if (safe === undefined) return;
          const target = new URL(safe, `${origin}/auth/callback?code=x`);
          expect(target.origin).toBe(origin);
          expect(safe).toMatch(/^\/(?![/\\])[\u0021-\u007e]*$/);
          expect(target.pathname + target.search + target.hash).toBe(safe);
          expect(target.searchParams.has('code') && target.searchParams.has('state')).toBe(false);
          const path = safeDecode(target.pathname).toLowerCase().replace(/\/+/g, '/').replace(/\/$/, '');
          expect(OWN_ROUTES).not.toContain(path);
          // A second check does not change it.
          expect(sanitizeReturnTo(safe, OWN_ROUTES, Infinity)).toBe(safe);
        }),
        { numRuns: 5_000 },
      );
    },
  );

  it.each([
    ['is longer than 512 bytes', `/${'a'.repeat(512)}`],
    ['is longer than 512 bytes in UTF-8', `/${'中'.repeat(171)}`],
    ['has no slash at its start', 'me'],
    ['has its first slash later', 'me/'],
    ['becomes no address when it is read', '/.//:80'],
    ['becomes two slashes when it is read', '/.//'],
    ['has two slashes at its start', '//evil.example'],
    ['has a backslash', '/a\\b'],
    ['has a control character', '/a\u0000'],
    ['has a line break', '/a\nb'],
    ['has DEL', '/a\u007f'],
    ['has a C1 control character', '/a\u0085'],
    ['has a lone surrogate', '/a\ud83d'],
    ['becomes another host when it is read', '/.//evil.example'],
    ['becomes another host when percent-encoded dots are read', '/a/%2e%2e//evil.example'],
    ['is one of our own routes', '/login'],
    ['is one of our own routes in upper case, with a slash at the end', '/LogIn/'],
    ['is one of our own routes, percent-encoded', '/%6cogin?a'],
    ['is one of our own routes, with a percent-encoded slash', '/auth%2Flogout'],
    ['is one of our own routes, with two slashes', '/auth//logout//'],
    ['has a lone surrogate in its query', '/a?\udfff'],
    ['becomes one of our own routes when it is read', '/x/../auth/logout#a'],
    ['becomes one of our own routes without its code', '/callback?code=1&state=2'],
    ['is not a string', ['/me']],
  ])('refuses a path that %s', (_what, value) => {
    expect(sanitizeReturnTo(value, OWN_ROUTES)).toBeUndefined();
  });

  it.each([
    ['/me', '/me'],
    ['/a/b-c_d/', '/a/b-c_d/'],
    ['/me?', '/me'],
    ['/a/./b/../c', '/a/c'],
    ['/a//b', '/a//b'],
    ['/商品?名=茶#评价', '/%E5%95%86%E5%93%81?%E5%90%8D=%E8%8C%B6#%E8%AF%84%E4%BB%B7'],
    ['/login-help', '/login-help'],
    ['/auth', '/auth'],
    ['/auth/logout/x', '/auth/logout/x'],
    ['/authlogout', '/authlogout'],
    ['/auth%2flogin', '/auth%2flogin'],
    ['/100%', '/100%'],
    ['/pay?code=ABC', '/pay?code=ABC'],
    ['/map?state=GD', '/map?state=GD'],
    ['/x?code=1&state=2', '/x'],
    ['/x?a=1&code=1&b=%20+&state=2&c', '/x?a=1&b=%20+&c'],
    ['/x?%63ode=1&st%61te=2&a', '/x?a'],
    ['/x?code&state#top', '/x#top'],
    ['/x?barcode=1&states=2', '/x?barcode=1&states=2'],
  ])('lets a login end at %s, spelled %s', (value, expected) => {
    expect(sanitizeReturnTo(value, OWN_ROUTES)).toBe(expected);
    expect(sanitizeReturnTo(value, [])).toBe(expected);
  });

  it('refuses every path below a route that ends in /*', () => {
    const below = ['/scan/*'];
    expect(sanitizeReturnTo('/scan/ticket', below)).toBeUndefined();
    expect(sanitizeReturnTo('/Scan/a/b?c', below)).toBeUndefined();
    for (const path of ['/scan', '/scanner', '/a/scan/b', '/*'])
      expect(sanitizeReturnTo(path, below)).toBe(path);
  });

  it('accepts a path of 512 bytes, and counts the bytes as they were given', () => {
    expect(sanitizeReturnTo(`/${'a'.repeat(511)}`, OWN_ROUTES)).toHaveLength(512);
    const encoded = sanitizeReturnTo(`/${'中'.repeat(170)}`, OWN_ROUTES) ?? '';
    expect(encoded).toHaveLength(1 + 170 * 9);
    expect(sanitizeReturnTo(encoded, OWN_ROUTES)).toBeUndefined();
    expect(sanitizeReturnTo(encoded, OWN_ROUTES, Infinity)).toBe(encoded);
  });

  it('accepts every path that a browser can show, except our own routes', () => {
    const segment = fc.string({
      unit: fc.constantFrom(...Array.from('abcxyz019-_~!$&()*+,;=:@%中🍵')),
      minLength: 1,
      maxLength: 8,
    });
    const path = fc
      .tuple(fc.array(segment, { maxLength: 5 }), fc.array(segment, { maxLength: 3 }), fc.option(segment))
      .map(
        ([segments, query, hash]) =>
          `/${segments.join('/')}${query.length > 0 ? `?${query.join('&')}` : ''}${hash === null ? '' : `#${hash}`}`,
      );
    fc.assert(
      fc.property(path, (value) => {
        const { pathname, search, hash } = new URL(value, 'http://a.example');
        expect(sanitizeReturnTo(value, OWN_ROUTES)).toBe(pathname + search + hash);
      }),
      { numRuns: 3_000 },
    );
  });
});

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
