// Everything that reads what strangers write: whatever it is, the answer is one that was foreseen.
import { createHmac } from 'node:crypto';
import http from 'node:http';
import fc from 'fast-check';
import { browserKind } from '../../lib/middleware/http/user-agent';
import { sanitizeReturnTo } from '../../lib/middleware/http/return-to';
import { readJSON } from '../../lib/oauth/transport/read-json';
import { startApp, type TestApp, type TestRequest } from '../support/app';
import { agree, Browser } from '../support/browser';
import { emulator, useEmulator } from '../support/emulator';
import { exchanged, paramIn } from '../support/login';
import { SESSION_NAMES, SESSIONS } from '../support/sessions';
import { IPHONE_WECHAT } from '../support/user-agents';

useEmulator();

let app: TestApp;
/** What the next request finds in its session. */
let planted: Record<string, unknown> = {};
beforeAll(async () => {
  app = await startApp(emulator, { auth: { scope: 'snsapi_base' } });
});
afterAll(() => app.close());
afterEach(() => {
  expect(app.errors).toEqual([]);
});

interface RawAnswer {
  readonly status: number;
  readonly location: string;
  readonly body: string;
}

/** With this very target and these headers: nothing is spelled anew on the way. */
function ask(url: string, path: string, headers: http.OutgoingHttpHeaders = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = { 'User-Agent': IPHONE_WECHAT, Accept: 'text/html', ...headers };
    http
      .get({ hostname, port, path, headers: sent, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '', body }),
        );
      })
      .on('error', reject);
  });
}

/** The kind on the error page, or where the answer leads. */
function outcomeOf({ status, location, body }: RawAnswer): string {
  if (location.startsWith(emulator.url)) return 'WeChat';
  if (location) return location;
  return /(?:错误代码：|Error code: )(\w+)/.exec(body)?.[1] ?? `${status} ${body}`;
}

describe('the query of a callback', () => {
  const STATE = `0${'a1'.repeat(16)}`;
  const name = fc.constantFrom(
    ...['code', 'code', 'state', 'state', 'c%6fde', 'STATE', 'code[]', 'state[0]', 'state%5Ba%5D', 'x', ''],
    ...['__proto__', 'appid', 'code%00', '%', 'constructor'],
  );
  const value = fc.oneof(
    fc.constantFrom(STATE, `1${STATE.slice(1)}`, STATE.toUpperCase(), `%30${STATE.slice(1)}`, `${STATE}%20`),
    fc.constantFrom('', 'authdeny', 'abc', 'a%20b', 'a+b', '%e4%b8%ad', '%ff', '%', '%zz', '%00', '[object]'),
    fc.constantFrom('c'.repeat(512), 'c'.repeat(513), '=', 'a=b', '%26state=x', '%0d%0aX-Injected:1'),
    fc.string({ unit: fc.constantFrom(...Array.from('abc019%+=[];,/?:@!$\'"')), maxLength: 12 }),
  );
  const query = fc
    .array(fc.tuple(name, fc.option(value)), { maxLength: 5 })
    .map((pairs) => pairs.map(([key, text]) => (text === null ? key : `${key}=${text}`)).join('&'));

  /** Reads a form's encoding by hand, byte by byte. */
  function decoded(text: string): string {
    const bytes: number[] = [];
    for (let at = 0; at < text.length; at++) {
      const escape = /^%([\da-f]{2})/i.exec(text.slice(at, at + 3))?.[1];
      if (escape !== undefined) at += 2;
      bytes.push(
        escape === undefined ? (text[at] === '+' ? 0x20 : text.charCodeAt(at)) : parseInt(escape, 16),
      );
    }
    return Buffer.from(bytes).toString('utf8');
  }

  /** What the rules say of a query, where the session knows of no login. */
  function foretold(text: string): string {
    const pairs = text
      .split('&')
      .filter(Boolean)
      .map((pair): [string, string] => {
        const [key = '', ...rest] = pair.split('=');
        return [decoded(key), decoded(rest.join('='))];
      });
    const names = pairs.map(([key]) => key);
    if (new Set(names).size < names.length || names.some((key) => key.includes('[') || key.includes(']')))
      return 'state_unknown';
    const { code = '', state = '' } = Object.fromEntries(pairs) as { code?: string; state?: string };
    if (code.length > 512 || Array.from(code).some((char) => char < '!' || char > '~')) return 'code_invalid';
    if (code === '' || code === 'authdeny') return 'access_denied';
    const digit = /^(\d)[0-9a-f]{32}$/.exec(state)?.[1];
    return digit === undefined ? 'state_unknown' : digit === '0' ? 'WeChat' : 'login_loop';
  }

  it('is read by the rules, whatever it is, and no code of it is exchanged', async () => {
    emulator.requests.length = 0;
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(query, async (text) => {
        const outcome = outcomeOf(await ask(app.url, `/callback?${text}`));
        seen.add(outcome);
        expect(outcome).toBe(foretold(text));
      }),
      { numRuns: 300, examples: [[`code=abc&state=${STATE}`], [`code=abc&state=2${STATE.slice(1)}`]] },
    );
    expect(exchanged(emulator)).toEqual([]);
    expect([...seen].sort()).toEqual([
      'WeChat',
      'access_denied',
      'code_invalid',
      'login_loop',
      'state_unknown',
    ]);
  });

  it('of the login, whatever it is, never keeps anybody from WeChat', async () => {
    await fc.assert(
      fc.asyncProperty(query, fc.constantFrom('returnTo', 'scope', 'x'), async (text, word) => {
        const asked = text.replaceAll('code', word).replaceAll('state', 'returnTo');
        const answer = await ask(app.url, `/login?${asked}`);
        expect(outcomeOf(answer)).toBe('WeChat');
        expect(['snsapi_base', 'snsapi_userinfo']).toContain(paramIn(answer.location, 'scope'));
      }),
      { numRuns: 100 },
    );
  });
});

