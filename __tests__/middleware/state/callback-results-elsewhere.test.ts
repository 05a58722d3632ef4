// Processes that share the cache of a token store act as one: what one of them knows of a login, the others find.
import type { WechatAuthError } from '../../../lib';
import type * as callbackResults from '../../../lib/middleware/state/callback-results';
import type { WechatSession } from '../../../lib/middleware/state/wechat-session';
import { LocalCache } from '../../../lib/stores/local-cache';
import type { SharedCache } from '../../../lib/stores/shared-cache';

type CallbackResults = callbackResults.CallbackResults;
type Steps = Parameters<CallbackResults['shareResult']>[1];

const TIMEOUT = 600_000;
const MINUTE = 60_000;
const STATE = `0${'a'.repeat(32)}`;
/** Hashes of the cookies of two browsers. */
const COOKIES = '5e'.repeat(16);
const OTHERS = '0c'.repeat(16);
const CALLBACK = { state: STATE, code: 'a code', cookies: COOKIES };
const PENDING = { returnTo: '/me', scope: 'snsapi_base', flow: 'official' as const, at: 0 };

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** The callback results of one more process: the module is loaded again, with a memory of its own. */
function processWith(cache: SharedCache | undefined, sessionKey = 'wechat'): CallbackResults {
  const copies: CallbackResults[] = [];
  jest.isolateModules(() => {
    const copy = jest.requireActual<typeof callbackResults>('../../../lib/middleware/state/callback-results');
    copies.push(
      new copy.CallbackResults(cache, { loginTimeout: TIMEOUT, site: sessionKey, namespace: sessionKey }),
    );
  });
  const [results] = copies;
  if (!results) throw new Error('the module was not loaded');
  return results;
}

/** A cache that records the names of its entries, and how long they are kept. */
class RecordingCache extends LocalCache {
  readonly lifetimes = new Map<string, number>();

  constructor() {
    super(1_000);
  }

  override async writeCache(key: string, entry: unknown, ttlMs: number): Promise<void> {
    await super.writeCache(key, entry, ttlMs);
    this.lifetimes.set(key, ttlMs);
  }
}

/** The steps of a callback whose code belongs to this user. `complete` is the step that runs onLogin. */
function stepsOf(openid: string, log: string[] = [], restart = `1${'b'.repeat(32)}`): Steps {
  return {
    exchange: () => {
      log.push('exchange');
      return Promise.resolve({ openid });
    },
    complete: () => {
      log.push('complete');
      return Promise.resolve({ openid, user: { openid } } as unknown as WechatSession);
    },
    decideRestart: () => restart,
  };
}

/** Steps of a callback whose code WeChat refuses. */
const refused = (restart: string): Steps => ({
  ...stepsOf('nobody', [], restart),
  exchange: () => Promise.reject(new Error('40029')),
});

