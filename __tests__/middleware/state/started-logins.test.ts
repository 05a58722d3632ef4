// What a process remembers of the logins that it started, in case the session of the browser loses them.
import type { PendingLogin } from '../../../lib/middleware/state/pending-logins';
import { StartedLogins, type FinishedLogin } from '../../../lib/middleware/state/started-logins';

const TIMEOUT = 600_000;
/** Stands for a hash of the cookies of a browser. */
const COOKIES = 'cookies of a browser';
const PENDING: PendingLogin = { returnTo: '/me', scope: 'snsapi_base', flow: 'official', at: 0 };
const SESSION = { id: 'the id', root: 'the root', hasLogin: false };
const LOGIN = { scope: 'snsapi_base', flow: 'official', appid: 'wx1' } as const;

let started: StartedLogins;
beforeEach(() => {
  started = new StartedLogins(TIMEOUT);
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a login that this process started', () => {
  it('shows how it started', () => {
    started.record('state', { ...PENDING, appid: 'wx1', at: 7 }, SESSION, 'the state before');
    expect(started.get('state')).toEqual({
      ...{ returnTo: '/me', scope: 'snsapi_base', flow: 'official', appid: 'wx1' },
      ...{
        at: 7,
        replaces: 'the state before',
        session: SESSION,
        isForPC: false,
        hasData: false,
        isSpent: false,
        pending: { ...PENDING, appid: 'wx1', at: 7 },
      },
    });
    expect(started.get('another state')).toBeUndefined();
  });

  it('is for a PC if it holds the ticket of a scan login', () => {
    started.record('state', { ...PENDING, scan: 'a ticket' }, SESSION);
    expect(started.get('state')?.isForPC).toBe(true);
  });

  it('is known to have data, but not which', () => {
    started.record('state', { ...PENDING, data: 'secret' }, undefined);
    expect(started.get('state')?.hasData).toBe(true);
    expect(JSON.stringify(started.get('state'))).not.toContain('secret');
  });

  it('can be finished in the session in which it started', () => {
    started.record('state', PENDING, SESSION);
    expect(started.pendingOf('state', SESSION)).toEqual(PENDING);
    expect(started.pendingOf('another state', SESSION)).toBeUndefined();
  });

  it('can be finished only by the same user after somebody has logged in to that session', () => {
    started.record('state', PENDING, SESSION);
    const session = { ...SESSION, id: 'a new id', hasLogin: true };
    expect(started.pendingOf('state', session)).toEqual({ ...PENDING, isBound: true });
  });

  it('can be finished in the session whose id was renewed since then, up to nine times', () => {
    started.record('state', PENDING, SESSION);
    let before = SESSION;
    for (let renewals = 1; renewals < 10; renewals++) {
      const after = { ...SESSION, id: `id ${renewals}` };
      started.recordRenewal(before, after);
      expect(started.pendingOf('state', after)).toEqual(PENDING);
      before = after;
    }
    started.recordRenewal(before, { ...SESSION, id: 'the tenth id' });
    expect(started.pendingOf('state', { ...SESSION, id: 'the tenth id' })).toBeUndefined();
    // If another process renewed the id, this one does not know it.
    expect(started.pendingOf('state', { ...SESSION, id: 'of another process' })).toBeUndefined();
    expect(started.pendingOf('state', { ...before, root: 'another' })).toEqual(PENDING);
  });

  it('cannot be finished in a session with a new id if it started under the old one afterwards', () => {
    const after = { ...SESSION, id: 'a new id' };
    started.recordRenewal(SESSION, after);
    started.record('state', { ...PENDING, at: Date.now() + 1_000 }, SESSION);
    expect(started.pendingOf('state', after)).toBeUndefined();
    expect(started.pendingOf('state', SESSION)).toBeDefined();
    started.recordRenewal(undefined, after);
    started.recordRenewal(SESSION, undefined);
  });

  it('can be finished in a session with a new id if it started under the old one in the same millisecond', () => {
    const after = { ...SESSION, id: 'a new id' };
    jest.useFakeTimers();
    started.recordRenewal(SESSION, after);
    started.record('state', { ...PENDING, at: Date.now() }, SESSION);
    expect(started.pendingOf('state', after)).toBeDefined();
  });

  it('can be finished neither in another session nor in one without an id', () => {
    started.record('state', PENDING, SESSION);
    expect(started.pendingOf('state', { id: 'another', root: 'another', hasLogin: true })).toBeUndefined();
    expect(started.pendingOf('state', undefined)).toBeUndefined();
    started.record('without an id', PENDING, undefined);
    expect(started.pendingOf('without an id', SESSION)).toBeUndefined();
    expect(started.pendingOf('without an id', undefined)).toBeUndefined();
    expect(started.get('without an id')).toMatchObject({ returnTo: '/me', pending: undefined });
  });

  it('can be finished no more once its state is spent, and keeps its return path', () => {
    started.record('state', PENDING, SESSION);
    started.record('other', PENDING, SESSION);
    started.spend(['state', 'unknown']);
    expect(started.pendingOf('state', SESSION)).toBeUndefined();
    expect(started.get('state')).toMatchObject({ returnTo: '/me', isSpent: true });
    expect(started.get('unknown')).toBeUndefined();
    expect(started.get('other')).toMatchObject({ isSpent: false });
  });

  it('is forgotten when it can no longer be pending, even if its state was spent late', () => {
    jest.useFakeTimers();
    started.record('state', PENDING, SESSION);
    started.record('spent', PENDING, SESSION);
    jest.advanceTimersByTime(TIMEOUT - 1_000);
    started.spend(['spent']);
    expect(['state', 'spent'].map((state) => started.get(state)?.returnTo)).toEqual(['/me', '/me']);
    jest.advanceTimersByTime(2_000);
    expect(['state', 'spent'].map((state) => started.get(state))).toEqual([undefined, undefined]);
  });

  it('is displaced by ten thousand newer logins', () => {
    for (let count = 0; count <= 10_000; count++) started.record(`state ${count}`, PENDING, undefined);
    expect([started.get('state 0'), started.get('state 1')]).toMatchObject([undefined, { returnTo: '/me' }]);
  });
});