describe.each(SESSION_NAMES)('what a session holds, with %s', (storage) => {
  const STATE = `0${'b2'.repeat(16)}`;
  let ground: TestApp;
  beforeAll(async () => {
    const session = SESSIONS[storage]() as (
      req: unknown,
      res: unknown,
      next: (error?: unknown) => void,
    ) => void;
    ground = await startApp(emulator, {
      auth: { scope: 'snsapi_base' },
      session: (req, res, next) =>
        session(req, res, (error) => {
          Object.assign((req as TestRequest).session, structuredClone(planted));
          next(error);
        }),
      guard: { scope: 'snsapi_userinfo' },
    });
  });
  afterAll(() => ground.close());

  const { official, website } = { official: 'official', website: 'website' };
  const junk = fc.jsonValue({ maxDepth: 2 });
  const texts = fc.constantFrom(
    '',
    'o',
    'official',
    'website',
    '__proto__',
    'constructor',
    'snsapi_login',
    ',',
  );
  const oddly = (right: unknown): fc.Arbitrary<unknown> =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(right) },
      { weight: 1, arbitrary: texts },
      { weight: 1, arbitrary: junk },
    );
  const login = (): fc.Arbitrary<unknown> =>
    fc.oneof(
      { weight: 1, arbitrary: junk },
      {
        weight: 6,
        arbitrary: fc.record(
          {
            user: oddly({ openid: 'o1' }),
            appid: oddly(emulator.apps.official.appId),
            openid: oddly('o1'),
            unionid: oddly('u1'),
            scope: oddly('snsapi_userinfo'),
            flow: oddly(official),
          },
          { requiredKeys: ['user', 'appid', 'openid', 'flow'] },
        ),
      },
    );
  const pending = fc.oneof(
    { weight: 1, arbitrary: junk },
    {
      weight: 4,
      arbitrary: fc.record({
        returnTo: oddly('/me'),
        scope: oddly('snsapi_base'),
        flow: oddly(website),
        at: oddly(Date.now()),
      }),
    },
  );
  const logins = fc.oneof(
    { weight: 1, arbitrary: junk },
    {
      weight: 4,
      arbitrary: fc.record({
        pending: fc.oneof(junk, fc.record({ [STATE]: pending, __proto__: junk })),
        done: fc.oneof(junk, fc.record({ [STATE]: oddly('/me') })),
      }),
    },
  );

  const isText = (it: unknown): it is string => typeof it === 'string';
  const isRecord = (it: unknown): it is Record<string, unknown> =>
    typeof it === 'object' && it !== null && !Array.isArray(it);

  /** A login that the library may have written, of an account that is configured. */
  function counts(stored: unknown): stored is { scope: string } {
    if (!isRecord(stored)) return false;
    const { user, appid, openid, scope, flow } = stored;
    const { apps } = emulator;
    const known = { official: apps.official.appId, website: apps.website.appId };
    return (
      Boolean(user) &&
      isText(openid) &&
      isText(scope) &&
      (flow === 'official' || flow === 'website') &&
      appid === known[flow]
    );
  }

  it('breaks nothing, and logs in nobody whom the library did not', async () => {
    const tally = { in: 0, out: 0 };
    await fc.assert(
      fc.asyncProperty(login(), logins, async (stored, underWay) => {
        planted = { wechat: stored, 'wechat:login': underWay };
        const isIn = counts(stored) && /snsapi_(userinfo|login)/.test(stored.scope);
        tally[isIn ? 'in' : 'out']++;
        const me = await ask(ground.url, '/me');
        expect([me.status, me.location]).toEqual(
          isIn ? [200, ''] : [302, '/login?returnTo=%2Fme&scope=snsapi_userinfo'],
        );
        const started = await ask(ground.url, '/login');
        expect(outcomeOf(started)).toBe('WeChat');
        const back = await ask(ground.url, `/callback?code=guessed&state=${STATE}`);
        expect(outcomeOf(back)).toMatch(/^(WeChat|\/.*)$/);
        expect([302, 303]).toContain(back.status);
        expect((await ask(ground.url, '/logout')).location).toBe('/');
        expect(ground.errors).toEqual([]);
      }),
      { numRuns: 80 },
    );
    expect(tally.in).toBeGreaterThan(0);
    expect(tally.out).toBeGreaterThan(0);
  });

  it('can be replaced by a real login, whatever it was', async () => {
    await fc.assert(
      fc.asyncProperty(login(), async (stored) => {
        planted = {};
        const browser = Browser.inWechat(ground.url);
        const sent = await browser.follow('/me');
        const back = await agree(emulator, sent.location, 'ming');
        planted = { wechat: stored };
        expect((await browser.get(back)).location).toBe('/me');
        planted = {};
        const user = (await browser.get('/me')).json();
        expect(user).toMatchObject({ openid: emulator.openid('ming', emulator.apps.official.appId) });
      }),
      { numRuns: 40 },
    );
    expect(ground.errors).toEqual([]);
  });
});

