// Every address that a browser is sent to, computed from a request and the options.
import { IncomingMessage, ServerResponse, type IncomingHttpHeaders } from 'node:http';
import net from 'node:net';
import type { WechatAuthOptions } from '../../lib/index';
import {
  currentPage,
  isCrossSite,
  isSafeReturnTo,
  loginPath,
  loginURL,
  originOf,
  pathOnThisSite,
  publicMount,
  redirectURI,
  requirePath,
  returnToOrDefault,
  routePath,
  routeRecorder,
  safeReturnTo,
  scanPath,
} from '../../lib/middleware/addresses';
import { contextOf, type Context } from '../../lib/middleware/context';
import { resolveOptions } from '../../lib/middleware/options/resolve-options';

interface RequestFields {
  readonly url?: string;
  /** The URL below the mount path. */
  readonly below?: string;
  readonly headers?: IncomingHttpHeaders;
  readonly secure?: boolean;
  /** `req.params`; Connect has none. */
  readonly params?: object | null | undefined;
  /** Whether Express trusts the proxy. */
  readonly trustsProxy?: boolean;
}

const { NODE_ENV } = process.env;

function recordRequest(context: Context): void {
  routeRecorder(context.config)(context);
}

/** Each test has a host of its own: the routes of a host are remembered for the whole process. */
let host: string;
let count = 0;
beforeEach(() => {
  count += 1;
  host = `h${count}.example.com`;
});
afterEach(() => {
  jest.restoreAllMocks();
  process.env['NODE_ENV'] = NODE_ENV;
});

function contextWith(
  options: WechatAuthOptions = {},
  { url = '/', below = url, headers, secure = false, params, trustsProxy }: RequestFields = {},
): Context {
  const config = resolveOptions({ appId: 'wx0123456789abcdef', appSecret: 's'.repeat(32), ...options });
  const req = Object.assign(new IncomingMessage(new net.Socket()), {
    url: below,
    originalUrl: url,
    headers: { host, ...headers },
    secure,
    params,
    ...(trustsProxy && { app: { get: () => () => true } }),
  });
  return contextOf(req, new ServerResponse(req), () => undefined, config);
}

describe('the origin', () => {
  it('is that of baseURL, whatever the request says', () => {
    const context = contextWith({ baseURL: 'https://shop.example.com/base' }, { headers: { host: '<>' } });
    expect(originOf(context)).toBe('https://shop.example.com');
  });

  it('is otherwise the one that the request names', () => {
    expect(originOf(contextWith())).toBe(`http://${host}`);
    expect(originOf(contextWith({}, { secure: true }))).toBe(`https://${host}`);
  });

  it.each(['h5.example.com', 'localhost:3000', '127.0.0.1:65535', 'my_host', '[::1]', '[2001:db8::1]:8080'])(
    'may have the host %s',
    (name) => {
      expect(originOf(contextWith({}, { headers: { host: name } }))).toBe(`http://${name}`);
    },
  );

  it.each([
    '',
    'a b',
    'a/b',
    'user@a.example',
    'a.example:',
    'a.example:123456',
    'a.example:8o',
    '[::1',
    '[zz]',
    'x[::1]',
    'a.example/evil',
    '!a.example',
    // Hosts by their characters alone: no URL can have them.
    '999.999.999.999',
    'a.example:99999',
    '[:::]',
    'xn--a',
  ])('is refused with 400 if the Host header is %j', (name) => {
    const read = () => originOf(contextWith({}, { headers: { host: name } }));
    expect(read).toThrow(/^The request names no valid host \(Host, .*Set baseURL/);
    expect(read).toThrow(expect.objectContaining({ kind: 'config', status: 400 }) as Error);
  });

  it('without baseURL causes one warning, in production only', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation();
    const context = contextWith();
    originOf(context);
    expect(warn).not.toHaveBeenCalled();
    process.env['NODE_ENV'] = 'production';
    originOf(context);
    originOf(context);
    originOf(contextWith({ baseURL: 'https://shop.example.com' }));
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /from the Host header, which a client can forge\. Set baseURL \(or WECHAT_BASE_URL\)\. .*account accept only these\. .*请设置 baseURL.*account/,
        ),
        {
          type: 'WechatAuthWarning',
          code: 'WECHAT_NO_BASE_URL',
          detail: expect.stringContaining('/docs/zh-CN/warnings.md') as string,
        },
      ],
    ]);
  });
});

