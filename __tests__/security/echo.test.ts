import { ERROR_KINDS } from '../../lib';
import { docsPage } from '../../lib/errors';
import type { OwnOptions } from '../support/app';
import { emulator, useEmulator } from '../support/emulator';
import { DESKTOP_CHROME } from '../support/browsers/user-agents';
import { FULL } from '../support/full';
import { stateIn } from '../support/login';
import { Corpus, expectOrdinaryLogin, type Attack } from './support/corpus';
import { encodeForQuery } from './support/redirect-payloads';
import { textOf, valueOf, withoutBreaks, type RawResponse } from '../support/browsers/raw-http';
import { partOf } from './support/rotation';
import { RawBrowser, type RawRequest } from '../support/browsers/raw-browser';
import { HOSTS } from '../support/hosts';
import { defectOf, openidOf, startSite, type Site } from './support/site';

useEmulator();

/** HTML that would run a script, load something or leave the attribute or element that it stands in. */
const MARKUP: readonly string[] = [
  ...[
    '<script>pwned()</script>',
    '"><script>pwned()</script>',
    "'><script>pwned()</script>",
    '</title><script>pwned()</script>',
  ],
  ...[
    '</pre><script>pwned()</script>',
    '</style><script>pwned()</script>',
    '</p></main></body><script>pwned()</script>',
  ],
  ...[
    '<img src=x onerror=pwned()>',
    '"><img src=x onerror=pwned()>',
    '<svg/onload=pwned()>',
    '<svg><script>pwned()</script></svg>',
  ],
  ...[
    '" onmouseover="pwned()',
    "' onmouseover='pwned()",
    '" autofocus onfocus=pwned() x="',
    '`onmouseover=pwned()`',
  ],
  ...[
    '<iframe srcdoc="<script>pwned()</script>">',
    '<base href="//evil.example/">',
    '<meta http-equiv=refresh content="0;url=//evil.example">',
  ],
  ...[
    '<form action=//evil.example><input name=pwned>',
    '<a href="javascript:pwned()">x</a>',
    '<link rel=stylesheet href=//evil.example>',
  ],
  ...[
    '<!--<script>pwned()//-->',
    '<![CDATA[<script>pwned()]]>',
    '<?xml pwned()?>',
    '<style>*{background:url(//evil.example/pwned)}</style>',
  ],
  ...[
    '&lt;script&gt;pwned()&lt;/script&gt;',
    '&#60;script&#62;pwned()',
    '%3Cscript%3Epwned()%3C/script%3E',
    '\\u003cscript\\u003epwned()',
  ],
  ...[
    '<scr<script>ipt>pwned()</scr</script>ipt>',
    '<SCRIPT SRC=//evil.example/pwned.js>',
    '<\u0000script>pwned()</script>',
    '<script\n>pwned()</script>',
  ],
  ...[
    '＜script＞pwned()＜/script＞',
    '\u2028<script>pwned()',
    '<math><mi//xlink:href="data:x,<script>pwned()</script>">',
    '{{constructor.constructor("pwned()")()}}',
    '${pwned()}',
  ],
  ...[
    'javascript:pwned()',
    'data:text/html,<script>pwned()</script>',
    '<object data=//evil.example/pwned>',
    '<embed src=//evil.example/pwned>',
    '<x contenteditable onblur=pwned()>',
  ],
];

interface AttackRequest {
  readonly target: string;
  readonly request?: RawRequest;
  readonly userAgent?: string;
}

/**
 * How a response shows a text: escaped in the page, percent-encoded in a link of the page, in JSON,
 * percent-encoded in JSON, only its first word (the rest cannot be a part of a rid), or not at all.
 */
type Rendering = 'text' | 'link' | 'JSON' | 'link in JSON' | 'first word' | 'not shown';

interface EntryPoint {
  readonly attack: (site: Site, markup: string) => AttackRequest | Promise<AttackRequest>;
  readonly inDevelopment: Rendering;
  readonly inProduction: Rendering;
}