describe('a cookie', () => {
  const signed = (value: string): string => {
    const mark = createHmac('sha1', 'test key').update(`session=${value}`).digest('base64url');
    return `session=${value}; session.sig=${mark}`;
  };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  it('of any text logs nobody in and breaks nothing', async () => {
    const text = fc.string({
      unit: fc.constantFrom(...Array.from('abz019=; ,"%\\[]{}().-_~\t中\u00ff')),
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.constantFrom('', 'session=', 'session.sig=', 'session=eyJ9; session.sig='),
        async (rest, start) => {
          const cookie = Buffer.from(start + rest, 'utf8').toString('latin1');
          expect((await ask(app.url, '/me', { Cookie: cookie })).location).toBe('/login?returnTo=%2Fme');
          expect(outcomeOf(await ask(app.url, '/login', { Cookie: cookie }))).toBe('WeChat');
        },
      ),
      { numRuns: 100 },
    );
  });

  it('with any signed JSON in it logs nobody in and breaks nothing', async () => {
    const json = fc
      .oneof(fc.jsonValue(), fc.constantFrom([], 'text', 0, null, [['wechat', {}]]))
      .map((value) => JSON.stringify(value));
    await fc.assert(
      fc.asyncProperty(fc.oneof(json, fc.string({ maxLength: 20 })), async (text) => {
        const cookie = signed(base64(text));
        expect((await ask(app.url, '/me', { Cookie: cookie })).location).toBe('/login?returnTo=%2Fme');
        expect(outcomeOf(await ask(app.url, '/login', { Cookie: cookie }))).toBe('WeChat');
      }),
      { numRuns: 100, examples: [['{"wechat":{"user":{}}}'], ['{"__proto__":{"wechat":1}}']] },
    );
  });

  it('that is signed is read at all', async () => {
    const { appId } = emulator.apps.official;
    const wechat = {
      user: { openid: 'o1' },
      appid: appId,
      openid: 'o1',
      scope: 'snsapi_base',
      flow: 'official',
    };
    const cookie = signed(base64(JSON.stringify({ wechat })));
    expect((await ask(app.url, '/me', { Cookie: cookie })).status).toBe(200);
  });
});

