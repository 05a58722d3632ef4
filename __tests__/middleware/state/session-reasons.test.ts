// Why a request has no session, without a running app.
import { IncomingMessage } from 'node:http';
import net from 'node:net';
import express from 'express';
import type { HostRequest } from '../../../lib/middleware/http/request';
import { requireSession } from '../../../lib/middleware/state/missing-session';
import { serverSessions } from '../../support/sessions';
import { digestOf, SessionWatch, type LoginStart } from '../../../lib/middleware/state/session-watch';

const LIFETIME = 600_000;
let sessionWatch: SessionWatch;
beforeEach(() => {
  sessionWatch = new SessionWatch(LIFETIME);
});
afterEach(() => jest.useRealTimers());

function requestWith(fields: object): HostRequest {
  return Object.assign(new IncomingMessage(new net.Socket()), { url: '/login' }, fields);
}

function messageFor(fields: object): string {
  try {
    requireSession(requestWith(fields), { sessionWatch });
  } catch (error) {
    expect(error).toMatchObject({ kind: 'session_missing' });
    return `${String((error as { status: number }).status)} ${(error as Error).message}`;
  }
  return 'no error';
}

const NONE =
  /^500 req\.session is missing when wechatAuth\(\) runs\. Mount cookie-session or express-session before wechatAuth\(\), not after it, .* If express-session is mounted so, its store is disconnected: check the store\.$/;
const ENDED = /^500 The session of this request has ended/;
const PATH =
  /^500 express-session gives no session to this request, because its `cookie\.path` leaves out a route of wechatAuth\(\)\. Set `cookie\.path` to '\/', its default, or mount wechatAuth\(\) below that path\.$/;
const DISCONNECTED =
  /^503 The session store is disconnected: .* until the store is connected again\. Check the store, then try again\.$/;

/** A mounted middleware, at the root of Express 5 unless `fields` say something else. */
const layer = (handle: unknown, fields: object = { slash: true }) => ({ handle, ...fields });
const expressSession = serverSessions();
const SESSION = layer(expressSession);
const AUTH = layer({ name: 'wechatAuthMiddleware' });
const FILES = express.static(__dirname);

describe('a request with a session', () => {
  it('gets it', () => {
    const session = { cart: 3 };
    expect(requireSession(requestWith({ session }), { sessionWatch })).toBe(session);
  });
});