/** The message of an error quotes the text: only the pages of development show messages. */
const IN_MESSAGE = { inDevelopment: 'text', inProduction: 'not shown' } as const;
/** The response is a page without the text. The attacks prove that this page has no other way to show it. */
const NOT_SHOWN = { inDevelopment: 'not shown', inProduction: 'not shown' } as const;

const ascii = (markup: string): string => withoutBreaks(Buffer.from(markup).toString('latin1'), () => ' ');

const state = (digit: number): string => `${digit}${'a'.repeat(32)}`;

/** The inputs of an attacker, and of WeChat, that a page may echo. */
const ENTRY_POINTS: Readonly<Record<string, EntryPoint>> = {
  state: {
    ...NOT_SHOWN,
    attack: (site, markup) => ({ target: `${site.mount}/callback?code=x&state=${encodeForQuery(markup)}` }),
  },
  code: {
    ...NOT_SHOWN,
    attack: (site, markup) => ({
      target: `${site.mount}/callback?code=${encodeForQuery(markup)}&state=${state(1)}`,
    }),
  },
  'the name of a parameter': {
    ...NOT_SHOWN,
    attack: (site, markup) => ({
      target: `${site.mount}/callback?${encodeForQuery(markup)}=1&state=${state(1)}`,
    }),
  },
  'a repeated parameter': {
    ...NOT_SHOWN,
    attack: (site, markup) => ({
      target: `${site.mount}/callback?state=${encodeForQuery(markup)}&state=${encodeForQuery(markup)}`,
    }),
  },
  'returnTo on the page that asks to open WeChat': {
    inDevelopment: 'link',
    inProduction: 'link',
    attack: (site, markup) => ({
      target: `${site.mount}/login?returnTo=${encodeForQuery(`/${markup}`)}`,
      userAgent: DESKTOP_CHROME,
    }),
  },
  'returnTo in JSON': {
    inDevelopment: 'link in JSON',
    inProduction: 'link in JSON',
    attack: (site, markup) => ({
      target: `${site.mount}/login?returnTo=${encodeForQuery(`/${markup}`)}`,
      userAgent: DESKTOP_CHROME,
      request: { accept: 'application/json' },
    }),
  },
  'returnTo on the error page': {
    inDevelopment: 'link',
    inProduction: 'link',
    attack: async (site, markup) => {
      const browser = new RawBrowser(site);
      const { state: own } = await browser.startLogin(`?returnTo=${encodeForQuery(`/${markup}`)}`);
      return {
        target: `${site.mount}/callback?code=authdeny&state=${own}`,
        request: { cookie: browser.cookies() },
      };
    },
  },
  scope: {
    ...NOT_SHOWN,
    attack: (site, markup) => ({
      target: `${site.mount}/login?scope=${encodeForQuery(markup)}`,
      userAgent: DESKTOP_CHROME,
    }),
  },
  'the Host header': {
    ...IN_MESSAGE,
    attack: (site, markup) => ({ target: `${site.mount}/login`, request: { host: ascii(markup) } }),
  },
  'the Host header on a desktop': {
    ...IN_MESSAGE,
    attack: (site, markup) => ({
      target: `${site.mount}/login`,
      request: { host: ascii(markup) },
      userAgent: DESKTOP_CHROME,
    }),
  },
  'X-Forwarded-Host': {
    ...NOT_SHOWN,
    attack: (site, markup) => ({
      target: `${site.mount}/login`,
      request: { headers: [['X-Forwarded-Host', ascii(markup)]] },
      userAgent: DESKTOP_CHROME,
    }),
  },
  'the User-Agent': {
    ...NOT_SHOWN,
    attack: (site, markup) => ({
      target: `${site.mount}/login`,
      userAgent: `${DESKTOP_CHROME} ${ascii(markup)}`,
    }),
  },
  'the User-Agent on the error page': {
    ...NOT_SHOWN,
    attack: (site, markup) => ({
      target: `${site.mount}/callback?code=x&state=${state(1)}`,
      userAgent: ascii(markup),
    }),
  },
  'Accept-Language': {
    ...NOT_SHOWN,
    attack: (site, markup) => ({
      target: `${site.mount}/callback?code=x&state=${state(1)}`,
      request: { headers: [['Accept-Language', ascii(markup)]] },
    }),
  },
  'Referer and Origin of a logout': {
    ...NOT_SHOWN,
    attack: (site, markup) => ({
      target: `${site.mount}/logout`,
      request: {
        headers: [
          ['Origin', ascii(markup)],
          ['Referer', ascii(markup)],
        ],
      },
    }),
  },
  'the query and Referer of a script at the guard': {
    inDevelopment: 'link in JSON',
    inProduction: 'link in JSON',
    attack: (site, markup) => ({
      target: `${site.mount}/me?${encodeForQuery(markup)}`,
      request: {
        headers: [
          ['Sec-Fetch-Mode', 'cors'],
          ['Referer', `${site.url}/${encodeForQuery(markup)}`],
        ],
      },
    }),
  },
  "WeChat's errmsg": {
    ...IN_MESSAGE,
    attack: async (site, markup) => {
      injectFault('access_token', { errcode: 40125, errmsg: markup });
      return failedLogin(site);
    },
  },
  "WeChat's errmsg in JSON": {
    inDevelopment: 'JSON',
    inProduction: 'not shown',
    attack: async (site, markup) => {
      injectFault('access_token', { errcode: 40125, errmsg: `${markup}, rid: ${markup}` });
      return failedLogin(site, 'application/json');
    },
  },
  "WeChat's rid": {
    inDevelopment: 'text',
    inProduction: 'first word',
    attack: async (site, markup) => {
      injectFault('access_token', { errcode: 48001, errmsg: `api unauthorized, rid: ${markup}` });
      return failedLogin(site);
    },
  },
  "a page instead of WeChat's response": {
    ...IN_MESSAGE,
    attack: async (site, markup) => {
      // A gateway's page: the message quotes its Content-Type, and not its body.
      injectFault('userinfo', { status: 502, body: markup, headers: { 'Content-Type': ascii(markup) } });
      return restartedLogin(site);
    },
  },
  'an errcode that is not a number': {
    ...NOT_SHOWN,
    attack: async (site, markup) => {
      injectFault('access_token', { body: JSON.stringify({ errcode: markup, errmsg: markup }) });
      return restartedLogin(site);
    },
  },
  'the scope that WeChat grants': {
    ...NOT_SHOWN,
    attack: async (site, markup) => {
      injectFault('access_token', { patch: { scope: markup } });
      return failedLogin(site);
    },
  },
  'the error that onLogin throws': {
    ...NOT_SHOWN,
    inDevelopment: 'text',
    attack: async (site, markup) => {
      injectFault('userinfo', { patch: { nickname: markup, headimgurl: markup } });
      return failedLogin(site);
    },
  },
};