describe('the mount path', () => {
  it.each([
    ['', ''],
    ['/auth', '/auth'],
    ['/auth/', '/auth'],
    ['//evil.example', '/evil.example'],
    ['/\\evil.example', '/evil.example'],
    ['\\\\evil.example//a', '/evil.example/a'],
    ['/\u00e6\u0088\u0091', '/%e6%88%91'],
    ['/a\u0001 b\u007f', '/a%01%20b%7f'],
    ['/!~', '/!~'],
  ])('%j becomes %j, which stays on this site', (mount, expected) => {
    const context = contextWith({}, { url: `${mount}/x`, below: '/x' });
    expect(publicMount(context)).toBe(expected);
    expect(routePath(context, 'login')).toBe(`${expected}/login`);
  });

  it('comes after the path that the proxy strips', () => {
    const context = contextWith({ baseURL: 'https://a.example/base' }, { url: '/auth/x', below: '/x' });
    expect(publicMount(context)).toBe('/base/auth');
    expect(currentPage(context)).toBe('/base/auth/x');
  });
});

describe('our routes', () => {
  it('have the paths of the options, or none', () => {
    const context = contextWith({ routes: { login: '/in', callback: false, logout: false } });
    expect(['login', 'callback', 'logout'].map((name) => routePath(context, name as 'login'))).toEqual([
      '/in',
      undefined,
      undefined,
    ]);
    expect(() => redirectURI(context)).toThrow(/routes\.callback is false: .*Give it a path/);
    expect(() => redirectURI(context)).toThrow(expect.objectContaining({ kind: 'config' }) as Error);
    const relay = 'https://auth.example.com/wechat';
    expect(redirectURI(contextWith({ baseURL: 'https://a.example', relay }))).toBe(
      `${relay}/callback?to=${encodeURIComponent('https://a.example/callback')}`,
    );
    expect(redirectURI(contextWith({}, { url: '/auth/x', below: '/x' }))).toBe(
      `http://${host}/auth/callback`,
    );
  });

  it('have links with the parameters that are given', () => {
    const context = contextWith({}, { url: '/auth/x', below: '/x' });
    expect(loginPath(context, {})).toBe('/auth/login');
    expect(loginPath(context, { returnTo: '/a?b=c&d' })).toBe('/auth/login?returnTo=%2Fa%3Fb%3Dc%26d');
    expect(loginPath(context, { returnTo: '/a', scope: 'snsapi_base' })).toBe(
      '/auth/login?returnTo=%2Fa&scope=snsapi_base',
    );
    const without = contextWith({ routes: { login: false } });
    expect(() => loginPath(without, {})).toThrow(/routes\.login is false, .*call req\.wechat\.login\(\)/);
    expect(() => loginPath(without, {})).toThrow(expect.objectContaining({ kind: 'config' }) as Error);
  });

  it('start the login on another device; if there are none, the guarded page does', () => {
    expect(loginURL(contextWith(), { returnTo: '/me' })).toBe(`http://${host}/login?returnTo=%2Fme`);
    expect(loginURL(contextWith(), { returnTo: '//evil.example', scope: 'all' })).toBe(
      `http://${host}/login`,
    );
    const login = { returnTo: '/me', scope: 'snsapi_userinfo', data: 'signed' };
    expect(loginURL(contextWith(), login)).toBe(
      `http://${host}/login?returnTo=%2Fme&scope=snsapi_userinfo&data=signed`,
    );
    const without = contextWith({ routes: { login: false } });
    expect(loginURL(without, { returnTo: '/me' })).toBe(`http://${host}/me`);
    expect(loginURL(without, { returnTo: '//evil.example' })).toBe(`http://${host}/`);
  });

  it('cause an error if a request needs one that is switched off', () => {
    expect(requirePath(contextWith(), 'login', 'no login route')).toBe('/login');
    const without = contextWith({ routes: { login: false } });
    const required = () => requirePath(without, 'login', 'no login route');
    expect(required).toThrow(/^no login route$/);
    expect(required).toThrow(expect.objectContaining({ kind: 'config' }) as Error);
    expect(scanPath(contextWith({ routes: { scan: '/qr' } }, { url: '/auth/x', below: '/x' }))).toBe(
      '/auth/qr',
    );
  });
});

