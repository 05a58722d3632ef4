// Property tests of everything that parses input from outside: for any input, the result is the one that the
// rules predict.
import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { browserKind } from '../../lib/middleware/http/user-agent';
import { sanitizeReturnTo } from '../../lib/middleware/http/return-to';
import { readJSON } from '../../lib/oauth/transport/read-json';
import { startApp, type TestApp, type TestRequest } from '../support/app';
import { agree, Browser } from '../support/browser';
import { emulator, useEmulator } from '../support/emulator';
import { exchangedCodes, paramIn } from '../support/login';
import { RawBrowser, rawSiteOf, type RawRequest } from '../support/browsers/raw-browser';
import { textOf, valueOf, type RawResponse } from '../support/browsers/raw-http';
import { SESSION_NAMES, SESSIONS } from '../support/sessions';
import { IPHONE_WECHAT } from '../support/browsers/user-agents';
import { anyString } from '../support/random/any-string';

useEmulator();

let app: TestApp;
/** The content of the next request's session. */
let sessionContent: Record<string, unknown> = {};
beforeAll(async () => {
  app = await startApp(emulator, { auth: { scope: 'snsapi_base' } });
});
afterAll(() => app.close());
afterEach(() => {
  expect(app.errors).toEqual([]);
});

interface Options extends RawRequest {
  readonly userAgent?: string;
}

/**
 * Sends a request without cookies: over a raw socket, so that no client corrects its target or its headers.
 */
async function request(to: TestApp, target: string, options: Options = {}): Promise<RawResponse> {
  const { userAgent = IPHONE_WECHAT, ...rest } = options;
  return new RawBrowser(rawSiteOf(to), userAgent).send(target, { cookie: '', accept: 'text/html', ...rest });
}

const locationOf = (response: RawResponse): string => valueOf(response, 'location');

/** The kind of error on the page, or where the response redirects to. */
function resultOf(response: RawResponse): string {
  const location = locationOf(response);
  if (location.startsWith(emulator.url)) return 'WeChat';
  if (location) return location;
  const text = textOf(response);
  return /(?:错误代码：|Error code: )(\w+)/.exec(text)?.[1] ?? `${response.status} ${text}`;
}

describe('a query', () => {
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

  /** Decodes application/x-www-form-urlencoded byte by byte. */
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

  /** The result of a callback with this query, by the rules, if the session has no pending login. */
  function predicted(text: string): string {
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

  it('of a callback gets the response that the rules predict, and no code in it is exchanged', async () => {
    emulator.requests.length = 0;
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(query, async (text) => {
        const result = resultOf(await request(app, `/callback?${text}`));
        seen.add(result);
        expect(result).toBe(predicted(text));
      }),
      { numRuns: 300, examples: [[`code=abc&state=${STATE}`], [`code=abc&state=2${STATE.slice(1)}`]] },
    );
    expect(exchangedCodes(emulator)).toEqual([]);
    expect([...seen].sort()).toEqual([
      'WeChat',
      'access_denied',
      'code_invalid',
      'login_loop',
      'state_unknown',
    ]);
  });

  it('of the login route never prevents the redirect to WeChat', async () => {
    await fc.assert(
      fc.asyncProperty(query, fc.constantFrom('returnTo', 'scope', 'x'), async (text, word) => {
        const query = text.replaceAll('code', word).replaceAll('state', 'returnTo');
        const response = await request(app, `/login?${query}`);
        expect(resultOf(response)).toBe('WeChat');
        expect(['snsapi_base', 'snsapi_userinfo']).toContain(paramIn(locationOf(response), 'scope'));
      }),
      { numRuns: 100 },
    );
  });
});