const undo: (() => void)[] = [];

/** Makes WeChat respond in this way, for one attack. */
function injectFault(...[endpoint, fault]: Parameters<typeof emulator.fail>): void {
  undo.push(emulator.fail(endpoint, fault, { times: Infinity }));
}

/** The callback of a login, with the cookies of its browser. The injected fault makes it fail. */
async function failedLogin(site: Site, accept = 'text/html'): Promise<AttackRequest> {
  const browser = new RawBrowser(site);
  const { state: own } = await browser.startLogin();
  return callbackOf(browser, own, accept);
}

/** The same for a fault after which the app restarts the login, once: the callback of the second login. */
async function restartedLogin(site: Site): Promise<AttackRequest> {
  const browser = new RawBrowser(site);
  const { state: first } = await browser.startLogin();
  const restart = await browser.openCallback(first, browser.issueCode('ming'));
  return callbackOf(browser, stateIn(valueOf(restart, 'location')), 'text/html');
}

function callbackOf(browser: RawBrowser, own: string, accept: string): AttackRequest {
  return {
    target: `${browser.site.mount}/callback?code=${browser.issueCode('ming')}&state=${own}`,
    request: { cookie: browser.cookies(), accept },
  };
}

/** Sends the request of an attack, and ends the injected fault. */
async function sendAttack(site: Site, entryPoint: EntryPoint, markup: string): Promise<RawResponse> {
  const { target, request, userAgent } = await entryPoint.attack(site, markup);
  const response = await new RawBrowser(site, userAgent).send(target, request);
  for (const each of undo.splice(0)) each();
  return response;
}