describe('a return path', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '//',
      '\\',
      '.',
      '..',
      '%2e',
      '%2E%2e',
      '%2f',
      '%5c',
      '\t',
      '\n',
      '\r',
      '\u0000',
      '\u0085',
      '\u2028',
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
      ' ',
      'http:',
      'javascript:',
      'evil.example',
      'me',
      'login',
      '中',
    ],
    ...['code=1', 'state=2', '／', '\ud800', '\u202e', '[', ']', '|', '^', '`', '"', '<', '>', '{', '}'],
  );
  const path = fc.array(piece, { maxLength: 10 }).map((parts) => `/${parts.join('')}`);

  /**
   * Whether a Location leads elsewhere, read by hand as browsers do: white space at its ends and line breaks are dropped, a
   * backslash is a slash, dot segments go, two slashes at the start name a host.
   */
  function leaves(location: string): boolean {
    const text = location.replace(/^[\0- ]+|[\0- ]+$/g, '').replace(/[\t\n\r]/g, '');
    if (/^[a-z][a-z\d+.-]*:/i.test(text)) return true;
    const [before = ''] = text.split(/[?#]/);
    const slashes = before.replaceAll('\\', '/');
    if (!slashes.startsWith('/') || slashes.startsWith('//')) return true;
    const stack: string[] = [];
    for (const segment of slashes.slice(1).split('/')) {
      const plain = segment.replace(/%2e/gi, '.');
      if (plain === '..') stack.pop();
      else if (plain !== '.') stack.push(segment);
    }
    return stack.length > 1 && stack[0] === '';
  }

  it.each([
    '//evil.example',
    '/\\evil',
    '\t//evil',
    '/.//evil',
    '/a/..//evil',
    '/%2e%2e//evil',
    'javascript:1',
    'me',
    '/\n/evil',
  ])('that leads elsewhere is told from one that does not: %j', (text) => {
    expect(leaves(text)).toBe(true);
    expect(leaves(`/go?to=${text}`)).toBe(false);
  });

  it('that is let through stays here, for who reads it by hand too, and means the same wherever it is read', () => {
    let passed = 0;
    fc.assert(
      fc.property(path, (text) => {
        const judged = sanitizeReturnTo(text, []);
        if (judged === undefined) return;
        passed++;
        expect(leaves(judged)).toBe(false);
        expect(judged).toMatch(/^[\u0021-\u007e]+$/);
        expect(sanitizeReturnTo(judged, [], Infinity)).toBe(judged);
        // Without a code and a state to take out, the browser sees the page that was asked for.
        if (text.includes('code') && text.includes('state')) return;
        const there = new URL(judged, 'http://a.example');
        const asked = new URL(text, 'http://a.example');
        expect(spelledOut(there)).toBe(spelledOut(asked));
      }),
      { numRuns: 3_000 },
    );
    expect(passed).toBeGreaterThan(100);
  });

  it('arrives through a whole login as it was judged, or the login ends at the root', async () => {
    await fc.assert(
      fc.asyncProperty(
        path.filter((text) => !text.includes('\ud800')),
        async (text) => {
          const browser = Browser.inWechat(app.url);
          const sent = await browser.get(`/login?returnTo=${encodeURIComponent(text)}`);
          const end = await browser.get(await agree(emulator, sent.location));
          expect(end.location).toBe(sanitizeReturnTo(text, ['/login', '/callback', '/logout']) ?? '/');
          expect(leaves(end.location)).toBe(false);
        },
      ),
      { numRuns: 80 },
    );
  });
});

function spelledOut({ pathname, search, hash }: URL): string {
  const text = pathname + search + hash;
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}