describe('a request without a session is told that', () => {
  it.each<[string, object, RegExp]>([
    ['no middleware ran', {}, NONE],
    ['the app has set it to null', { session: null }, ENDED],
    ['the app has destroyed it', { sessionStore: {} }, ENDED],
    ['the app has ended the one of cookie-session', { sessionOptions: {} }, ENDED],
    ['the cookie path leaves it out', { _parsedOriginalUrl: {} }, PATH],
    [
      'the cookie path leaves it out, although files are served below another path',
      { _parsedOriginalUrl: {}, app: { router: { stack: [layer(FILES, { slash: false }), AUTH] } } },
      PATH,
    ],
    [
      'the cookie path leaves it out, although files are served after wechatAuth()',
      { _parsedOriginalUrl: {}, app: { router: { stack: [AUTH, layer(FILES)] } } },
      PATH,
    ],
    [
      'no middleware ran, although one that serves files has parsed the path',
      { _parsedOriginalUrl: {}, app: { router: { stack: [layer(FILES), AUTH] } } },
      NONE,
    ],
    [
      'no middleware ran, although one that serves files has parsed the path before our router',
      { _parsedOriginalUrl: {}, app: { router: { stack: [layer(FILES)] } } },
      NONE,
    ],
    ['the store is away, in Express 5', { app: { router: { stack: [SESSION, AUTH] } } }, DISCONNECTED],
    [
      'the store is away, in Express 4',
      { app: { _router: { stack: [layer(expressSession, { regexp: { fast_slash: true } }), AUTH] } } },
      DISCONNECTED,
    ],
    [
      'no middleware ran, although one is mounted after ours',
      { app: { router: { stack: [AUTH, SESSION] } } },
      NONE,
    ],
    [
      'no middleware ran, although one is mounted below another path',
      { app: { router: { stack: [layer(expressSession, { slash: false }), AUTH] } } },
      NONE,
    ],
    [
      'no middleware ran, although one is mounted below another path in Express 4',
      { app: { _router: { stack: [layer(expressSession, { regexp: { fast_slash: false } }), AUTH] } } },
      NONE,
    ],
    [
      'no middleware ran, if another one is mounted',
      { app: { router: { stack: [layer(() => 1), AUTH] } } },
      NONE,
    ],
    ['no middleware ran, if only ours is mounted', { app: { router: { stack: [AUTH] } } }, NONE],
    ['no middleware ran, if only one is mounted', { app: { router: { stack: [SESSION] } } }, NONE],
    ['no middleware ran, in an app without layers', { app: {} }, NONE],
    ['no middleware ran, in an app with unnamed layers', { app: { router: { stack: [{}, AUTH] } } }, NONE],
  ])('%s', (_reason, fields, expected) => {
    expect(messageFor(fields)).toMatch(expected);
  });

  it.each([
    ['', DISCONNECTED],
    ['/app', NONE],
  ])('the store is away, in Connect, if the middleware is mounted at %j', (route, expected) => {
    const stack = [layer(expressSession, { route }), AUTH];
    const listeners = (event: string): unknown[] => (event === 'request' ? [{}, { stack }] : []);
    expect(messageFor({ socket: { server: { listeners } } })).toMatch(expected);
  });

  it('the cookie path leaves it out, with that path, after another request has shown it', () => {
    requireSession(requestWith({ session: { cookie: { path: '/app' } }, url: '/app/login' }), {
      sessionWatch,
    });
    expect(messageFor({ url: '/login' })).toMatch(
      /because its `cookie\.path` \("\/app"\) leaves out a route/,
    );
    // That path has had a session.
    expect(messageFor({ url: '/app/login' })).toMatch(DISCONNECTED);
    expect(messageFor({ url: '/app/other', _parsedOriginalUrl: {} })).toMatch(NONE);
  });

  it('the store is disconnected, after the same path has had a session', () => {
    requireSession(requestWith({ session: {}, originalUrl: '/a/login?b' }), { sessionWatch });
    expect(messageFor({ originalUrl: '/a/login?c' })).toMatch(DISCONNECTED);
    expect(messageFor({ originalUrl: '/b/login' })).toMatch(NONE);
    // A session that only inherits a cookie, or whose cookie has no path, shows no path.
    const session: unknown = Object.create({ cookie: { path: '/a' } });
    requireSession(requestWith({ session }), { sessionWatch });
    requireSession(requestWith({ session: { cookie: { path: 7 } } }), { sessionWatch });
    expect(sessionWatch.cookiePath).toBeUndefined();
  });
});

describe('the memory of sessions', () => {
  it('holds 50 paths, and none of more than 200 characters', () => {
    const record = (url: string): void => sessionWatch.recordSession(requestWith({ url }), {});
    const had = (url: string): boolean => sessionWatch.hadSession(requestWith({ url }));
    const long = `/${'a'.repeat(199)}`;
    record(long);
    record(`${long}a`);
    expect([had(long), had(`${long}a`)]).toEqual([true, false]);
    for (let at = 0; at < 50; at++) record(`/${at}`);
    expect([had('/48'), had('/49')]).toEqual([true, false]);
  });

  it('holds the name of the cookie, if it has at most 200 characters', () => {
    expect(sessionWatch.cookieName).toBeUndefined();
    sessionWatch.recordCookieName('n'.repeat(200));
    expect(sessionWatch.cookieName).toBe('n'.repeat(200));
    sessionWatch.recordCookieName('n'.repeat(201));
    expect(sessionWatch.cookieName).toBe('n'.repeat(200));
  });

  it('compares cookies by a short hash', () => {
    expect(digestOf('a')).toMatch(/^[0-9a-f]{32}$/);
    expect(digestOf('a')).toBe(digestOf('a'));
    expect(digestOf('a')).not.toBe(digestOf('b'));
  });

  it('holds the start of a login for as long as the login may take', () => {
    jest.useFakeTimers();
    const start: LoginStart = { host: 'a.example', at: 1, isHTTPS: true, cookieDigest: undefined };
    sessionWatch.recordStart('state', start);
    jest.advanceTimersByTime(LIFETIME);
    expect(sessionWatch.startOf('state')).toEqual(start);
    jest.advanceTimersByTime(1);
    expect(sessionWatch.startOf('state')).toBeUndefined();
  });
});
