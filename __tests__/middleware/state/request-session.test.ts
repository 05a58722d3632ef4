// The session of a request, read, saved and given a new id, without a running app.
import { IncomingMessage } from 'node:http';
import net from 'node:net';
import { inspect } from 'node:util';
import type { HostRequest } from '../../../lib/middleware/http/request';
import { addPhoneId } from '../../../lib/middleware/scan/tickets/phone-id';
import { Tickets } from '../../../lib/middleware/scan/tickets/ticket';
import { addPending, ensureLinkId } from '../../../lib/middleware/state/pending-logins';
import {
  carryOverCookie,
  cookieFits,
  getSession,
  ownValue,
  regenerateSession,
  renewId,
  saveSession,
  type Session,
} from '../../../lib/middleware/state/session';
import { isSameSiteCookie } from '../../../lib/middleware/state/session-cookie';
import { Warnings } from '../../../lib/warnings';
import { DESKTOP_CHROME } from '../../support/browsers/user-agents';

type Done = (error?: Error) => void;

function requestWith(fields: object): HostRequest {
  return Object.assign(new IncomingMessage(new net.Socket()), fields);
}

/** A session of express-session: its methods are inherited, so they are not data. */
function storedSession(data: object, methods: Record<string, (done: Done) => unknown>): Session {
  return Object.assign(Object.create(methods) as Session, data);
}

const warnings = new Warnings();
let warn: jest.SpyInstance;
beforeEach(() => {
  warn = jest.spyOn(process, 'emitWarning').mockImplementation();
});
afterEach(() => jest.restoreAllMocks());

describe('a value of the session', () => {
  it('is an own property: a prototype logs nobody in', () => {
    expect(ownValue({ wechat: 1 }, 'wechat')).toBe(1);
    expect(ownValue(Object.create({ wechat: 1 }) as object, 'wechat')).toBeUndefined();
    expect(ownValue({}, 'constructor')).toBeUndefined();
  });
});

describe('the session of a request', () => {
  it('is any object', () => {
    const session = {};
    expect(getSession(requestWith({ session }))).toBe(session);
    for (const none of [undefined, null, 'text', 7, true])
      expect(getSession(requestWith({ session: none }))).toBeUndefined();
  });

  it.each([
    ['saved', (req: HostRequest) => saveSession(req, { warnings })],
    ['given a new id', (req: HostRequest) => regenerateSession(req, () => true)],
  ])('cannot be %s after the app has ended it', async (_what, call) => {
    await expect(call(requestWith({ session: null }))).rejects.toMatchObject({
      kind: 'session_missing',
      message: expect.stringMatching(
        /The session of this request has ended: .*Do so only after .* log out with req\.wechat\.logout\(\)/,
      ) as string,
    });
  });
});