describe('a return path', () => {
  it('is the default of the options if the requested one is not safe', () => {
    const context = contextWith({ returnTo: '/home' });
    expect(returnToOrDefault(context, '/me')).toBe('/me');
    for (const requested of ['//evil.example', '/login', '', null, undefined])
      expect(returnToOrDefault(context, requested)).toBe('/home');
    expect(returnToOrDefault(contextWith(), undefined)).toBe('/');
    expect(returnToOrDefault(contextWith({ baseURL: 'https://a.example/base' }), undefined)).toBe('/base/');
    // An app that has mounted the login at its default.
    const loop = contextWith({ returnTo: '/auth/login' }, { url: '/auth/x', below: '/x' });
    expect(returnToOrDefault(loop, undefined)).toBe('/');
  });

  it('is / if the default of the options is a route, and one warning says so', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation();
    const context = contextWith({ returnTo: '/logout' });
    expect(['/me', undefined, '/login'].map((path) => returnToOrDefault(context, path))).toEqual([
      '/me',
      '/',
      '/',
    ]);
    expect(returnToOrDefault(contextWith({ returnTo: '/shop' }), '/login')).toBe('/shop');
    expect(warn.mock.calls).toEqual([
      [
        "The option returnTo is '/logout', which is a route of wechatAuth(), so no login may end there. " +
          'Logins end at / instead. Give returnTo the path of a page. ' +
          '配置 returnTo 是 wechatAuth() 自己的路由，登录改为结束于 /。请把它设为某个页面的路径。',
        expect.objectContaining({ code: 'WECHAT_RETURN_TO' }),
      ],
    ]);
  });

  it('is checked as it was requested', () => {
    expect(isSafeReturnTo(contextWith(), '/me')).toBe(true);
    for (const requested of ['//evil.example', '/login', '', null, undefined])
      expect(isSafeReturnTo(contextWith(), requested)).toBe(false);
  });

  it.each([
    ['/me', '/base/me'],
    ['/base/me', '/base/me'],
    ['/base', '/base'],
    ['/base?a', '/base?a'],
    ['/base#a', '/base#a'],
    ['/baseball', '/base/baseball'],
    ['/x/base', '/base/x/base'],
    ['/', '/base/'],
    ['/logout', undefined],
    ['/base/logout', undefined],
    [`/${'中'.repeat(170)}`, `/base/${encodeURIComponent('中').repeat(170)}`],
    [`/${'中'.repeat(171)}`, undefined],
  ])('%s is %s below the path of baseURL', (requested, expected) => {
    expect(safeReturnTo(contextWith({ baseURL: 'https://a.example/base' }), requested)).toBe(expected);
  });

  it('is not a route of another mount or another session key on this site', () => {
    recordRequest(contextWith({ sessionKey: 'shop' }, { url: '/shop/x?a', below: '/x?a' }));
    recordRequest(
      contextWith({ sessionKey: 'forum', routes: { logout: '/bye' } }, { url: '/forum', below: '/' }),
    );
    const safe = (path: string): string | undefined => safeReturnTo(contextWith(), path);
    for (const path of [
      '/shop/logout',
      '/SHOP/Login/',
      '/shop/callback?a',
      '/shop/logout#x',
      '/shop/%6cogout',
    ])
      expect([path, safe(path)]).toEqual([path, undefined]);
    expect(safe('/forum/bye?a#b\u00a0')).toBeUndefined();
    expect(safe('/shop/me')).toBe('/shop/me');
    expect(safe('/login')).toBeUndefined();
    expect(safe('/forum/logout')).toBe('/forum/logout');
    // A site is a Host, or the origin of baseURL.
    host = `other-${host}`;
    expect(safe('/shop/logout')).toBe('/shop/logout');
    const based = { baseURL: `https://${host}` };
    recordRequest(contextWith({ ...based, sessionKey: 'a' }, { url: '/a/x', below: '/x' }));
    expect(safe('/a/logout')).toBe('/a/logout');
    expect(safeReturnTo(contextWith(based), '/a/logout')).toBeUndefined();
  });

  it.each<[string, (name: string) => RequestFields]>([
    ['in :authority, over HTTP/2', (name) => ({ headers: { host: undefined, ':authority': name } })],
    [
      'in the X-Forwarded-Host of a trusted proxy',
      (name) => ({ headers: { host: 'inner', 'x-forwarded-host': name }, trustsProxy: true }),
    ],
  ])('may be the route of a mount of another host, which is %s', (_where, named) => {
    const at = (site: string, fields: RequestFields): Context =>
      contextWith({ sessionKey: 'a' }, { ...fields, ...named(`${site}-${host}`) });
    recordRequest(at('one', { url: '/x', below: '/x' }));
    const other = at('two', { url: '/auth/x', below: '/x' });
    recordRequest(other);
    expect(safeReturnTo(other, '/login')).toBe('/login');
    expect(safeReturnTo(other, '/auth/login')).toBeUndefined();
    expect(safeReturnTo(at('one', { url: '/x', below: '/x' }), '/login')).toBeUndefined();
  });

  it('has not the name of the logout route of another wechatAuth(), whether its mount is known or not', () => {
    const own = { url: '/x', below: '/x', params: {} };
    const staff = contextWith(
      { sessionKey: 'staff', routes: { logout: '/sign-out' } },
      { ...own, url: '/staff/x' },
    );
    const record = routeRecorder(staff.config);
    expect(safeReturnTo(contextWith({}, own), '/staff/sign-out')).toBeUndefined();
    // One mount may be requested already, and another one not.
    record(staff);
    for (const path of ['/staff/sign-out', '/admin/sign-out', '/help/sign-out'])
      expect([path, safeReturnTo(contextWith({}, own), path)]).toEqual([path, undefined]);
    expect(safeReturnTo(contextWith({}, own), '/help/sign-out-page')).toBe('/help/sign-out-page');
  });

  it('may be the route of a mount if the request names no host', () => {
    recordRequest(contextWith({ sessionKey: 'a' }, { url: '/known/x', below: '/x' }));
    const elsewhere = contextWith({}, { headers: { host: undefined } });
    expect(safeReturnTo(elsewhere, '/known/logout')).toBe('/known/logout');
  });

  /** A logout route of its own for each test: mounts are recorded by session key and routes. */
  const routesOf = (name: string): WechatAuthOptions => ({ routes: { logout: `/${name}` } });

  it('is never the route of a mount, however many hosts an attacker invents', () => {
    const options = routesOf('bye-hosts');
    const record = (mount: string): void =>
      recordRequest(contextWith(options, { url: `${mount}/x`, below: '/x' }));
    const isRefused = (path: string): boolean => safeReturnTo(contextWith(options), path) === undefined;
    const own = host;
    record('/a');
    record('/b');
    for (let at = 0; at < 1_000; at++) {
      host = `forged-${at}.example.com`;
      record('/a');
      record('');
    }
    host = own;
    expect(isRefused('/a/bye-hosts')).toBe(true);
    expect(isRefused('/b/bye-hosts')).toBe(true);
    expect(isRefused('/c/bye-hosts')).toBe(false);
  });

  it('is never the route of a mount, however many tenants an attacker invents, in upper or lower case', () => {
    const options = routesOf('bye-tenants');
    const record = (mount: string): void =>
      recordRequest(contextWith(options, { url: `${mount}/x`, below: '/x' }));
    const isRefused = (path: string): boolean => safeReturnTo(contextWith(options), path) === undefined;
    record('/first');
    for (let at = 0; at < 500; at++) record(`/tenant-${at}`);
    record('/last');
    record(`/${'m'.repeat(600)}`);
    for (const tenant of ['/first', '/tenant-0', '/tenant-499', '/last', `/${'m'.repeat(300)}`])
      expect([tenant, isRefused(`${tenant}/bye-tenants`)]).toEqual([tenant, true]);
    for (const path of ['/FIRST/bye-tenants', '/first/BYE-TENANTS', '/Last/Bye-Tenants'])
      expect([path, isRefused(path)]).toEqual([path, true]);
    // A mount of this depth is a tenant, also an unknown one; deeper paths are pages of the app.
    expect(isRefused('/unknown/bye-tenants')).toBe(true);
    expect(isRefused('/first/page/bye-tenants')).toBe(false);
    expect(isRefused('/first/other')).toBe(false);
  });

  it('is not refused as a route only because an attacker spells one mount in many ways', () => {
    const options = routesOf('bye-case');
    for (let at = 0; at < 256; at++) {
      const mount = Array.from('abcdefgh')
        .map((char, bit) => (at & (1 << bit) ? char.toUpperCase() : char))
        .join('');
      recordRequest(contextWith(options, { url: `/${mount}/x`, below: '/x' }));
    }
    const safe = (path: string): string | undefined => safeReturnTo(contextWith(options), path);
    expect(safe('/abcdefgh/bye-case')).toBeUndefined();
    expect(safe('/pages/bye-case')).toBe('/pages/bye-case');
  });
});