interface Tag {
  readonly name: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

/** The tags of a page, found by a simple scanner. */
function tagsOf(html: string): Tag[] {
  return [...html.replace(/<style>[^<]*<\/style>/, '<style></style>').matchAll(/<([^\s>]*)([^>]*)>?/g)].map(
    ([, name = '', rest = '']) => ({
      name: name.replace('/', '').toLowerCase(),
      attributes: [...rest.matchAll(/([^\s"'=/]+)(?:=(?:"([^"]*)"|([^\s"]*)))?/g)].map(
        ([, attribute = '', quoted, bare]) => [attribute, quoted ?? bare ?? ''] as const,
      ),
    }),
  );
}

const TAGS = new Set([
  '!doctype',
  'html',
  'head',
  'meta',
  'title',
  'link',
  'style',
  'body',
  'main',
  'svg',
  'circle',
  'path',
  'rect',
  'h1',
  'p',
  'div',
  'ul',
  'li',
  'strong',
  'code',
  'pre',
  'a',
  'small',
]);
const ATTRIBUTES = new Set([
  'data-kind',
  'html',
  'lang',
  'charset',
  'name',
  'content',
  'rel',
  'href',
  'class',
  'viewBox',
  'viewbox',
  'aria-hidden',
  'cx',
  'cy',
  'r',
  'd',
  'stroke-width',
  'xmlns',
  'fill',
  'x',
  'y',
  'width',
  'height',
  'shape-rendering',
  'role',
]);

/** What an attacker could run or load in a response that a browser renders. */
function exploitIn(response: RawResponse, markup: string): string | undefined {
  const defect = defectOf(response);
  const isServerError = defect?.startsWith('status 50');
  if (defect !== undefined && !isServerError) return defect;
  const type = valueOf(response, 'content-type');
  const body = textOf(response);
  // Node itself refuses a malformed request.
  if (response.status === 400 && type === '' && body === '') return undefined;
  if (body === '') return `nothing that a browser could show: status ${response.status}`;
  if (valueOf(response, 'x-content-type-options') !== 'nosniff') return 'no X-Content-Type-Options: nosniff';
  if (valueOf(response, 'cache-control') !== 'no-store') return 'no Cache-Control: no-store';
  if (type === 'application/json; charset=utf-8') {
    JSON.parse(body);
    return undefined;
  }
  if (type !== 'text/html; charset=utf-8') return `Content-Type: ${type}`;
  const policy = valueOf(response, 'content-security-policy');
  for (const rule of [
    "default-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ])
    if (!policy.includes(rule)) return `the policy lacks ${rule}`;
  if (/unsafe|script-src|\*/.test(policy)) return `the policy allows too much: ${policy}`;
  if (valueOf(response, 'x-frame-options') !== 'SAMEORIGIN') return 'no X-Frame-Options: SAMEORIGIN';
  if (/[<>"'&]/.test(markup) && body.includes(markup)) return 'the unescaped markup';
  for (const { name, attributes } of tagsOf(body)) {
    if (!TAGS.has(name)) return `the tag ${name}`;
    for (const [attribute, value] of attributes) {
      if (!ATTRIBUTES.has(attribute)) return `the attribute ${attribute} of ${name}`;
      if (attribute === 'href' && !isExpectedLink(value)) return `a link to ${value}`;
    }
  }
  return undefined;
}

/** A path of this site, or, in development, the entry of an error in the documentation. */
function isExpectedLink(href: string): boolean {
  if (/^(?:\/(?![/\\])|data:,$)/.test(href)) return true;
  return ERROR_KINDS.some((kind) => Object.values(docsPage(`errors.md#${kind}`)).includes(href));
}

/** A text that is shown in another way by each way of escaping. */
const HARMLESS = `harmless<b>"'&`;

/** How a response shows HARMLESS. It must be a page or JSON: otherwise the attacks would prove nothing. */
function renderingIn(response: RawResponse): Rendering {
  const body = textOf(response);
  const isJSON = valueOf(response, 'content-type').startsWith('application/json');
  if (isJSON) JSON.parse(body);
  else expect(body).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
  const renderings: readonly (readonly [text: string, rendering: Rendering])[] = isJSON
    ? [
        [JSON.stringify(HARMLESS).slice(1, -1), 'JSON'],
        [encodeURIComponent(HARMLESS), 'link in JSON'],
        [encodeURIComponent(encodeURIComponent(HARMLESS)), 'link in JSON'],
      ]
    : [
        ['harmless&lt;b&gt;&quot;&#39;&amp;', 'text'],
        ['harmless%3Cb%3E%22&#39;%26', 'link'],
        ['harmless', 'first word'],
      ];
  return renderings.find(([text]) => body.includes(text))?.[1] ?? 'not shown';
}

const corpus = new Corpus();

it('the scanner recognizes tags and attributes', () => {
  const page = (inner: string): RawResponse => ({
    status: 400,
    head: '',
    headers: [
      ['Content-Type', 'text/html; charset=utf-8'],
      ['X-Content-Type-Options', 'nosniff'],
      ['X-Frame-Options', 'SAMEORIGIN'],
      ['Cache-Control', 'no-store'],
      [
        'Content-Security-Policy',
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
      ],
    ],
    body: `<!doctype html><html lang="en"><body><p class="soft">${inner}</p></body></html>`,
  });
  expect(exploitIn(page('&lt;script&gt;'), '<script>')).toBeUndefined();
  for (const inner of [
    '<script>x',
    '<p onclick="x">',
    '<a href="javascript:x">',
    '<b>',
    '<a href="//evil.example">',
    '<a class=x onblur=y>',
    '<img',
    '< b>',
  ])
    expect([inner, exploitIn(page(inner), 'not in the page')]).toEqual([inner, expect.any(String)]);
});

/** Pages differ in development and in production. */
const MODES: readonly (readonly [environment: string, auth: OwnOptions])[] = [
  ['development', {}],
  ['production', { dangerouslyAllowEmulatorInProduction: true }],
];

describe.each(
  HOSTS.flatMap((host) =>
    MODES.map(([environment, auth]) => [`${host}, in ${environment}`, host, environment, auth] as const),
  ),
)('input that is echoed by %s', (_name, host, environment, auth) => {
  let site: Site;
  let before: string | undefined;
  let warnings: jest.SpyInstance;
  beforeAll(async () => {
    before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = environment;
    warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    site = await startSite({
      host,
      auth: {
        ...auth,
        website: undefined,
        onLogin: (_req, { user }) => {
          if (user.openid === openidOf('ming')) throw new Error(`${String(user.nickname)} is refused`);
        },
      },
    });
  });
  afterAll(async () => {
    await site.close();
    warnings.mockRestore();
    process.env['NODE_ENV'] = before;
  });

  it.each(Object.entries(ENTRY_POINTS))(
    'is shown as the attacks expect, or not at all: %s',
    async (_name, entryPoint) => {
      const response = await sendAttack(site, entryPoint, HARMLESS);
      expect(renderingIn(response)).toBe(
        environment === 'production' ? entryPoint.inProduction : entryPoint.inDevelopment,
      );
    },
  );

  it.each(Object.keys(ENTRY_POINTS))(
    `is never markup: %s (a part of ${MARKUP.length} attacks)`,
    async (entryPoint) => {
      const attacks = MARKUP.map((markup): Attack => ({
        name: JSON.stringify(markup),
        run: async () => {
          const point = ENTRY_POINTS[entryPoint];
          return point ? exploitIn(await sendAttack(site, point, markup), markup) : 'not an entry point';
        },
      }));
      const mode = MODES.findIndex(([name]) => name === environment);
      const turn = HOSTS.indexOf(host) + Object.keys(ENTRY_POINTS).indexOf(entryPoint);
      const own = partOf(attacks, mode, MODES.length, turn);
      expect(own.length).toBeGreaterThan(0);
      expect(await corpus.run(site, own)).toEqual([]);
      expect(site.errors).toEqual([]);
    },
    60_000,
  );

  it('still logs in an ordinary user', async () => {
    await expectOrdinaryLogin(site);
  });
});

corpus.expectAll(FULL ? 1978 : 989);