describe('two processes with one cache', () => {
  let cache: RecordingCache;
  let one: CallbackResults;
  let two: CallbackResults;
  beforeEach(() => {
    cache = new RecordingCache();
    [one, two] = [processWith(cache), processWith(cache)];
  });

  it('share the result of one state and code, which only the first one reports', async () => {
    const log: string[] = [];
    const first = await one.shareResult(CALLBACK, stepsOf('ming', log));
    const second = await two.shareResult(CALLBACK, stepsOf('ming', log));
    expect([first.isFirst, second.isFirst]).toEqual([true, false]);
    expect(second.result).toEqual(first.result);
    expect(log).toEqual(['exchange', 'complete']);
  });

  it('share that the user of a code may not finish the login, which leaves it to the user who may', async () => {
    const log: string[] = [];
    const stranger: Steps = {
      ...stepsOf('emoji', log),
      exchange: () => {
        log.push('exchange');
        return Promise.resolve(undefined);
      },
    };
    for (const each of [one, two, one])
      expect(await each.shareResult(CALLBACK, stranger)).toEqual({
        result: { isOtherUser: true },
        isFirst: false,
      });
    expect(log).toEqual(['exchange']);
    const { result } = await two.shareResult({ ...CALLBACK, code: 'b' }, stepsOf('ming', log));
    expect(result).toMatchObject({ login: { openid: 'ming' } });
  });

  it('exchange another code of that state, and complete the login of its user once', async () => {
    const log: string[] = [];
    await one.shareResult(CALLBACK, stepsOf('ming', log));
    const { result, isFirst } = await two.shareResult({ ...CALLBACK, code: 'b' }, stepsOf('ming', log));
    expect(result).toMatchObject({ login: { openid: 'ming' } });
    expect(isFirst).toBe(false);
    expect(log).toEqual(['exchange', 'complete', 'exchange']);
  });

  it('share no result with a callback of another state', async () => {
    const log: string[] = [];
    await one.shareResult(CALLBACK, stepsOf('ming', log));
    const other = { ...CALLBACK, state: `0${'c'.repeat(32)}` };
    for (const each of [one, two]) await each.shareResult(other, stepsOf('emoji', log));
    expect(log).toEqual(['exchange', 'complete', 'exchange', 'complete']);
  });

  it('refuse a code of another user than the first one, wherever it arrives', async () => {
    await one.shareResult(CALLBACK, stepsOf('ming'));
    for (const [at, each] of [one, two].entries()) {
      const errors: WechatAuthError[] = [];
      const steps: Steps = {
        ...stepsOf('emoji'),
        decideRestart: (error) => {
          errors.push(error as WechatAuthError);
          return 'a fresh state';
        },
      };
      const { result } = await each.shareResult({ ...CALLBACK, code: `of emoji ${at}` }, steps);
      expect(result).toEqual({ restartState: 'a fresh state' });
      expect(errors).toMatchObject([{ kind: 'code_invalid' }]);
      expect(errors[0]?.message).toMatch(
        /belongs to another user than the first code.*Start the login again/,
      );
    }
  });

  it('restart a login once, whichever code failed', async () => {
    const first = await one.shareResult(CALLBACK, refused('state 1'));
    const second = await two.shareResult({ ...CALLBACK, code: 'b' }, refused('state 2'));
    const third = await one.shareResult({ ...CALLBACK, code: 'c' }, refused('state 3'));
    for (const { result } of [first, second, third]) expect(result).toEqual({ restartState: 'state 1' });
    expect([first, second, third].map(({ isFirst }) => isFirst)).toEqual([true, false, false]);
    const other = await two.shareResult({ ...CALLBACK, state: 'another' }, refused('state 4'));
    expect(other.result).toEqual({ restartState: 'state 4' });
  });

  it.each([
    ['a state', [STATE], [], [STATE]],
    ['a session', [], ['a root'], ['a root']],
  ])('know of a logout that ended %s', async (_what, states, roots, marks) => {
    expect(await two.isAnyLoggedOut(marks)).toBe(false);
    await one.endLogins(states, roots);
    expect([one.isLoggedOutHere(marks), two.isLoggedOutHere(marks)]).toEqual([true, false]);
    expect(await two.isAnyLoggedOut(['another mark'])).toBe(false);
    expect(await two.isAnyLoggedOut(['another mark', ...marks])).toBe(true);
    // From now on, this process knows it without a question to the cache, and knows nothing else.
    expect([two.isLoggedOutHere(marks), two.isLoggedOutHere(['another mark'])]).toEqual([true, false]);
  });

  it('ask about the session of a login, too, if it has a root', async () => {
    await one.endLogins([], ['a root']);
    expect(await two.isLoggedOut(STATE, undefined)).toBe(false);
    expect(await two.isLoggedOut(STATE, 'a root')).toBe(true);
    await one.endLogins([STATE]);
    expect(await two.isLoggedOut(STATE, undefined)).toBe(true);
  });

  it('run onLogin again for a state that a logout has ended: its user is forgotten', async () => {
    const log: string[] = [];
    await one.shareResult(CALLBACK, stepsOf('ming', log));
    await one.endLogins([STATE]);
    // A callback with another code would otherwise share the login of the first one.
    for (const each of [one, two]) await each.shareResult({ ...CALLBACK, code: 'b' }, stepsOf('ming', log));
    expect(log).toEqual(['exchange', 'complete', 'exchange', 'complete']);
  });

  it('find the login of a callback that the other one has handled, by cookies, code and state', async () => {
    const login = { pending: PENDING, root: 'a root' };
    await one.rememberCallback(CALLBACK, login);
    for (const each of [one, two]) {
      expect(await each.recallCallback(CALLBACK)).toEqual(login);
      for (const part of ['cookies', 'code', 'state'])
        expect(await each.recallCallback({ ...CALLBACK, [part]: 'another' })).toBeUndefined();
    }
  });

  it('find that login with any code, by cookies and state, once it has logged somebody in', async () => {
    const login = { pending: PENDING, root: 'a root', owner: 'ming' };
    await one.rememberCallback(CALLBACK, login);
    for (const each of [one, two]) {
      expect(await each.recallCallback(CALLBACK)).toEqual(login);
      expect(await each.recallCallback({ ...CALLBACK, code: 'another' })).toEqual(login);
      for (const part of ['cookies', 'state'])
        expect(await each.recallCallback({ ...CALLBACK, [part]: 'another' })).toBeUndefined();
    }
  });

  it('keep no callback without cookies, which could be of anybody', async () => {
    const anonymous = { ...CALLBACK, cookies: '' };
    await one.rememberCallback(anonymous, { pending: PENDING });
    for (const each of [one, two]) expect(await each.recallCallback(anonymous)).toBeUndefined();
    expect(cache.lifetimes.size).toBe(0);
  });

  it('know which logins requests with these cookies finish, and only those of their session key', async () => {
    const login = { state: STATE, root: 'a root' };
    await one.finishing.record(COOKIES, login);
    await two.finishing.record(COOKIES, { state: 'a second code' });
    for (const each of [one, two, processWith(cache)]) {
      expect(await each.finishing.with(COOKIES)).toEqual([login, { state: 'a second code' }]);
      expect(await each.finishing.with(OTHERS)).toEqual([]);
    }
    expect(await processWith(cache, 'staff').finishing.with(COOKIES)).toEqual([]);
  });

  it('keep the newest five logins of the same cookies, each once', async () => {
    const states = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const [at, state] of states.entries())
      await [one, two][at % 2]?.finishing.record(COOKIES, { state });
    await one.finishing.record(COOKIES, { state: 'c', root: 'a root' });
    expect((await two.finishing.with(COOKIES)).map(({ state }) => state)).toEqual(['b', 'd', 'e', 'f', 'c']);
    expect((await two.finishing.with(COOKIES)).at(-1)).toEqual({ state: 'c', root: 'a root' });
  });

  it('tell each other of all logins of the same cookies that one records at once, except those that fail', async () => {
    jest.spyOn(cache, 'readCache').mockImplementation(async (key) => {
      const entry = await LocalCache.prototype.readCache.call(cache, key);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return entry;
    });
    await Promise.allSettled([
      one.finishing.record(COOKIES, { state: 'a' }),
      one.finishing.recordDuring(COOKIES, { state: 'b' }, () => Promise.reject(new Error('refused'))),
      one.finishing.record(COOKIES, { state: 'c' }),
    ]);
    for (const each of [one, two]) {
      const states = (await each.finishing.with(COOKIES)).map(({ state }) => state);
      expect(states.sort()).toEqual(['a', 'c']);
    }
  });

  it('record no login of a request without cookies: anybody sends such requests', async () => {
    await one.finishing.record('', { state: STATE });
    expect(cache.lifetimes.size).toBe(0);
    for (const each of [one, two]) expect(await each.finishing.with('')).toEqual([]);
    const done = () => Promise.resolve('done');
    expect(await one.finishing.recordDuring('', { state: STATE }, done)).toBe('done');
    const failed = one.finishing.recordDuring('', { state: STATE }, () =>
      Promise.reject(new Error('refused')),
    );
    await expect(failed).rejects.toThrow('refused');
    expect(cache.lifetimes.size).toBe(0);
  });

  it('forget the record of a login that failed', async () => {
    const failed = one.finishing.recordDuring(COOKIES, { state: STATE }, async () => {
      expect(await two.finishing.with(COOKIES)).toEqual([{ state: STATE }]);
      throw new Error('WeChat refused the code');
    });
    await expect(failed).rejects.toThrow('WeChat refused the code');
    for (const each of [one, two]) expect(await each.finishing.with(COOKIES)).toEqual([]);
    expect(await cache.readCache(`finish:${COOKIES}:wechat`)).toBeUndefined();
  });

  it('keep the record of a login that succeeded', async () => {
    const done = () => Promise.resolve('done');
    expect(await one.finishing.recordDuring(COOKIES, { state: STATE }, done)).toBe('done');
    for (const each of [one, processWith(cache)])
      expect(await each.finishing.with(COOKIES)).toEqual([{ state: STATE }]);
  });

  it('keep the records of other logins with the same cookies if one fails', async () => {
    await one.finishing.record(COOKIES, { state: 'older' });
    const failed = one.finishing.recordDuring(COOKIES, { state: STATE }, async () => {
      await two.finishing.record(COOKIES, { state: 'newer' });
      throw new Error('WeChat refused the code');
    });
    await expect(failed).rejects.toThrow('WeChat refused the code');
    for (const each of [one, processWith(cache)])
      expect(await each.finishing.with(COOKIES)).toEqual([{ state: 'older' }, { state: 'newer' }]);
  });

  it('keep a logout as long as a login may be pending, and everything else for a minute', async () => {
    await one.shareResult(CALLBACK, stepsOf('ming'));
    await one.shareResult({ ...CALLBACK, state: 'another' }, refused('state 1'));
    await one.rememberCallback(CALLBACK, { pending: PENDING });
    await one.finishing.record(COOKIES, { state: STATE });
    await one.endLogins([STATE], ['a root']);
    const kept = [...cache.lifetimes].map(([key, ms]) => [key.split(':')[0], ms]);
    expect(kept.sort()).toEqual([
      ['callback', MINUTE],
      ['code', MINUTE],
      ['code', MINUTE],
      ['finish', MINUTE],
      ['login', MINUTE],
      ['logout', TIMEOUT],
      ['logout', TIMEOUT],
      ['restart', MINUTE],
    ]);
    // Stores print their keys in error messages, and the state is a secret.
    for (const key of cache.lifetimes.keys())
      expect(key).toMatch(/^(?:finish:[0-9a-f]{32}:wechat|[a-z]+:[0-9a-f]{64})$/);
  });

  it('each work alone, and keep their own records, if the cache fails', async () => {
    for (const call of ['readCache', 'writeCache', 'deleteCache', 'lock'] as const)
      jest.spyOn(cache, call).mockRejectedValue(new Error('the cache is away'));
    const log: string[] = [];
    for (const each of [one, two, one]) await each.shareResult(CALLBACK, stepsOf('ming', log));
    expect(log).toEqual(['exchange', 'complete', 'exchange', 'complete']);
    await one.rememberCallback(CALLBACK, { pending: PENDING });
    await one.finishing.record(COOKIES, { state: STATE });
    expect(await one.recallCallback(CALLBACK)).toEqual({ pending: PENDING });
    expect(await two.recallCallback(CALLBACK)).toBeUndefined();
    expect(await one.finishing.with(COOKIES)).toEqual([{ state: STATE }]);
    expect(await two.finishing.with(COOKIES)).toEqual([]);
    await expect(
      one.finishing.recordDuring(OTHERS, { state: STATE }, () => Promise.reject(new Error('refused'))),
    ).rejects.toThrow('refused');
    await one.endLogins([STATE]);
    expect([await one.isAnyLoggedOut([STATE]), await two.isAnyLoggedOut([STATE])]).toEqual([true, false]);
  });
});

