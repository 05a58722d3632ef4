import { emulator, useEmulator } from '../support/emulator';
import { FULL } from '../support/full';
import { Corpus, type Attack } from './support/corpus';
import { percent, textOf, valuesOf, withoutBreaks, type RawResponse } from '../support/browsers/raw-http';
import { encodeForQuery } from './support/redirect-payloads';
import { attackInRotation } from './support/rotation';
import { RawBrowser } from '../support/browsers/raw-browser';
import { defectOf, matrix, type Site } from './support/site';

useEmulator();

/** Line breaks that could start a header, in every encoding. */
const BREAKS: Readonly<Record<string, string>> = {
  'CR LF': '\r\n',
  LF: '\n',
  CR: '\r',
  'two of each': '\r\n\r\n',
  'LF CR': '\n\r',
  'CR LF and a space': '\r\n ',
  NUL: '\u0000',
  'vertical tab': '\v',
  'form feed': '\f',
  'next line': '\u0085',
  'line separator': '\u2028',
  'paragraph separator': '\u2029',
  'encoded CR LF': '%0d%0a',
  'encoded LF': '%0a',
  'encoded CR': '%0D',
  'encoded twice': '%250d%250a',
  'encoded three times': '%25250d%25250a',
  'encoded as UTF-16': '%u000d%u000a',
  overlong: '%c0%8d%c0%8a',
  'overlong, three bytes': '%e0%80%8d%e0%80%8a',
  'U+010D U+010A, whose lower bytes are CR LF': '\u010d\u010a',
  'U+560D U+560A, whose lower bytes are CR LF': '\u560d\u560a',
  'U+FF0D U+FF0A': '\uff0d\uff0a',
  'U+020D U+020A': '\u020d\u020a',
  'the bytes of U+560A U+560D, encoded': '%E5%98%8A%E5%98%8D',
  'the bytes of U+010D U+010A, encoded': '%C4%8D%C4%8A',
  'an entity': '&#13;&#10;',
  escaped: '\\r\\n',
  'escaped as Unicode': '\\u000d\\u000a',
};

const AFTER: readonly string[] = [
  'X-Injected: 1',
  'Set-Cookie: evil=1',
  'HTTP/1.1 200 OK\r\nX-Injected: 1\r\n\r\npwned()',
];

const PAYLOADS = Object.entries(BREAKS).flatMap(([name, broken]) =>
  AFTER.map((after) => [`${name}, then ${JSON.stringify(after.slice(0, 30))}`, `${broken}${after}`] as const),
);

/** For a request line: bytes that would end the line are percent-encoded, the others raw. */
const inLine = (text: string): string => withoutBreaks(Buffer.from(text).toString('latin1'), percent);

/** For a header: bytes that would end the header in the attacker's own request become %0d%0a. */
const inHeader = (text: string): string =>
  withoutBreaks(Buffer.from(text).toString('latin1'), (char) => (/[\r\n\0]/.test(char) ? '%0d%0a' : char));

const ENTRY_POINTS: Readonly<
  Record<string, (browser: RawBrowser, payload: string) => Promise<RawResponse[]>>
