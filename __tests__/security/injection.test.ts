import { emulator, useEmulator } from '../support/emulator';
import { FULL } from '../support/full';
import { Corpus, type Attack } from './support/corpus';
import { percent, textOf, valuesOf, withoutBreaks, type RawResponse } from '../support/raw-http';
import { inQuery } from './support/redirect-payloads';
import { attackInRotation } from './support/rotation';
import { RawBrowser } from '../support/raw-browser';
import { defectOf, matrix, type Site } from './support/site';

useEmulator();

/** What would begin a header, were it let out: in one encoding after the other. */
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
  'encoded thrice': '%25250d%25250a',
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

/** Text that was cut short: the lower byte of each character. */
const PAYLOADS = Object.entries(BREAKS).flatMap(([name, broken]) =>
  AFTER.map((after) => [`${name}, then ${JSON.stringify(after.slice(0, 30))}`, `${broken}${after}`] as const),
);

/** As it may stand in a request line: what would end the line is encoded, the rest is raw. */
const inLine = (text: string): string => withoutBreaks(Buffer.from(text).toString('latin1'), percent);

/** As it may stand in a header: what would end it is gone, for it would end the header on our own side. */
const inHeader = (text: string): string =>
  withoutBreaks(Buffer.from(text).toString('latin1'), (char) => (/[\r\n\0]/.test(char) ? '%0d%0a' : char));

const DOORS: Readonly<Record<string, (visitor: RawBrowser, payload: string) => Promise<RawResponse[]>>> = {
  'returnTo of the login, to its end': async (visitor, payload) => {
    const { state } = await visitor.startLogin(`?returnTo=${inQuery(`/me${payload}`)}`);
    return [
      await visitor.openCallback(
        state,
        emulator.issueCode({ app: emulator.apps.official.appId, scope: 'snsapi_base' }),
      ),
    ];
  },
  'returnTo of the logout': async (visitor, payload) => [
    await visitor.send(visitor.at(`/logout?returnTo=${inQuery(`/me${payload}`)}`)),
    await visitor.send(visitor.at(`/logout?returnTo=/me${inLine(payload)}`)),
  ],
  'the guarded path and query': async (visitor, payload) => [
    await visitor.send(visitor.at(`/me/${inLine(payload)}`)),
    await visitor.send(visitor.at(`/me?${inLine(payload)}`)),
    await visitor.send(visitor.at(`/me?a=${inQuery(payload)}`)),
  ],
  'state and code': async (visitor, payload) => [
    await visitor.send(visitor.at(`/callback?code=x&state=${inQuery(payload)}`)),
    await visitor.send(visitor.at(`/callback?code=${inQuery(payload)}&state=0${'a'.repeat(32)}`)),
    await visitor.send(visitor.at(`/callback?code=x&state=0${'a'.repeat(32)}${inLine(payload)}`)),
  ],
  'scope and other parameters': async (visitor, payload) => [
    await visitor.send(visitor.at(`/login?scope=${inQuery(payload)}`)),
    await visitor.send(visitor.at(`/login?${inLine(payload)}`)),
  ],
  'the Host header': async (visitor, payload) => [
    await visitor.send(visitor.at('/login'), { host: `${visitor.site.authority}${inHeader(payload)}` }),
    await visitor.send(visitor.at('/me'), { host: inHeader(payload) }),
  ],
  'Referer and Origin': async (visitor, payload) => [
    await visitor.send(visitor.at('/me'), {
      method: 'POST',
      body: '',
      headers: [
        ['Sec-Fetch-Mode', 'navigate'],
        ['Referer', `${visitor.site.url}/me${inHeader(payload)}`],
      ],
    }),
    await visitor.send(visitor.at('/logout'), { headers: [['Origin', inHeader(payload)]] }),
  ],
  cookies: async (visitor, payload) => [
    await visitor.send(visitor.at('/login'), { cookie: `session=${inHeader(payload)}; session.sig=x` }),
    await visitor.send(visitor.at('/me'), { cookie: inHeader(payload) }),
  ],
  'Accept, Accept-Language and User-Agent': async (visitor, payload) => [
    await visitor.send(visitor.at('/callback?code=x'), { accept: `text/html${inHeader(payload)}` }),
    await visitor.send(visitor.at('/callback?code=x'), { headers: [['Accept-Language', inHeader(payload)]] }),
    await new RawBrowser(visitor.site, `MicroMessenger ${inHeader(payload)}`).send(visitor.at('/login')),
  ],
};

/** More headers than were meant, or an answer that was cut in two: the second would break the reading of the first. */
function injected(site: Site, answer: RawResponse): string | undefined {
  const wrong = defectOf(answer);
  if (wrong !== undefined) return wrong;
  if (/pwned|evil=1/.test(answer.head.replace(/^location: .*$/im, ''))) return `in the head: ${answer.head}`;
  const [location = ''] = valuesOf(answer, 'location');
  if (/[\s\u0080-\uffff]/.test(location)) return `in the Location: ${JSON.stringify(location)}`;
  if (!/^(?:\/(?!\/)|http:\/\/127\.0\.0\.1|$)/.test(location)) return `the Location ${location}`;
  if (textOf(answer).includes('<script>pwned')) return 'in the page';
  return site.errors.length > 0
    ? `the app's error handler was called: ${String(site.errors.splice(0)[0])}`
    : undefined;
}

const attacks: Attack[] = Object.entries(DOORS).flatMap(([door, open]) =>
  PAYLOADS.map(([name, payload]) => ({
    name: `${door}: ${name}`,
    run: async (site) => {
      for (const answer of await open(new RawBrowser(site), payload)) {
        const got = injected(site, answer);
        if (got !== undefined) return got;
      }
      return undefined;
    },
  })),
);

const corpus = new Corpus();
attackInRotation(
  corpus,
  'a line end',
  matrix().map((options) => ({ ...options, auth: { scope: 'snsapi_base' } })),
  attacks,
  'never ends a header of ours',
);

it('would be seen: headers are read as they stand on the wire', () => {
  const answer = (head: string): RawResponse => ({
    status: 302,
    head,
    headers: head
      .split('\r\n')
      .map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1).trim()]),
    body: '',
  });
  const site = { errors: [] } as unknown as Site;
  expect(injected(site, answer('Location: /me'))).toBeUndefined();
  for (const head of [
    'Location: /me\r\nX-Injected: 1',
    'Location: /me\r\nSet-Cookie: evil=1',
    'Location: /me\nX: 1',
    'Location: /me\r\nLocation: /',
    'Location: /ä',
    'Location: http://evil.example/',
    'X: pwned()',
  ])
    expect([head, injected(site, answer(head))]).toEqual([head, expect.any(String)]);
});

corpus.expectAll(FULL ? 1566 : 783);