describe.each(SESSION_NAMES)('the content of a session, with %s', (storage) => {
  const STATE = `0${'b2'.repeat(16)}`;
  let site: TestApp;
  beforeAll(async () => {
    const session = SESSIONS[storage]() as (
      req: unknown,
      res: unknown,
      next: (error?: unknown) => void,
    ) => void;
    site = await startApp(emulator, {
      auth: { scope: 'snsapi_base' },
      session: (req, res, next) =>
        session(req, res, (error) => {
          Object.assign((req as TestRequest).session, structuredClone(sessionContent));
          next(error);
        }),
      guard: { scope: 'snsapi_userinfo' },
    });
  });
  afterAll(() => site.close());

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
  /** Mostly the right value. */
  const mostly = (right: unknown): fc.Arbitrary<unknown> =>
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
            user: mostly({ openid: 'o1' }),
            appid: mostly(emulator.apps.official.appId),
            openid: mostly('o1'),
            unionid: mostly('u1'),
            scope: mostly('snsapi_userinfo'),
            flow: mostly('official'),
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
        returnTo: mostly('/me'),
        scope: mostly('snsapi_base'),
        flow: mostly('website'),
        at: mostly(Date.now()),
      }),
    },
  );
  const logins = fc.oneof(
    { weight: 1, arbitrary: junk },
    {
      weight: 4,
      arbitrary: fc.record({
        pending: fc.oneof(junk, fc.record({ [STATE]: pending, __proto__: junk })),
        done: fc.oneof(junk, fc.record({ [STATE]: mostly('/me') })),
      }),
    },
  );

  const isText = (it: unknown): it is string => typeof it === 'string';
  const isRecord = (it: unknown): it is Record<string, unknown> =>
    typeof it === 'object' && it !== null && !Array.isArray(it);

  /** The same value with another state as key. */
  const withState = (value: unknown, state: string): unknown =>
    isRecord(value)
      ? Object.fromEntries(
          Object.entries(value).map(([name, inner]) => [
            name === STATE ? state : name,
            withState(inner, state),
          ]),
        )
      : value;

  /** Whether the library may have written this login, for an account that is configured. */
  function isLogin(stored: unknown): stored is { scope: string } {
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

  it('causes no error, and logs nobody in unless the library may have written the login', async () => {
    const counts = { in: 0, out: 0 };
    await fc.assert(
      fc.asyncProperty(login(), logins, async (stored, pendingLogins) => {
        // A state is for single use: the logout at the end of another run has ended its logins.
        const state = `0${randomBytes(16).toString('hex')}`;
        sessionContent = { wechat: stored, 'wechat:login': withState(pendingLogins, state) };
        const isLoggedIn = isLogin(stored) && /snsapi_(userinfo|login)/.test(stored.scope);
        counts[isLoggedIn ? 'in' : 'out']++;
        const me = await request(site, '/me');
        expect([me.status, locationOf(me)]).toEqual(
          isLoggedIn ? [200, ''] : [302, '/login?returnTo=%2Fme&scope=snsapi_userinfo'],
        );
        const started = await request(site, '/login');
        expect(resultOf(started)).toBe('WeChat');
        const callback = await request(site, `/callback?code=guessed&state=${state}`);
        expect(resultOf(callback)).toMatch(/^(WeChat|\/.*)$/);
        expect([302, 303]).toContain(callback.status);
        expect(locationOf(await request(site, '/logout'))).toBe('/');
        expect(site.errors).toEqual([]);
      }),
      { numRuns: 80 },
    );
    expect(counts.in).toBeGreaterThan(0);
    expect(counts.out).toBeGreaterThan(0);
  });

  it('is replaced by a real login, whatever it was', async () => {
    await fc.assert(
      fc.asyncProperty(login(), async (stored) => {
        sessionContent = {};
        const browser = Browser.inWechat(site.url);
        const redirect = await browser.follow('/me');
        const callback = await agree(emulator, redirect.location, 'ming');
        sessionContent = { wechat: stored };
        expect((await browser.get(callback)).location).toBe('/me#');
        sessionContent = {};
        const user = (await browser.get('/me')).json();
        expect(user).toMatchObject({ openid: emulator.openid('ming', emulator.apps.official.appId) });
      }),
      { numRuns: 40 },
    );
    expect(site.errors).toEqual([]);
  });
});