describe('the login that callbacks with the same cookies finish', () => {
  const AT = 1_800_000_000_000;
  const of = (state: string): FinishedLogin => ({ state, root: 'the root', at: AT, ...LOGIN });
  beforeEach(() => {
    jest.spyOn(Date, 'now').mockReturnValue(AT);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  const recordFinish = (state: string, login: Promise<typeof LOGIN | undefined>): void => {
    started.recordFinish(COOKIES, { state, root: 'the root' }, login);
  };

  it('is known to the other tabs of this browser, and to no other browser', async () => {
    recordFinish('state', Promise.resolve(LOGIN));
    expect(await started.finishedWith(COOKIES)).toEqual(of('state'));
    expect(await started.finishedWith('cookies of another browser')).toBeUndefined();
  });

  it('is awaited by the tabs that ask while it is being finished', async () => {
    let finish: (login: typeof LOGIN) => void = () => undefined;
    recordFinish('state', new Promise((resolve) => (finish = resolve)));
    const asked = started.finishedWith(COOKIES);
    finish(LOGIN);
    expect(await asked).toEqual(of('state'));
  });

  it('is never that of a browser without cookies', async () => {
    started.recordFinish('', { state: 'state', root: undefined }, Promise.resolve(LOGIN));
    expect(await started.finishedWith('')).toBeUndefined();
  });

  it.each([
    ['fails', () => Promise.reject(new Error('refused'))],
    ['restarts', () => Promise.resolve(undefined)],
  ])('is the one that succeeded before if the latest %s', async (_how, outcome) => {
    recordFinish('before', Promise.resolve(LOGIN));
    recordFinish('state', outcome());
    expect(await started.finishedWith(COOKIES)).toEqual(of('before'));
  });

  it('is unknown if all of them failed', async () => {
    recordFinish('state', Promise.reject(new Error('refused')));
    recordFinish('another state', Promise.reject(new Error('refused')));
    expect(await started.finishedWith(COOKIES)).toBeUndefined();
  });

  it('stays known after ten thousand logins of other browsers that failed', async () => {
    recordFinish('state', Promise.resolve(LOGIN));
    for (let count = 0; count < 10_000; count++) {
      const other = { state: `state ${count}`, root: undefined };
      started.recordFinish(`cookies ${count} of an attacker`, other, Promise.reject(new Error('refused')));
      // Lets these logins fail before the next thousand start: an attacker sends them one after the other.
      if (count % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await started.finishedWith(COOKIES)).toEqual(of('state'));
  });

  it('is the newest one, even if an older one fails later', async () => {
    let fail: (error: Error) => void = () => undefined;
    recordFinish('older', new Promise((_resolve, reject) => (fail = reject)));
    recordFinish('newer', Promise.resolve(LOGIN));
    fail(new Error('refused'));
    expect(await started.finishedWith(COOKIES)).toEqual(of('newer'));
    expect(await started.finishedWith(COOKIES)).toEqual(of('newer'));
  });

  it('is forgotten after a minute', async () => {
    jest.useFakeTimers();
    recordFinish('state', Promise.resolve(LOGIN));
    jest.advanceTimersByTime(59_000);
    expect(await started.finishedWith(COOKIES)).toMatchObject({ state: 'state' });
    jest.advanceTimersByTime(2_000);
    expect(await started.finishedWith(COOKIES)).toBeUndefined();
  });
});
