import { emulator, useEmulator } from '../support/emulator';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../support/browsers/user-agents';
import { attackEach, Corpus, type Attack } from './support/corpus';
import { textOf, valueOf, type RawResponse } from '../support/browsers/raw-http';
import { RawBrowser, type RawRequest } from '../support/browsers/raw-browser';
import { defectOf, matrix } from './support/site';
import { stablePart } from './support/stable-part';

useEmulator();

/** A request to one of the routes or to a guarded page. */
interface Case {
  readonly name: string;
  readonly isCallback?: boolean;
  /** Whether the response depends on Accept. */
  readonly varies?: boolean;
  readonly send: (browser: RawBrowser) => Promise<RawResponse>;
}

const get =
  (path: string, request: RawRequest = {}) =>
  (browser: RawBrowser): Promise<RawResponse> =>
    browser.send(browser.at(path), request);

const json: RawRequest = { accept: 'application/json' };
const state = (digit: number): string => `${digit}${'a'.repeat(32)}`;

const CASES: readonly Case[] = [
  { name: 'login', send: get('/login') },
  { name: 'login with a return path', send: get('/login?returnTo=/me') },
  {
    name: 'login on a desktop without a website app',
    send: (browser) => new RawBrowser(browser.site, DESKTOP_CHROME).send(browser.at('/login')),
    varies: true,
  },
  {
    name: 'login on a desktop without a website app, as JSON',
    send: (browser) => new RawBrowser(browser.site, DESKTOP_CHROME).send(browser.at('/login'), json),
  },
  { name: 'login by HEAD', send: get('/login', { method: 'HEAD' }) },
  { name: 'login by a prefetch', send: get('/login', { headers: [['Sec-Purpose', 'prefetch']] }) },
  { name: 'login with a Host that is not a host name', send: get('/login', { host: 'a b' }), varies: true },
  {
    name: 'login with a Host that is not a host name, as JSON',
    send: get('/login', { ...json, host: 'a b' }),
    varies: true,
  },
  { name: 'callback without parameters', send: get('/callback'), isCallback: true, varies: true },
  {
    name: 'callback without parameters, as JSON',
    send: get('/callback', json),
    isCallback: true,
    varies: true,
  },
  { name: 'callback of an unknown login', send: get(`/callback?code=x&state=${state(0)}`), isCallback: true },
  {
    name: 'callback of an unknown login after a restart',
    send: get(`/callback?code=x&state=${state(1)}`),
    isCallback: true,
    varies: true,
  },
  {
    name: 'callback of an unknown login after a restart, as JSON',
    send: get(`/callback?code=x&state=${state(1)}`, json),
    isCallback: true,
    varies: true,
  },
  {
    name: 'callback with a repeated code',
    send: get('/callback?code=x&code=x'),
    isCallback: true,
    varies: true,
  },
  {
    name: 'callback with a code of 600 bytes',
    send: get(`/callback?code=${'x'.repeat(600)}`),
    isCallback: true,
    varies: true,
  },
  {
    name: 'callback of a refusal',
    send: get('/callback?code=authdeny&state=x'),
    isCallback: true,
    varies: true,
  },
  { name: 'callback by HEAD', send: get('/callback?code=x', { method: 'HEAD' }), isCallback: true },
  {
    name: 'callback with a query that ends in .css',
    send: get('/callback?code=x&state=y&.css'),
    isCallback: true,
    varies: true,
  },
  {
    name: 'callback with a slash at the end',
    send: get('/callback/?code=x'),
    isCallback: true,
    varies: true,
  },
  {
    name: 'callback that logs in',
    isCallback: true,
    send: (browser) => browser.logIn('ming'),
  },
  {
    name: 'callback opened twice',
    isCallback: true,
    send: async (browser) => {
      const { state: own } = await browser.startLogin();
      const code = browser.issueCode('ming');
      await browser.openCallback(own, code);
      return browser.openCallback(own, code);
    },
  },
  {
    name: 'callback whose code WeChat rejects',
    isCallback: true,
    send: async (browser) => browser.openCallback((await browser.startLogin()).state, 'no-code'),
  },
  {
    name: 'callback with a wrong secret',
    isCallback: true,
    varies: true,
    send: async (browser) => {
      emulator.fail('access_token', { errcode: 40125 });
      return browser.logIn('ming');
    },
  },
  { name: 'logout', send: get('/logout') },
  { name: 'logout by POST', send: get('/logout', { method: 'POST', body: '' }) },
  {
    name: 'logout at the request of another site',
    send: get('/logout', { headers: [['Sec-Fetch-Site', 'cross-site']] }),
    varies: true,
  },
  {
    name: 'logout at the request of another site, as JSON',
    send: get('/logout', { ...json, headers: [['Sec-Fetch-Site', 'cross-site']] }),
    varies: true,
  },
  { name: 'logout by HEAD', send: get('/logout', { method: 'HEAD' }) },
  { name: 'a guarded page', send: get('/me'), varies: true },
  { name: 'a guarded page by HEAD', send: get('/me', { method: 'HEAD' }), varies: true },
  {
    name: 'a guarded page by fetch()',
    send: get('/me', { headers: [['Sec-Fetch-Mode', 'cors']] }),
    varies: true,
  },
  {
    name: 'a guarded page by XMLHttpRequest',
    send: get('/me', { headers: [['X-Requested-With', 'XMLHttpRequest']] }),
    varies: true,
  },
  { name: 'a guarded page as JSON', send: get('/me', json), varies: true },
  { name: 'a guarded page with Accept: */*', send: get('/me', { accept: '*/*' }), varies: true },
  { name: 'a guarded page without Accept', send: get('/me', { accept: null }), varies: true },
  { name: 'a guarded form', send: get('/me', { method: 'POST', body: '' }), varies: true },
  {
    name: 'a guarded form that a page submits',
    send: get('/me', { method: 'POST', body: '', headers: [['Sec-Fetch-Mode', 'navigate']] }),
    varies: true,
  },
  { name: 'a guarded DELETE', send: get('/me', { method: 'DELETE' }), varies: true },
  ...[
    '/me/x.css',
    '/me/x.js',
    '/me/logo.png',
    '/me;x.css',
    '/me%2fx.css',
    '/me/%2e%2e/x.css',
    '/me/..%2fstatic%2fx.js',
    '/me?x.css',
    '/me/.css',
    '/me/robots.txt',
    '/me//x.ico',
    '/me/%00.css',
    '/me%00.css',
    '/me/x.css%3F',
  ].map((path): Case => ({ name: `a guarded page that looks like a file: ${path}`, send: get(path) })),
];