describe('an answer of WeChat', () => {
  const DIRT = String.raw`\x00-\x1f\x7f`;
  const dirt = new RegExp(`[${DIRT}]`, 'g');
  /** Strings by a grammar instead of a walk: a quote, units or escapes that dirt may cut in two, a quote. */
  const strings = new RegExp(String.raw`"(?:[^"\\]|\\[${DIRT}]*[^${DIRT}])*"`, 'g');

  function byHand(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      return JSON.parse(text.replace(strings, (string) => string.replace(dirt, '')));
    }
  }

  function outcome(work: () => unknown): unknown {
    try {
      return { value: work() };
    } catch (error) {
      return { thrown: (error as Error).name };
    }
  }

  it('of any pieces is the value that a reading by grammar finds, or a SyntaxError where that finds none', () => {
    const piece = fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', '"', '"', '"', '\\', '\\"', '\\\\', '\\n', '\\u4e', '\\u4e00', '\\/'],
      ...[
        '\u0000',
        '\u0007',
        '\n',
        '\t',
        '\u001f',
        '\u007f',
        '\u0080',
        ' ',
        'a',
        '1',
        'null',
        '中',
        '🎉',
        '"a":1',
      ],
    );
    const loose = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''));
    const held = loose.map((text) => `{"n":"${text}"}`);
    const tally = { value: 0, thrown: 0 };
    fc.assert(
      fc.property(fc.oneof(loose, held, held), (text) => {
        const found = outcome(() => readJSON(Buffer.from(text)));
        tally['value' in (found as object) ? 'value' : 'thrown']++;
        expect(found).toEqual(outcome(() => byHand(text)));
      }),
      { numRuns: 4_000 },
    );
    expect(Math.min(tally.value, tally.thrown)).toBeGreaterThan(200);
  });

  it('of any bytes at all is a value or a SyntaxError, and what was read once reads the same again', () => {
    const inside = fc
      .uint8Array({ maxLength: 24 })
      .map((bytes) => Buffer.concat([Buffer.from('{"n":"'), bytes, Buffer.from('"}')]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 24 }), inside), (bytes) => {
        const found = outcome(() => readJSON(bytes)) as { value?: unknown; thrown?: string };
        if (found.thrown !== undefined) expect(found.thrown).toBe('SyntaxError');
        else expect(readJSON(Buffer.from(JSON.stringify(found.value)))).toEqual(found.value);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a User-Agent', () => {
  const piece = fc.constantFrom(
    ...[
      'MicroMessenger',
      'micromessenger',
      'MICROMESSENGER/8',
      'wxwork',
      'WXWork/4',
      'Micro Messenger',
      'Mozilla/5.0',
    ],
    ...['(iPhone)', 'miniProgram', ' ', '/', ';', 'ı', 'K', 'ſ', '\u00ad', 'Chrome/99', 'WindowsWechat'],
  );
  const agent = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''));
  const foretold = (text: string): boolean => {
    const lower = text.replace(/[A-Z]/g, (char) => char.toLowerCase());
    return lower.includes('micromessenger') && !lower.includes('wxwork');
  };

  it('is that of WeChat where it names MicroMessenger and not WeCom, in any case of ASCII', () => {
    fc.assert(
      fc.property(fc.oneof(agent, fc.string({ unit: 'binary' })), (text) => {
        expect(browserKind(text) === 'wechat').toBe(foretold(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('of any kind is sent to the page that fits it', async () => {
    await fc.assert(
      fc.asyncProperty(agent, async (text) => {
        const sent = text.replace(/[^\t -~]/g, '');
        const { location } = await ask(app.url, '/login', { 'User-Agent': sent });
        expect(new URL(location).pathname).toBe(
          foretold(sent) ? '/connect/oauth2/authorize' : '/connect/qrconnect',
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('a Host', () => {
  const piece = fc.constantFrom(
    ...[
      'a',
      'h5',
      'example',
      '.com',
      '.',
      '-',
      '_',
      ':',
      '80',
      ':8080',
      '65536',
      '@',
      '/',
      '\\',
      '?',
      '#',
      '%',
      '%2f',
    ],
    ...[
      ' ',
      ',',
      ';',
      '"',
      "'",
      '<',
      '[',
      ']',
      '[::1]',
      '::',
      '127.0.0.1',
      'EXAMPLE',
      '\u00e9',
      '$',
      '&state=x',
    ],
  );
  // Node's client puts its own in the place of an empty one.
  const host = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));

  it('of any kind is a bare host name in what WeChat is told to come back to, or refused', async () => {
    const tally = { sent: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(host, async (text) => {
        const answer = await ask(app.url, '/login', { Host: text });
        const isSent = answer.location !== '';
        tally[isSent ? 'sent' : 'refused']++;
        if (!isSent) {
          expect(answer.status).toBe(400);
          return;
        }
        const bare = text.trim();
        expect(bare).toMatch(/^(?:[a-zA-Z\d._-]+|\[[\da-fA-F:.]+\])(?::\d+)?$/);
        expect(paramIn(answer.location, 'redirect_uri')).toBe(`http://${bare.toLowerCase()}/callback`);
        expect(answer.location.match(/state=/g)).toHaveLength(1);
      }),
      { numRuns: 300, examples: [['h5.example.com'], ['a@b']] },
    );
    expect(Math.min(tally.sent, tally.refused)).toBeGreaterThan(0);
  });
});
