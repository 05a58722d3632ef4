import { emulator, useEmulator } from '../support/emulator';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../support/user-agents';
import { attackEach, Corpus, type Attack } from './support/corpus';
import { textOf, valueOf, type RawResponse } from '../support/raw-http';
import { RawBrowser, type RawRequest } from '../support/raw-browser';
import { defectOf, matrix } from './support/site';

useEmulator();

/** Every kind of answer that the routes and the guard give. */
interface Asked {
  readonly name: string;
  readonly isCallback?: boolean;
  /** Whether the same address may be answered in another form. */
  readonly varies?: boolean;
  readonly ask: (visitor: RawBrowser) => Promise<RawResponse>;
}

const get =
  (path: string, request: RawRequest = {}) =>
  (visitor: RawBrowser): Promise<RawResponse> =>
    visitor.send(visitor.at(path), request);

const json: RawRequest = { accept: 'application/json' };
const state = (digit: number): string => `${digit}${'a'.repeat(32)}`;

const ANSWERS: readonly Asked[] = [
  { name: 'login', ask: get('/login') },
  { name: 'login with a way back', ask: get('/login?returnTo=/me') },
  {
    name: 'login on a PC without a website app',
    ask: (visitor) => new RawBrowser(visitor.site, DESKTOP_CHROME).send(visitor.at('/login')),
    varies: true,
  },
  {
    name: 'the same as JSON',
    ask: (visitor) => new RawBrowser(visitor.site, DESKTOP_CHROME).send(visitor.at('/login'), json),
  },
  { name: 'login, by HEAD', ask: get('/login', { method: 'HEAD' }) },
  { name: 'login, ahead of time', ask: get('/login', { headers: [['Sec-Purpose', 'prefetch']] }) },
  { name: 'login with a Host that is none', ask: get('/login', { host: 'a b' }), varies: true },
  { name: 'the same as JSON', ask: get('/login', { ...json, host: 'a b' }), varies: true },
  { name: 'callback without anything', ask: get('/callback'), isCallback: true, varies: true },
  { name: 'the same as JSON', ask: get('/callback', json), isCallback: true, varies: true },
  { name: 'callback of an unknown login', ask: get(`/callback?code=x&state=${state(0)}`), isCallback: true },
  {
    name: 'callback of an unknown login, the second time',
    ask: get(`/callback?code=x&state=${state(1)}`),
    isCallback: true,
    varies: true,
  },
  {
    name: 'the same as JSON',
    ask: get(`/callback?code=x&state=${state(1)}`, json),
    isCallback: true,
    varies: true,
  },
  {
    name: 'callback with everything twice',
    ask: get('/callback?code=x&code=x'),
    isCallback: true,
    varies: true,
  },
  {
    name: 'callback with an endless code',
    ask: get(`/callback?code=${'x'.repeat(600)}`),
    isCallback: true,
    varies: true,
  },
  {
    name: 'callback of who said no',
    ask: get('/callback?code=authdeny&state=x'),
    isCallback: true,
    varies: true,
  },
  { name: 'callback, by HEAD', ask: get('/callback?code=x', { method: 'HEAD' }), isCallback: true },
  {
    name: 'callback that looks like a style sheet',
    ask: get('/callback?code=x&state=y&.css'),
    isCallback: true,
    varies: true,
  },
  { name: 'callback with a slash', ask: get('/callback/?code=x'), isCallback: true, varies: true },
  {
    name: 'callback that logs in',
    isCallback: true,
    ask: (visitor) => visitor.logIn('ming'),
  },
  {
    name: 'callback that comes twice',
    isCallback: true,
    ask: async (visitor) => {
      const { state: own } = await visitor.startLogin();
      const code = visitor.issueCode('ming');
      await visitor.openCallback(own, code);
      return visitor.openCallback(own, code);
    },
  },
  {
    name: 'callback whose code WeChat refuses',
    isCallback: true,
    ask: async (visitor) => visitor.openCallback((await visitor.startLogin()).state, 'no-code'),
  },
  {
    name: 'callback with a wrong secret',
    isCallback: true,
    varies: true,
    ask: async (visitor) => {
      emulator.fail('access_token', { errcode: 40125 });
      return visitor.logIn('ming');
    },
  },
  { name: 'logout', ask: get('/logout') },
  { name: 'logout by POST', ask: get('/logout', { method: 'POST', body: '' }) },
  {
    name: 'logout for another site',
    ask: get('/logout', { headers: [['Sec-Fetch-Site', 'cross-site']] }),
    varies: true,
  },
  {
    name: 'the same as JSON',
    ask: get('/logout', { ...json, headers: [['Sec-Fetch-Site', 'cross-site']] }),
    varies: true,
  },
  { name: 'logout, by HEAD', ask: get('/logout', { method: 'HEAD' }) },
  { name: 'a guarded page', ask: get('/me'), varies: true },
  { name: 'a guarded page, by HEAD', ask: get('/me', { method: 'HEAD' }), varies: true },
  {
    name: 'a guarded page, asked by a script',
    ask: get('/me', { headers: [['Sec-Fetch-Mode', 'cors']] }),
    varies: true,
  },
  {
    name: 'a guarded page, asked by an old script',
    ask: get('/me', { headers: [['X-Requested-With', 'XMLHttpRequest']] }),
    varies: true,
  },
  { name: 'a guarded page as JSON', ask: get('/me', json), varies: true },
  { name: 'a guarded page, for anybody', ask: get('/me', { accept: '*/*' }), varies: true },
  { name: 'a guarded page without Accept', ask: get('/me', { accept: null }), varies: true },
  { name: 'a guarded form', ask: get('/me', { method: 'POST', body: '' }), varies: true },
  {
    name: 'a guarded form that navigates',
    ask: get('/me', { method: 'POST', body: '', headers: [['Sec-Fetch-Mode', 'navigate']] }),
    varies: true,
  },
  { name: 'a guarded DELETE', ask: get('/me', { method: 'DELETE' }), varies: true },
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
  ].map((path): Asked => ({ name: `a guarded page that looks like a file: ${path}`, ask: get(path) })),
];