describe('a cookie', () => {
  const signed = (value: string): string => {
    const signature = createHmac('sha1', 'test key').update(`session=${value}`).digest('base64url');
    return `session=${value}; session.sig=${signature}`;
  };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  it('of any text logs nobody in and causes no error', async () => {
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
          expect(locationOf(await request(app, '/me', { cookie }))).toBe('/login?returnTo=%2Fme');
          expect(resultOf(await request(app, '/login', { cookie }))).toBe('WeChat');
        },
      ),
      { numRuns: 100 },
    );
  });

  it('with any signed JSON logs nobody in and causes no error', async () => {
    const json = fc
      .oneof(fc.jsonValue(), fc.constantFrom([], 'text', 0, null, [['wechat', {}]]))
      .map((value) => JSON.stringify(value));
    await fc.assert(
      fc.asyncProperty(fc.oneof(json, fc.string({ maxLength: 20 })), async (text) => {
        const cookie = signed(base64(text));
        expect(locationOf(await request(app, '/me', { cookie }))).toBe('/login?returnTo=%2Fme');
        expect(resultOf(await request(app, '/login', { cookie }))).toBe('WeChat');
      }),
      { numRuns: 100, examples: [['{"wechat":{"user":{}}}'], ['{"__proto__":{"wechat":1}}']] },
    );
  });

  it('that is signed and holds a login logs its user in: otherwise the two tests above would prove nothing', async () => {
    const { appId } = emulator.apps.official;
    const wechat = {
      user: { openid: 'o1' },
      appid: appId,
      openid: 'o1',
      scope: 'snsapi_base',
      flow: 'official',
    };
    const cookie = signed(base64(JSON.stringify({ wechat })));
    expect((await request(app, '/me', { cookie })).status).toBe(200);
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
   * Whether a Location leads to another site, parsed as browsers do: white space at the ends and line breaks
   * are dropped, a backslash counts as a slash, dot segments are resolved, and two slashes at the start
   * precede a host.
   */
  function leavesSite(location: string): boolean {
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
  ])('that leads to another site is recognized: %j', (text) => {
    expect(leavesSite(text)).toBe(true);
    expect(leavesSite(`/go?to=${text}`)).toBe(false);
  });

  it('that is accepted stays on this site, however it is parsed, and names the same page', () => {
    let accepted = 0;
    fc.assert(
      fc.property(path, (text) => {
        const safe = sanitizeReturnTo(text, []);
        if (safe === undefined) return;
        accepted++;
        expect(leavesSite(safe)).toBe(false);
        expect(safe).toMatch(/^[\u0021-\u007e]+$/);
        expect(sanitizeReturnTo(safe, [], Infinity)).toBe(safe);
        const [result, wanted] = [safe, text].map((path) => new URL(path, 'http://a.example'));
        // sanitizeReturnTo() removes a code and a state, as they stand in the address of a callback.
        if (wanted?.searchParams.has('code') && wanted.searchParams.has('state')) {
          expect([result?.searchParams.has('code'), result?.searchParams.has('state')]).toEqual([
            false,
            false,
          ]);
          wanted.search = result?.search ?? '';
        }
        expect(result && decodedPath(result)).toBe(wanted && decodedPath(wanted));
      }),
      { numRuns: 3_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it('is where a whole login ends, if it is safe; otherwise the login ends at the root', async () => {
    await fc.assert(
      fc.asyncProperty(
        path.filter((text) => !text.includes('\ud800')),
        async (text) => {
          const browser = Browser.inWechat(app.url);
          const redirect = await browser.get(`/login?returnTo=${encodeURIComponent(text)}`);
          const end = await browser.get(await agree(emulator, redirect.location));
          const safe = sanitizeReturnTo(text, ['/login', '/callback', '/logout']) ?? '/';
          expect(end.location).toBe(safe.includes('#') ? safe : `${safe}#`);
          expect(leavesSite(end.location)).toBe(false);
        },
      ),
      { numRuns: 80 },
    );
  });
});

/** An address without its origin, decoded if possible. */
function decodedPath({ pathname, search, hash }: URL): string {
  const text = pathname + search + hash;
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}

describe('a response of WeChat', () => {
  const CONTROL = String.raw`\x00-\x1f\x7f`;
  const controls = new RegExp(`[${CONTROL}]`, 'g');
  /**
   * The strings in JSON: a quote, characters or escape sequences, a quote. Control characters may stand
   * between them.
   */
  const strings = new RegExp(String.raw`"(?:[^"\\]|\\[${CONTROL}]*[^${CONTROL}])*"`, 'g');

  function byGrammar(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      return JSON.parse(text.replace(strings, (string) => string.replace(controls, '')));
    }
  }

  function valueOrError(work: () => unknown): unknown {
    try {
      return { value: work() };
    } catch (error) {
      return { thrown: (error as Error).name };
    }
  }

  it('of any pieces is parsed to the value that the grammar finds, or is a SyntaxError if it finds none', () => {
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
    const counts = { value: 0, thrown: 0 };
    fc.assert(
      fc.property(fc.oneof(loose, held, held), (text) => {
        const found = valueOrError(() => readJSON(Buffer.from(text)));
        counts['value' in (found as object) ? 'value' : 'thrown']++;
        expect(found).toEqual(valueOrError(() => byGrammar(text)));
      }),
      { numRuns: 4_000 },
    );
    expect(Math.min(counts.value, counts.thrown)).toBeGreaterThan(200);
  });

  it('of any bytes is a value or a SyntaxError, and the value is parsed to the same value again', () => {
    const inside = fc
      .uint8Array({ maxLength: 24 })
      .map((bytes) => Buffer.concat([Buffer.from('{"n":"'), bytes, Buffer.from('"}')]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 24 }), inside), (bytes) => {
        const found = valueOrError(() => readJSON(bytes)) as { value?: unknown; thrown?: string };
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
  const isWechatByRule = (text: string): boolean => {
    const lower = text.replace(/[A-Z]/g, (char) => char.toLowerCase());
    return lower.includes('micromessenger') && !lower.includes('wxwork');
  };

  it('is WeChat if it names MicroMessenger and not WeCom, in upper or lower case', () => {
    fc.assert(
      fc.property(fc.oneof(agent, anyString()), (text) => {
        expect(browserKind({ headers: { 'user-agent': text } }) === 'wechat').toBe(isWechatByRule(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('of any kind gets the login page that fits it', async () => {
    await fc.assert(
      fc.asyncProperty(agent, async (text) => {
        const userAgent = text.replace(/[^\t -~]/g, '');
        const response = await request(app, '/login', { userAgent });
        const location = locationOf(response);
        const page = location ? new URL(location).pathname : response.status;
        // A phone cannot scan a QR code on its own screen: it gets a page that says to open WeChat.
        const ofOthers = userAgent.includes('iPhone') ? 200 : '/connect/qrconnect';
        expect(page).toBe(isWechatByRule(userAgent) ? '/connect/oauth2/authorize' : ofOthers);
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
  const host = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));

  it('of any kind is refused, or is a plain host name in the redirect URI', async () => {
    const counts = { accepted: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(host, async (text) => {
        const response = await request(app, '/login', { host: text });
        const location = locationOf(response);
        counts[location === '' ? 'refused' : 'accepted']++;
        if (location === '') {
          expect(response.status).toBe(400);
          return;
        }
        const bare = text.trim();
        expect(bare).toMatch(/^(?:[a-zA-Z\d._-]+|\[[\da-fA-F:.]+\])(?::\d+)?$/);
        expect(paramIn(location, 'redirect_uri')).toBe(`http://${bare.toLowerCase()}/callback`);
        expect(location.match(/state=/g)).toHaveLength(1);
      }),
      { numRuns: 300, examples: [['h5.example.com'], ['a@b']] },
    );
    expect(Math.min(counts.accepted, counts.refused)).toBeGreaterThan(0);
  });
});