describe('a session with a store', () => {
  it('is saved by its own method, before the promise resolves', async () => {
    let isSaved = false;
    const session = storedSession(
      { wechat: 1 },
      {
        save(this: unknown, done) {
          expect(this).toBe(session);
          setImmediate(() => {
            isSaved = true;
            done();
          });
        },
      },
    );
    const req = requestWith({ session });
    await saveSession(req, { warnings });
    expect(isSaved).toBe(true);
    expect(getSession(req)).toBe(session);
  });

  it('that cannot be saved is removed from the request, and its id and states are not shown', async () => {
    const state = `0${'ab'.repeat(16)}`;
    const id = 'id-of-the-session-0123456789';
    const session = storedSession(
      { id, 'wechat:login': { pending: { [state]: { returnTo: '/' } } } },
      { save: (done) => done(new Error(`SET ${id} {"pending":{"${state}":1}} failed`)) },
    );
    const req = requestWith({ session });
    const error = await saveSession(req, { warnings }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'session_missing', status: 503, retryable: true });
    expect((error as Error).message).toBe(
      'The session store failed (save): SET *** {"pending":{"***":1}} failed. Check it, then try again.',
    );
    expect(req.session).toBeUndefined();
  });

  it('masks the tickets of scan logins, the id of the phone, and the one that binds links', async () => {
    const { text: ticket } = new Tickets({ appId: 'wx', appSecret: 's'.repeat(32) }, 'wechat').issue(
      `0${'ab'.repeat(16)}`,
      DESKTOP_CHROME,
      'snsapi_base',
      60_000,
    );
    const records: Session = {};
    const phone = addPhoneId(records, 'wechat');
    const link = ensureLinkId(records, 'wechat');
    const state = `1${'0f'.repeat(16)}`;
    const pending = { returnTo: '/', scope: 'snsapi_base', flow: 'official', at: Date.now() } as const;
    addPending(records, 'wechat', state, { ...pending, scan: ticket }, 60_000);
    const session = storedSession(records, {
      save: (done) => done(new Error(`SET ${JSON.stringify(records)} failed`)),
    });
    const error = await saveSession(requestWith({ session }), { warnings }).catch(
      (thrown: unknown) => thrown,
    );
    expect((error as Error).message).toContain('"scan":"***"');
    for (const secret of [ticket, phone, link, state]) expect(inspect(error)).not.toContain(secret);
    const done = storedSession(
      { 'wechat:login': { done: { [state]: `scan:${ticket}` } } },
      { save: (reject) => reject(new Error(`bad value scan:${ticket}`)) },
    );
    await expect(saveSession(requestWith({ session: done }), { warnings })).rejects.toThrow('scan:***.');
  });

  it('masks the states of a session without an id, too', async () => {
    const state = `1${'0f'.repeat(16)}`;
    const session = storedSession(
      { 'wechat:login': { done: { [state]: '/' } } },
      { save: (done) => done(new Error(`bad value ${state}`)) },
    );
    await expect(saveSession(requestWith({ session }), { warnings })).rejects.toThrow('bad value ***.');
    const numbered = storedSession({ id: 7 }, { save: (done) => done(new Error('away')) });
    await expect(saveSession(requestWith({ session: numbered }), { warnings })).rejects.toThrow('away.');
    const plain = storedSession({}, { save: (done) => done(new Error('away')) });
    await expect(saveSession(requestWith({ session: plain }), { warnings })).rejects.toThrow('away.');
  });

  it('gets a new id, and keeps the keys that may stay, except the cookie', async () => {
    const fresh: Session = { cookie: 'new', id: 2 };
    const req = requestWith({
      session: storedSession(
        { cookie: 'old', cart: 3, wechat: 1 },
        {
          regenerate: (done) => {
            Object.assign(req, { session: fresh });
            done();
          },
        },
      ),
    });
    const asked: string[] = [];
    const mayStay = (key: string): boolean => asked.push(key) > 0 && key !== 'wechat';
    expect(await regenerateSession(req, mayStay)).toBe(fresh);
    expect(fresh).toEqual({ cookie: 'new', id: 2, cart: 3 });
    expect(asked).toEqual(['cart', 'wechat']);
  });

  it('keeps everything with a new id, also the settings of its cookie', async () => {
    const fresh: Session = { cookie: { path: '/' }, id: 2 };
    const req = requestWith({
      session: storedSession(
        { cookie: { path: '/app' }, cart: 3, wechat: 1 },
        {
          regenerate: (done) => {
            Object.assign(req, { session: fresh });
            done();
          },
        },
      ),
    });
    await renewId(req);
    expect(getSession(req)).toBe(fresh);
    expect(fresh).toEqual({ cookie: { path: '/app' }, id: 2, cart: 3, wechat: 1 });
  });

  it('that cannot get a new id rejects with the message of its store', async () => {
    const session = storedSession({}, { regenerate: (done) => done(new Error('out of order')) });
    await expect(regenerateSession(requestWith({ session }), () => true)).rejects.toMatchObject({
      kind: 'session_missing',
      message: expect.stringContaining('(regenerate): out of order') as string,
    });
  });
});