/** What a store between us and the browser may not keep, or not show to another. */
function kept(answer: RawResponse, { isCallback = false, varies = false }: Asked): string | undefined {
  const body = textOf(answer);
  const wrong = defectOf(answer);
  if (wrong !== undefined && !wrong.startsWith('status 500')) return wrong;
  // What the framework takes for another page is the app's own.
  if (body === 'home' || body === 'public') return undefined;
  if (answer.status === 0) return 'no answer';
  if (valueOf(answer, 'cache-control') !== 'no-store')
    return `Cache-Control: ${valueOf(answer, 'cache-control')}`;
  for (const name of [
    'expires',
    'last-modified',
    'etag',
    'pragma',
    'age',
    'surrogate-control',
    'cdn-cache-control',
  ])
    if (valueOf(answer, name) !== '') return `${name}: ${valueOf(answer, name)}`;
  if (isCallback && valueOf(answer, 'referrer-policy') !== 'no-referrer')
    return 'the code goes into a Referer';
  const vary = valueOf(answer, 'vary').toLowerCase().split(/, */);
  const expected = varies ? ['accept'] : [];
  if (valueOf(answer, 'content-type').startsWith('text/html')) expected.push('accept-language');
  const missing = expected.find((name) => !vary.includes(name));
  if (missing !== undefined) return `Vary lacks ${missing}`;
  if (vary.includes('*')) return 'Vary: *';
  return undefined;
}

/** Headers that no cache has in its key, and what they would have to change to poison it. */
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

/** The answer without what is new each time, and without the likely causes of a lost login: words of ours, in another order. */
function essence(answer: RawResponse): string {
  const body = textOf(answer).replace(/<(ul|pre)>[^]*?<\/\1>/g, '');
  return [
    answer.status,
    valueOf(answer, 'location'),
    valueOf(answer, 'cache-control'),
    valueOf(answer, 'vary'),
    valueOf(answer, 'content-type'),
    body,
  ]
    .join('\n')
    .replace(/state=\d[0-9a-f]{32}/g, 'state=');
}

const POISONED: readonly (readonly [path: string, request: RawRequest])[] = [
  ['/login?returnTo=/me', {}],
  ['/me?a=b', {}],
  ['/me', { headers: [['Sec-Fetch-Mode', 'cors']] }],
  [`/callback?code=x&state=${state(1)}`, {}],
  ['/logout?returnTo=/me', {}],
];

const attacks: Attack[] = [
  ...ANSWERS.map((asked): Attack => ({
    name: `stored: ${asked.name}`,
    run: async (site) => kept(await asked.ask(new RawBrowser(site)), asked),
  })),
  ...UNKEYED.flatMap(([name, value]) =>
    POISONED.map(([path, request]): Attack => ({
      name: `${name} at ${path}`,
      run: async (site) => {
        const visitor = new RawBrowser(site, IPHONE_WECHAT);
        const plain = await visitor.copy().send(visitor.at(path), request);
        const poisoned = await visitor.copy().send(visitor.at(path), {
          ...request,
          headers: [...(request.headers ?? []), [name, value]],
        });
        // Whom Node does not know how to serve it refuses before anybody is asked.
        if (name === 'Expect' && poisoned.status === 417) return undefined;
        return essence(plain) === essence(poisoned)
          ? undefined
          : `${essence(plain)}\n became ${essence(poisoned)}`;
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
  'keeps no answer of ours, and none is bent by a header it does not know',
);
corpus.expectAll(434);