describe('the routes of other mounts', () => {
  /** A session key of its own for each test: mounts are recorded by session key and routes. */
  const own = (): { sessionKey: string } => ({ sessionKey: `key${count}` });
  const record = (mount: string, below = '/x'): void =>
    recordRequest(contextWith(own(), { url: mount + below, below }));
  const isRefused = (path: string): boolean => safeReturnTo(contextWith(), path) === undefined;

  it('are refused on the sites at which the mount was seen', () => {
    record('/shop');
    const first = host;
    host = `b-${first}`;
    expect(isRefused('/shop/logout')).toBe(false);
    record('/shop');
    expect(isRefused('/shop/logout')).toBe(true);
    host = first;
    expect(isRefused('/shop/logout')).toBe(true);
  });

  it('are refused on every site once the mount was seen at 50', () => {
    const [first, unknownHost] = [host, `z-${host}`];
    for (let at = 0; at < 49; at++) {
      host = `${at}-${first}`;
      record('/shop');
    }
    host = unknownHost;
    expect(isRefused('/shop/logout')).toBe(false);
    host = `49-${first}`;
    record('/shop');
    host = unknownHost;
    expect(isRefused('/shop/logout')).toBe(true);
  });

  it('count as those of one mount, however its path is spelled', () => {
    for (let at = 0; at < 60; at++) record(at % 2 ? '/Shop' : '/shop');
    record('/a/b');
    // A 51st mount would be known by its depth only, and with it every path that is as deep.
    expect([isRefused('/a/b/logout'), isRefused('/c/d/logout')]).toEqual([true, false]);
  });

  it.each([
    ['/ab', '/'],
    ['/ab?page=2', '/?page=2'],
    ['http://h.example.com/ab/x', 'http://h.example.com/x'],
    ['HTTP://h.example.com/ab', 'HTTP://h.example.com/'],
  ])('are those of the whole mount path after a request for %s', (url, below) => {
    recordRequest(contextWith(own(), { url, below }));
    expect([isRefused('/ab/logout'), isRefused('/a/logout')]).toEqual([true, false]);
    // Of the mount path that is shorter by one character, nothing was known.
    record('/a');
    expect(isRefused('/a/logout')).toBe(true);
  });

  it('are those of the mount path that the request has, whatever a middleware has made of the URL', () => {
    record('/old');
    recordRequest(contextWith(own(), { url: '/older-page', below: '/index' }));
    record('');
    expect(isRefused('/old/logout')).toBe(true);
  });

  it.each([
    ['', '/shop/x', '/x', '/shop'],
    ['', '/ab', '/', '/ab'],
    ['/a', '/ab', '/', '/ab'],
    ['/a', '/ab?page=2', '/?page=2', '/ab'],
    ['/a/x', '/a/x', '/x', '/a'],
    ['/o', '/o1234', '/page.html', ''],
  ])(
    'are recorded although the mount %j is known, with which the address begins: %s, %s',
    (known, url, below, mount) => {
      const options = { ...own(), routes: { logout: '/bye' } };
      recordRequest(contextWith(options, { url: `${known}/x`, below: '/x' }));
      expect(isRefused(`${mount}/bye`)).toBe(false);
      recordRequest(contextWith(options, { url, below }));
      expect(isRefused(`${mount}/bye`)).toBe(true);
    },
  );

  it('are refused on the sites of each of two mounts that browsers see at the same path', () => {
    const options = { ...own(), scanLogin: true, website: undefined };
    const areRefused = (): boolean[] => ['/a/b/logout', '/a/b/scan/ticket'].map(isRefused);
    recordRequest(contextWith(options, { url: '/a\\b/x', below: '/x' }));
    host = `b-${host}`;
    expect(areRefused()).toEqual([false, false]);
    recordRequest(contextWith(options, { url: '/a/b/x', below: '/x' }));
    expect(areRefused()).toEqual([true, true]);
  });

  it('are those of one mount, whether the mount path itself is requested or a page below it', () => {
    for (let at = 0; at < 50; at++) {
      recordRequest(contextWith(own(), { url: `/t${at}`, below: '/' }));
      record(`/t${at}`);
    }
    // A 51st mount would be known by its depth only, and with it every path that is as deep.
    expect([isRefused('/t49/logout'), isRefused('/other/logout')]).toEqual([true, false]);
  });

  it('are recorded once for all hosts that are longer than a host can be', () => {
    const long = 'h'.repeat(255);
    host = `${long}a`;
    record('/shop');
    host = `${long}b`;
    expect(isRefused('/shop/logout')).toBe(true);
  });

  it('include the scan login only if it is on', () => {
    const scanning = contextWith({ scanLogin: true, website: undefined });
    expect(safeReturnTo(scanning, '/scan')).toBeUndefined();
    expect(safeReturnTo(scanning, '/scan/ticket')).toBeUndefined();
    expect(safeReturnTo(scanning, '/scanner')).toBe('/scanner');
    host = `other-${host}`;
    expect(safeReturnTo(contextWith(own()), '/scan')).toBe('/scan');
  });

  it('include the paths below the scan login, on the sites of its mount', () => {
    const options = { ...own(), scanLogin: true, website: undefined };
    recordRequest(contextWith(options, { url: '/shop/x', below: '/x' }));
    expect(['/shop/scan', '/shop/scan/ticket', '/shop/scanner', '/scan/ticket'].map(isRefused)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    host = `other-${host}`;
    expect(isRefused('/shop/scan/ticket')).toBe(false);
  });

  it('may be routes of this mount if it may be a pattern, whoever has requested them before', () => {
    // Names of its own: other tests have recorded mounts with the usual ones.
    const options = { routes: { login: '/in', callback: '/back', logout: '/out', scan: '/code' } };
    const at = (params: object | null | undefined, url: string, below = '/x'): Context =>
      contextWith({ ...options, scanLogin: true, website: undefined }, { url: url + below, below, params });
    // As wechatAuth() does when it is created.
    routeRecorder(at(undefined, '').config);
    const refusedAt = (context: Context, paths: readonly string[]): string[] =>
      paths.filter((path) => safeReturnTo(context, path) === undefined);
    const siblings = ['/b/out', '/B/%6fut/', '/b//out?a', '/b%2Fc/out', '/b%2Fout'];
    const others = ['/b/in', '/b/back#a', '/b/code', '/b/code/ticket'];
    // An optional part, which the mount has or lacks.
    const atOtherDepths = ['/out', '/b/c/out', '/b/c/d/e/OUT/'];
    const pages = ['/', '/out/x', '/b/me', '/b/out/x', '/b/coder', '/b/about', '/b/c/code/x'];
    const all = [...siblings, ...atOtherDepths, ...others, ...pages];
    // Express: the mount is a pattern.
    expect(refusedAt(at({ shop: 'a' }, '/a'), all)).toEqual([...siblings, ...atOtherDepths, ...others]);
    // Express: the mount of an outer router may be one, and that of the root may have left its parts out.
    for (const context of [at({}, '/a'), at({}, '')])
      expect(refusedAt(context, all)).toEqual([...siblings, ...atOtherDepths]);
    // Connect has no patterns.
    for (const context of [at(undefined, '/a'), at(null, '/a'), at(undefined, '')])
      expect(
        refusedAt(
          context,
          all.filter((path) => path !== '/out'),
        ),
      ).toEqual([]);
    const deep = ['/c/d/in', '/c%2Fe/d/in'];
    expect(refusedAt(at({ shop: 'a' }, '/a/b'), ['/b/in', ...deep])).toEqual(deep);
    // A wildcard, a part that may be missing, a regular expression.
    for (const params of [{ path: ['a', 'b'] }, { shop: undefined }, { 0: 'a' }])
      expect(refusedAt(at(params, '/a'), [...all, '/b/c/d/in'])).toEqual([
        ...siblings,
        ...atOtherDepths,
        ...others,
        ...['/b/c/code/x', '/b/c/d/in'],
      ]);
    const based = { ...options, baseURL: 'https://shop.example/base' };
    const under = (params: object, url: string): Context =>
      contextWith(based, { url: url + '/x', below: '/x', params });
    expect(refusedAt(under({ shop: 'a' }, '/a'), ['/b/out', '/base/b/in', '/b/c/in'])).toEqual([
      '/b/out',
      '/base/b/in',
    ]);
    expect(refusedAt(under({}, ''), ['/b/out', '/base/b/out', '/b/in'])).toEqual(['/b/out', '/base/b/out']);
    const without = contextWith(
      { routes: { ...options.routes, logout: false } },
      { url: '/a/x', below: '/x', params: {} },
    );
    // The name is that of another wechatAuth() of this process.
    expect(refusedAt(without, ['/b/out', '/b/in'])).toEqual(['/b/out']);
  });

  // From here on, paths of a known depth are refused at every site.

  it('are refused by their depth alone after 50 mounts', () => {
    for (let at = 0; at < 50; at++) record(`/t${at}`);
    expect([isRefused('/t49/logout'), isRefused('/other/logout')]).toEqual([true, false]);
    record('/a/b');
    expect([isRefused('/a/b/logout'), isRefused('/c/d/Callback/')]).toEqual([true, true]);
    expect([isRefused('/a/logout'), isRefused('/a/b/c/logout'), isRefused('/a/b/me')]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('are refused by their depth alone if the mount path has more than 500 characters', () => {
    const longest = `/${'l'.repeat(499)}`;
    record(longest);
    expect(isRefused('/other/logout')).toBe(false);
    record(`${longest}l`);
    expect(isRefused('/other/logout')).toBe(true);
  });

  it('are recorded for at most 50 depths', () => {
    for (let at = 0; at < 50; at++) record(`/t${at}`);
    for (let depth = 2; depth <= 52; depth++) record('/d'.repeat(depth));
    expect([isRefused(`${'/e'.repeat(51)}/logout`), isRefused(`${'/e'.repeat(52)}/logout`)]).toEqual([
      true,
      false,
    ]);
  });
});

describe('an address of this site', () => {
  it('has the path and query of the address', () => {
    expect(pathOnThisSite(contextWith(), `http://${host}/a?b#c`)).toBe('/a?b');
    for (const foreign of ['http://evil.example/a', '/a', 'null', '', 'data:text/html,a'])
      expect(pathOnThisSite(contextWith(), foreign)).toBeUndefined();
    expect(pathOnThisSite(contextWith({}, { headers: { host: undefined } }), 'http:///a')).toBeUndefined();
  });

  it.each([
    ['https://shop.example.com/base', 'https://shop.example.com/a', true],
    ['https://shop.example.com/base', 'http://shop.example.com/a', false],
    ['https://shop.example.com/base', 'ftp://shop.example.com/a', false],
    ['https://shop.example.com/base', 'https://shop.example.com:8443/a', false],
    ['https://shop.example.com/base', 'http://HOST/a', false],
    ['https://shop.example.com/base', 'https://HOST/a', false],
    ['http://shop.example.com', 'http://shop.example.com/a', true],
    // The proxy of the app sends browsers on to https.
    ['http://shop.example.com', 'https://shop.example.com/a', true],
  ])('with baseURL %s, is that of %s: %s', (baseURL, address, isOurs) => {
    for (const secure of [false, true]) {
      const headers = { host: address.includes('HOST') ? host : 'shop.example.com' };
      const context = contextWith({ baseURL }, { secure, headers });
      expect(pathOnThisSite(context, address.replace('HOST', host))).toBe(isOurs ? '/a' : undefined);
    }
  });

  it.each([
    [false, 'http', true],
    // A proxy ends TLS and does not say so.
    [false, 'https', true],
    [true, 'https', true],
    [true, 'http', false],
    [false, 'ftp', false],
    [true, 'ftp', false],
  ])('without baseURL, at a request by https (%s), is one of %s: %s', (secure, scheme, isOurs) => {
    const path = pathOnThisSite(contextWith({}, { secure }), `${scheme}://${host}/a`);
    expect(path).toBe(isOurs ? '/a' : undefined);
  });

  it.each([
    // Some proxies add the port to Host; browsers leave a default port out of Origin.
    ['shop.example:443', false, 'https://shop.example/a', true],
    ['shop.example:443', true, 'https://shop.example/a', true],
    ['shop.example:80', false, 'http://shop.example/a', true],
    ['shop.example:80', false, 'https://shop.example/a', true],
    ['shop.example:8443', true, 'https://shop.example:8443/a', true],
    ['shop.example:8443', true, 'https://shop.example/a', false],
    ['shop.example:443', true, 'http://shop.example/a', false],
    ['shop.example:443', false, 'http://shop.example/a', false],
    ['not a host', false, 'http://shop.example/a', false],
  ])('with Host %s, at a request by https (%s), is %s: %s', (hostHeader, secure, address, isOurs) => {
    const context = contextWith({}, { secure, headers: { host: hostHeader } });
    expect(pathOnThisSite(context, address)).toBe(isOurs ? '/a' : undefined);
  });

  it.each([
    [{}, false],
    [{ 'sec-fetch-site': 'cross-site' }, true],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ origin: 'https://evil.example' }, true],
    [{ origin: 'http://this' }, false],
    [{ origin: 'null' }, true],
    [{ referer: 'https://evil.example/a' }, true],
    [{ referer: 'http://this/a' }, false],
    [{ origin: 'http://this', referer: 'https://evil.example/a' }, false],
  ])('%j: another site sent the request: %s', (headers: IncomingHttpHeaders, expected) => {
    expect(isCrossSite(contextWith({}, { headers: { host: 'this', ...headers } }))).toBe(expected);
  });
});