describe('a session in a cookie', () => {
  it('has no id: keys that may not stay are deleted', async () => {
    const session: Session = { cart: 3, wechat: 1 };
    expect(await regenerateSession(requestWith({ session }), (key) => key === 'cart')).toBe(session);
    expect(session).toEqual({ cart: 3 });
  });

  /** A request whose cookie has this size, in bytes of `<name>=<base64 of JSON>`. */
  const withCookieOf = (size: number, sessionOptions: object | undefined = {}): HostRequest => {
    const { name = 'session' } = sessionOptions as { name?: string };
    const json = ((size - name.length - 1) / 4) * 3;
    return requestWith({ sessionOptions, session: { a: 'x'.repeat(json - '{"a":""}'.length) } });
  };
  const sessionIn = (req: HostRequest): Session => getSession(req) ?? {};
  const NAME = { name: 'sid' };

  it('fits up to 4,096 bytes, its name included', () => {
    expect(cookieFits(withCookieOf(4_096, NAME), sessionIn(withCookieOf(4_096, NAME)))).toBe(true);
    expect(cookieFits(withCookieOf(4_100, NAME), sessionIn(withCookieOf(4_100, NAME)))).toBe(false);
    // Without a name in the options, cookie-session uses `session`.
    expect(cookieFits(withCookieOf(4_096), sessionIn(withCookieOf(4_096)))).toBe(true);
    expect(cookieFits(withCookieOf(4_100), sessionIn(withCookieOf(4_100)))).toBe(false);
  });

  it('counts the bytes of its text, not its characters', () => {
    const session = { a: '中'.repeat(1_100) };
    expect(cookieFits(requestWith({ sessionOptions: {}, session }), session)).toBe(false);
  });

  it('has no limit if a store holds it, or an unknown middleware', () => {
    const large = { a: 'x'.repeat(10_000) };
    expect(cookieFits(requestWith({ session: large }), large)).toBe(true);
    const stored = storedSession(large, { save: (done) => done() });
    expect(cookieFits(requestWith({ sessionOptions: {}, session: stored }), stored)).toBe(true);
  });

  it('that is too large is an error with its size and the remedy', async () => {
    await expect(saveSession(withCookieOf(4_100, NAME), { warnings })).rejects.toMatchObject({
      kind: 'config',
      message: expect.stringMatching(
        /^The session cookie would have 4100 bytes, and browsers drop cookies over 4096 bytes: req\.session\.a has 306\d bytes\. Keep less in the session \(onLogin may return a smaller user\), or use express-session\.$/,
      ) as string,
      remedy: {
        en: expect.stringMatching(/^Keep less/) as string,
        zh: '会话 cookie 将有 4100 字节，超过 4096 字节时浏览器会丢弃它。请减少会话内容（onLogin 可返回更小的用户对象），或改用 express-session。',
      },
    });
    await saveSession(requestWith({ session: { a: 'x'.repeat(10_000) } }), { warnings });
    expect(warn).not.toHaveBeenCalled();
  });

  it('causes one warning over 3,072 bytes, up to the size that browsers accept', async () => {
    const once = new Warnings();
    await saveSession(withCookieOf(3_072, NAME), { warnings: once });
    expect(warn).not.toHaveBeenCalled();
    await saveSession(withCookieOf(3_076, NAME), { warnings: once });
    await saveSession(withCookieOf(4_096, NAME), { warnings: once });
    expect(warn.mock.calls).toEqual([
      [
        'The session cookie has grown to 3076 bytes. ' +
          'Browsers drop cookies over 4096 bytes, and the login with them. ' +
          'Keep less in the session (onLogin may return a smaller user), or use express-session. ' +
          '会话 cookie 已有 3076 字节，超过 4096 字节时浏览器会丢弃它。请减少会话内容（onLogin 可返回更小的用户对象），或改用 express-session。',
        {
          type: 'WechatAuthWarning',
          code: 'WECHAT_COOKIE_SIZE',
          detail: expect.stringContaining('/docs/zh-CN/warnings.md') as string,
        },
      ],
    ]);
  });
});

describe('the cookie of a session', () => {
  it.each([
    [true, true],
    ['lax', true],
    ['Strict', true],
    ['none', false],
    ['relax', false],
    ['laxer', false],
    [false, false],
    [undefined, false],
    [['lax'], false],
  ])('with SameSite %j is sent only with requests of this site: %s', (sameSite, expected) => {
    expect(isSameSiteCookie(requestWith({ sessionOptions: { sameSite } }))).toBe(expected);
    expect(isSameSiteCookie(requestWith({ session: { cookie: { sameSite } } }))).toBe(expected);
  });

  it('may be sent by any site if its options are not known', () => {
    for (const session of [
      undefined,
      {},
      { cookie: 'text' },
      Object.create({ cookie: { sameSite: true } }) as object,
    ])
      expect(isSameSiteCookie(requestWith({ session }))).toBe(false);
  });
});

describe('the cookie of a new session', () => {
  it('takes over what the app set on the former one', () => {
    const settings = {
      path: '/a',
      domain: 'a.example',
      secure: true,
      httpOnly: false,
      sameSite: 'lax',
      priority: 'high',
      partitioned: true,
    };
    const cookie = { path: '/', other: 1 };
    carryOverCookie({ cookie: { ...settings, originalMaxAge: 60_000, maxAge: 7, other: 2 } }, { cookie });
    expect(cookie).toEqual({ ...settings, maxAge: 60_000, other: 1 });
  });

  it('keeps its own settings if the former one has none', () => {
    const cookie = { path: '/', maxAge: 5 };
    carryOverCookie({ cookie: {} }, { cookie });
    expect(cookie).toEqual({ path: '/', maxAge: 5 });
    carryOverCookie({ cookie: { originalMaxAge: null } }, { cookie });
    expect(cookie).toEqual({ path: '/', maxAge: null });
  });

  it.each([undefined, null, 'text', 7])('stays as it is if the former one is %j', (former) => {
    const cookie = { path: '/' };
    carryOverCookie({ cookie: former }, { cookie });
    expect(cookie).toEqual({ path: '/' });
    const other: Session = { cookie: former };
    carryOverCookie({ cookie: { path: '/a' } }, other);
    expect(other).toEqual({ cookie: former });
  });

  it('stays as it is if the session is the same', () => {
    const cookie = { path: '/', originalMaxAge: 60_000, maxAge: 5 };
    carryOverCookie({ cookie }, { cookie });
    expect(cookie.maxAge).toBe(5);
  });
});