> = {
  'returnTo of a whole login': async (browser, payload) => {
    const { state } = await browser.startLogin(`?returnTo=${encodeForQuery(`/me${payload}`)}`);
    return [
      await browser.openCallback(
        state,
        emulator.issueCode({ app: emulator.apps.official.appId, scope: 'snsapi_base' }),
      ),
    ];
  },
  'returnTo of the logout': async (browser, payload) => [
    await browser.send(browser.at(`/logout?returnTo=${encodeForQuery(`/me${payload}`)}`)),
    await browser.send(browser.at(`/logout?returnTo=/me${inLine(payload)}`)),
  ],
  'the guarded path and query': async (browser, payload) => [
    await browser.send(browser.at(`/me/${inLine(payload)}`)),
    await browser.send(browser.at(`/me?${inLine(payload)}`)),
    await browser.send(browser.at(`/me?a=${encodeForQuery(payload)}`)),
  ],
  'state and code': async (browser, payload) => [
    await browser.send(browser.at(`/callback?code=x&state=${encodeForQuery(payload)}`)),
    await browser.send(browser.at(`/callback?code=${encodeForQuery(payload)}&state=0${'a'.repeat(32)}`)),
    await browser.send(browser.at(`/callback?code=x&state=0${'a'.repeat(32)}${inLine(payload)}`)),
  ],
  'scope and other parameters': async (browser, payload) => [
    await browser.send(browser.at(`/login?scope=${encodeForQuery(payload)}`)),
    await browser.send(browser.at(`/login?${inLine(payload)}`)),
  ],
  'the Host header': async (browser, payload) => [
    await browser.send(browser.at('/login'), { host: `${browser.site.authority}${inHeader(payload)}` }),
    await browser.send(browser.at('/me'), { host: inHeader(payload) }),
  ],
  'Referer and Origin': async (browser, payload) => [
    await browser.send(browser.at('/me'), {
      method: 'POST',
      body: '',
      headers: [
        ['Sec-Fetch-Mode', 'navigate'],
        ['Referer', `${browser.site.url}/me${inHeader(payload)}`],
      ],
    }),
    await browser.send(browser.at('/logout'), { headers: [['Origin', inHeader(payload)]] }),
  ],
  cookies: async (browser, payload) => [
    await browser.send(browser.at('/login'), { cookie: `session=${inHeader(payload)}; session.sig=x` }),
    await browser.send(browser.at('/me'), { cookie: inHeader(payload) }),
  ],
  'Accept, Accept-Language and User-Agent': async (browser, payload) => [
    await browser.send(browser.at('/callback?code=x'), { accept: `text/html${inHeader(payload)}` }),
    await browser.send(browser.at('/callback?code=x'), { headers: [['Accept-Language', inHeader(payload)]] }),
    await new RawBrowser(browser.site, `MicroMessenger ${inHeader(payload)}`).send(browser.at('/login')),
  ],
};

/** A header or a second response that an attacker has added. */
function injected(site: Site, response: RawResponse): string | undefined {
  const defect = defectOf(response);
  if (defect !== undefined) return defect;
  if (/pwned|evil=1/.test(response.head.replace(/^location: .*$/im, '')))
    return `in the head: ${response.head}`;
  const [location = ''] = valuesOf(response, 'location');
  if (/[\s\u0080-\uffff]/.test(location)) return `in the Location: ${JSON.stringify(location)}`;
  if (!/^(?:\/(?!\/)|http:\/\/127\.0\.0\.1|$)/.test(location)) return `the Location ${location}`;
  if (textOf(response).includes('<script>pwned')) return 'in the page';
  return site.errors.length > 0
    ? `the app's error handler was called: ${String(site.errors.splice(0)[0])}`
    : undefined;
}

const attacks: Attack[] = Object.entries(ENTRY_POINTS).flatMap(([entryPoint, attack]) =>
  PAYLOADS.map(([name, payload]) => ({
    name: `${entryPoint}: ${name}`,
    run: async (site) => {
      for (const response of await attack(new RawBrowser(site), payload)) {
        const found = injected(site, response);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  })),
);

const corpus = new Corpus();
attackInRotation(
  corpus,
  'a line break',
  matrix().map((options) => ({ ...options, auth: { scope: 'snsapi_base' } })),
  attacks,
  'never adds a header',
);

it('an added header would be noticed: headers are parsed as they were sent', () => {
  const response = (head: string): RawResponse => ({
    status: 302,
    head,
    headers: head
      .split('\r\n')
      .map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1).trim()]),
    body: '',
  });
  const site = { errors: [] } as unknown as Site;
  expect(injected(site, response('Location: /me'))).toBeUndefined();
  for (const head of [
    'Location: /me\r\nX-Injected: 1',
    'Location: /me\r\nSet-Cookie: evil=1',
    'Location: /me\nX: 1',
    'Location: /me\r\nLocation: /',
    'Location: /ä',
    'Location: http://evil.example/',
    'X: pwned()',
  ])
    expect([head, injected(site, response(head))]).toEqual([head, expect.any(String)]);
});

corpus.expectAll(FULL ? 1566 : 783);