/** Why a cache could store the response, or serve it to another browser. */
function cachingDefect(
  response: RawResponse,
  { isCallback = false, varies = false }: Case,
): string | undefined {
  const body = textOf(response);
  const defect = defectOf(response);
  if (defect !== undefined && !defect.startsWith('status 500')) return defect;
  // The framework routes some of these paths to the app's own pages.
  if (body === 'home' || body === 'public') return undefined;
  if (response.status === 0) return 'no response';
  if (valueOf(response, 'cache-control') !== 'no-store')
    return `Cache-Control: ${valueOf(response, 'cache-control')}`;
  for (const name of [
    'expires',
    'last-modified',
    'etag',
    'pragma',
    'age',
    'surrogate-control',
    'cdn-cache-control',
  ])
    if (valueOf(response, name) !== '') return `${name}: ${valueOf(response, name)}`;
  if (isCallback && valueOf(response, 'referrer-policy') !== 'no-referrer')
    return 'no Referrer-Policy: no-referrer: the code would be in a Referer';
  const vary = valueOf(response, 'vary').toLowerCase().split(/, */);
  const expected = varies ? ['accept'] : [];
  if (valueOf(response, 'content-type').startsWith('text/html')) expected.push('accept-language');
  const missing = expected.find((name) => !vary.includes(name));
  if (missing !== undefined) return `Vary lacks ${missing}`;
  if (vary.includes('*')) return 'Vary: *';
  return undefined;
}

/** Headers that no cache has in its key: if they changed a response, an attacker could poison the cache. */
const UNKEYED: readonly (readonly [name: string, value: string])[] = [
  ['X-Forwarded-Host', 'evil.example'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-Scheme', 'http'],
  ['X-Forwarded-Prefix', '/evil'],
  ['X-Forwarded-Port', '1'],
  ['Forwarded', 'host=evil.example'],
  ['X-Host', 'evil.example'],
  ['X-Original-URL', '/logout'],
  ['X-Rewrite-URL', '/logout'],
  ['X-Original-Host', 'evil.example'],
  ['X-HTTP-Method-Override', 'POST'],
  ['X-HTTP-Method', 'DELETE'],
  ['X-Method-Override', 'HEAD'],
  ['Range', 'bytes=0-0'],
  ['If-None-Match', '*'],
  ['If-Modified-Since', 'Fri, 31 Dec 2100 00:00:00 GMT'],
  ['If-Range', '"x"'],
  ['Accept-Encoding', 'evil'],
  ['Accept-Charset', 'utf-7'],
  ['Content-Type', 'evil/x'],
  ['Content-Encoding', 'evil'],
  ['X-HTTP-Status', '200'],
  ['X-Original-Method', 'POST'],
  ['Max-Forwards', '0'],
  ['TE', 'trailers'],
  ['Early-Data', '1'],
  ['Save-Data', 'on'],
  ['DNT', '1'],
  ['Cache-Control', 'only-if-cached, max-stale'],
  ['Pragma', 'akamai-x-get-cache-key'],
  ['Purpose', 'evil'],
  ['Sec-Purpose', 'evil'],
  ['Expect', 'evil'],
];

/** The headers of a response that no header of the request may change. */
const isCompared = (name: string): boolean =>
  ['location', 'cache-control', 'vary', 'content-type'].includes(name);

const POISONED: readonly (readonly [path: string, request: RawRequest])[] = [
  ['/login?returnTo=/me', {}],
  ['/me?a=b', {}],
  ['/me', { headers: [['Sec-Fetch-Mode', 'cors']] }],
  [`/callback?code=x&state=${state(1)}`, {}],
  ['/logout?returnTo=/me', {}],
];

const attacks: Attack[] = [
  ...CASES.map((each): Attack => ({
    name: `stored: ${each.name}`,
    run: async (site) => cachingDefect(await each.send(new RawBrowser(site)), each),
  })),
  ...UNKEYED.flatMap(([name, value]) =>
    POISONED.map(([path, request]): Attack => ({
      name: `${name} at ${path}`,
      run: async (site) => {
        const browser = new RawBrowser(site, IPHONE_WECHAT);
        const plain = await browser.copy().send(browser.at(path), request);
        const poisoned = await browser.copy().send(browser.at(path), {
          ...request,
          headers: [...(request.headers ?? []), [name, value]],
        });
        // Node refuses an unknown Expect before it calls the app.
        if (name === 'Expect' && poisoned.status === 417) return undefined;
        const [before, after] = [plain, poisoned].map((response) => stablePart(response, isCompared));
        return before === after ? undefined : `the response changes from ${before}\n to ${after}`;
      },
    })),
  ),
];

const corpus = new Corpus();
attackEach(
  corpus,
  'a cache',
  matrix().map((options) => ({ ...options, auth: { website: undefined } })),
  attacks,
  'may store no response, and cannot be poisoned by a header outside its key',
);
corpus.expectAll(434);
