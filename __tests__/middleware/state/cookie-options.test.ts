// The options of the session cookie, and the cookie in a request or a response, without a running app.
import { IncomingMessage } from 'node:http';
import net from 'node:net';
import type { HostRequest } from '../../../lib/middleware/http/request';
import {
  cookieHash,
  holdsSessionId,
  isRecognized,
  isSessionCookie,
  SIGNATURE_SUFFIX,
  sentValues,
  sessionCookieOf,
  type SessionCookie,
} from '../../../lib/middleware/state/session-cookie';

function requestWith(fields: object, cookie = ''): HostRequest {
  return Object.assign(new IncomingMessage(new net.Socket()), { headers: { cookie } }, fields);
}

const DEFAULTS: SessionCookie = {
  name: 'session',
  path: '/',
  domain: undefined,
  isSecure: false,
  sameSite: '',
  maxAge: undefined,
  hasSignature: true,
};

describe('the options of the session cookie', () => {
  it.each<[object, Partial<SessionCookie>]>([
    [{}, {}],
    [{ name: 'sid' }, { name: 'sid' }],
    [{ name: '' }, {}],
    [{ name: 7, path: 7, domain: 7, sameSite: 7, maxAge: '60' }, {}],
    [{ path: '/app' }, { path: '/app' }],
    [{ path: '' }, {}],
    [{ domain: '.Shop.Example.com' }, { domain: 'shop.example.com' }],
    [{ domain: 'a.b' }, { domain: 'a.b' }],
    [{ secure: true }, { isSecure: true }],
    [{ secure: 'auto' }, {}],
    [{ sameSite: 'Lax' }, { sameSite: 'lax' }],
    [{ sameSite: true }, { sameSite: 'strict' }],
    [{ sameSite: false }, {}],
    [{ maxAge: 60_000 }, { maxAge: 60_000 }],
    [{ maxAge: 0 }, { maxAge: 0 }],
    [{ signed: false }, { hasSignature: false }],
    [{ signed: true }, {}],
  ])('of cookie-session %j are %j', (sessionOptions, expected) => {
    expect(sessionCookieOf(requestWith({ sessionOptions }), 'seen')).toEqual({ ...DEFAULTS, ...expected });
  });

  it('are inherited from the options of the app, but not from the prototype of all objects', () => {
    const sessionOptions = Object.create(
      Object.assign(Object.create(null) as object, { path: '/app' }),
    ) as object;
    Object.assign(sessionOptions, { name: 'sid', path: undefined });
    const prototype = Object.prototype as { domain?: string };
    prototype.domain = 'evil.example';
    try {
      expect(sessionCookieOf(requestWith({ sessionOptions }), undefined)).toEqual({
        ...DEFAULTS,
        name: 'sid',
        path: '/app',
      });
      expect(sessionCookieOf(requestWith({ sessionOptions: {} }), undefined)).toEqual(DEFAULTS);
    } finally {
      delete prototype.domain;
    }
  });

  it('of express-session are on the session, except the name, which a response shows', () => {
    const cookie = { path: '/app', secure: true, originalMaxAge: 60_000, maxAge: 5 };
    const expected = {
      ...DEFAULTS,
      path: '/app',
      isSecure: true,
      maxAge: 60_000,
      hasSignature: false,
    };
    const req = requestWith({ session: { cookie } });
    expect(sessionCookieOf(req, 'seen')).toEqual({ ...expected, name: 'seen' });
    expect(sessionCookieOf(req, undefined)).toEqual({ ...expected, name: undefined });
  });

  it.each([
    {},
    { session: {} },
    { session: null },
    { session: { cookie: 'text' } },
    { session: { cookie: null } },
  ])('are unknown without cookie-session and express-session: %j', (fields) => {
    expect(sessionCookieOf(requestWith(fields), 'seen')).toBeUndefined();
    expect(sessionCookieOf(requestWith({ ...fields, sessionOptions: null }), 'seen')).toBeUndefined();
  });

  it('are unknown if the session only inherits a cookie', () => {
    const session: unknown = Object.create({ cookie: {} });
    expect(sessionCookieOf(requestWith({ session }), 'seen')).toBeUndefined();
  });
});

describe('the session cookie in a request', () => {
  const sent = 'a=1; session=x; sid=s%3Aid.sig; session=y; plain=s:id.sig; other=xs:id';

  it.each([
    ['session', ['x', 'y']],
    ['sid', ['s%3Aid.sig']],
    ['none', []],
    [undefined, ['s%3Aid.sig', 's:id.sig']],
  ])('of the name %s has the values %j', (name, values) => {
    expect(sentValues(requestWith({}, sent), { ...DEFAULTS, name })).toEqual(values);
  });

  it('is none if the options are unknown', () => {
    expect(sentValues(requestWith({}, sent), undefined)).toEqual([]);
  });

  it.each([
    ['s%3Aid%2B1.signature', true],
    ['s:id+1.signature', true],
    ['s:id+12.signature', false],
    ['s%3Aid%2B12.signature', false],
    ['s:id+1', false],
    ['id+1.', false],
    ['x s:id+1.signature', false],
  ])('with the value %s belongs to the session of express-session: %s', (value, expected) => {
    const req = requestWith({ sessionID: 'id+1' });
    expect(isRecognized(req, {}, ['other', value])).toBe(expected);
    expect(isSessionCookie(req, DEFAULTS, { name: 'any', value })).toBe(expected);
  });

  it('belongs to the session of cookie-session if that is not new', () => {
    const req = requestWith({});
    expect(isRecognized(req, {}, ['x'])).toBe(true);
    expect(isRecognized(req, { isNew: false }, ['x'])).toBe(true);
    expect(isRecognized(req, { isNew: true }, ['x'])).toBe(false);
    expect(isRecognized(req, {}, [])).toBe(false);
    expect(isRecognized(requestWith({ sessionID: 'id' }), {}, [])).toBe(false);
  });

  it('has its name in a response of cookie-session', () => {
    const req = requestWith({});
    expect(isSessionCookie(req, DEFAULTS, { name: 'session', value: '' })).toBe(true);
    expect(isSessionCookie(req, DEFAULTS, { name: `session${SIGNATURE_SUFFIX}`, value: '' })).toBe(false);
    expect(SIGNATURE_SUFFIX).toBe('.sig');
  });
});

describe('the hash of the cookies of a request', () => {
  it('is the same for the same cookies, does not show them, and is empty without cookies', () => {
    const hashed = cookieHash(requestWith({}, 'sid=abc; lang=en'));
    expect(hashed).toMatch(/^[\w-]{16,}$/);
    expect(cookieHash(requestWith({}, 'sid=abc; lang=en'))).toBe(hashed);
    expect(cookieHash(requestWith({}, 'sid=abd; lang=en'))).not.toBe(hashed);
    expect(cookieHash(requestWith({ headers: {} }))).toBe('');
  });

  it('is computed once for each request', () => {
    const req = requestWith({}, 'sid=abc');
    const hashed = cookieHash(req);
    req.headers.cookie = 'sid=changed';
    expect(cookieHash(req)).toBe(hashed);
  });
});

describe('the id of a session', () => {
  it.each([
    ['sid=s%3Aid%2B1.signature', 'id+1', true],
    ['sid=s:id+1.signature', 'id+1', true],
    ['sid=s%3Aid%2B2.signature', 'id+1', false],
    ['', 'id+1', false],
    ['sid=abc', '', false],
  ])('in the cookies %j: %j is there: %s', (cookies, id, expected) => {
    expect(holdsSessionId(requestWith({}, cookies), id)).toBe(expected);
  });
});