describe('a shared cache with records of another form', () => {
  const RECORDS: readonly unknown[] = [
    null,
    {},
    [],
    [null],
    7,
    'text',
    { login: {} },
    { login: 7 },
    { pending: 7 },
  ];

  it.each(RECORDS.map((record) => [record]))('counts as one without records: %j', async (record) => {
    const cache = new RecordingCache();
    jest.spyOn(cache, 'readCache').mockResolvedValue(record);
    const results = processWith(cache);
    const { result } = await results.shareResult(CALLBACK, stepsOf('ming'));
    expect(result).toMatchObject({ login: { openid: 'ming' } });
    expect(await processWith(cache).recallCallback(CALLBACK)).toBeUndefined();
    expect(await processWith(cache).finishing.with(COOKIES)).toEqual([]);
    const three = processWith(cache);
    await three.finishing.record(COOKIES, { state: STATE });
    expect(await three.finishing.with(COOKIES)).toEqual([{ state: STATE }]);
  });
});

describe('the memory of one process', () => {
  it('says whether there are other processes to ask', () => {
    expect(processWith(undefined).hasOtherProcesses).toBe(false);
    expect(processWith(new RecordingCache()).hasOtherProcesses).toBe(true);
    // A store that cannot keep entries shares none.
    const unreadable = Object.assign(new RecordingCache(), {
      readCache: undefined,
    }) as unknown as SharedCache;
    expect(processWith(unreadable).hasOtherProcesses).toBe(false);
  });

  it('keeps a logout for as long as a login may be pending', async () => {
    const results = processWith(undefined);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    await results.endLogins([STATE]);
    expect(results.isLoggedOutHere(['another mark', STATE])).toBe(true);
    expect(results.isLoggedOutHere(['another mark'])).toBe(false);
    jest.advanceTimersByTime(TIMEOUT - 1_000);
    expect(await results.isLoggedOut(STATE, undefined)).toBe(true);
    jest.advanceTimersByTime(2_000);
    expect(await results.isLoggedOut(STATE, undefined)).toBe(false);
  });

  it('runs onLogin again for a login whose exchange failed, and shares what onLogin refused', async () => {
    const results = processWith(undefined);
    const rethrow = (error: unknown): never => {
      throw error;
    };
    const log: string[] = [];
    const failing = { ...stepsOf('ming', log), exchange: () => Promise.reject(new Error('busy')) };
    await expect(results.shareResult(CALLBACK, { ...failing, decideRestart: rethrow })).rejects.toThrow(
      'busy',
    );
    const refusing: Steps = {
      ...stepsOf('ming', log),
      complete: () => {
        log.push('complete');
        return Promise.reject(new Error('not this user'));
      },
      decideRestart: rethrow,
    };
    for (const code of ['a code', 'another code'])
      await expect(results.shareResult({ ...CALLBACK, code }, refusing)).rejects.toThrow('not this user');
    expect(log).toEqual(['exchange', 'complete', 'exchange']);
  });

  it('lets duplicates of a callback share its result, or its restart, which they do not report', async () => {
    const results = processWith(undefined);
    const log: string[] = [];
    const logins = [1, 2].map(() => results.shareResult(CALLBACK, stepsOf('ming', log)));
    expect((await Promise.all(logins)).map(({ isFirst }) => isFirst)).toEqual([true, false]);
    expect(log).toEqual(['exchange', 'complete']);
    const other = { ...CALLBACK, state: 'another' };
    const restarts = ['a', 'b'].map((code) =>
      results.shareResult({ ...other, code }, refused(`after ${code}`)),
    );
    expect(await Promise.all(restarts)).toEqual([
      { result: { restartState: 'after a' }, isFirst: true },
      { result: { restartState: 'after a' }, isFirst: false },
    ]);
  });

  it('passes on the error of a login that took so long that its record has expired', async () => {
    const results = processWith(undefined);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const failed = results.finishing.recordDuring(COOKIES, { state: STATE }, () => {
      jest.advanceTimersByTime(MINUTE + 1_000);
      return Promise.reject(new Error('refused'));
    });
    await expect(failed).rejects.toThrow('refused');
    expect(await results.finishing.with(COOKIES)).toEqual([]);
  });

  it('lets each login be reported once', () => {
    const results = processWith(undefined);
    expect(['a', 'a', 'b', 'a'].map((id) => results.claimReport(id))).toEqual([true, false, true, false]);
  });
});
