import fc from 'fast-check';
import { NoOAuthTokenError, type OAuth, type TokenData } from '../../lib';
import type { Callback } from '../../lib/oauth/callbacks';
import { callHook, promiseOrCallback } from '../../lib/oauth/callbacks';
import { OAuthFixture, failure } from './oauth-fixture';
import { runChild } from '../support/processes/child';

let fixture: OAuthFixture;
let record: TokenData;
beforeAll(async () => {
  fixture = await OAuthFixture.start();
  record = await fixture.issueToken();
});
afterAll(() => fixture.close());

type Call = (oauth: OAuth, callback?: Callback<never>) => unknown;
const A_TEXT = expect.any(String) as string;
/** The name, the app, the call, and what its result contains. */
const METHODS: readonly (readonly [string, 'official' | 'miniProgram', Call, object | undefined])[] = [
  [
    'getAccessToken',
    'official',
    (oauth, callback) => oauth.getAccessToken(fixture.issueCode(), callback as never),
    { data: { access_token: A_TEXT } },
  ],
  [
    'refreshAccessToken',
    'official',
    (oauth, callback) => oauth.refreshAccessToken(record.refresh_token, callback as never),
    { data: { access_token: A_TEXT } },
  ],
  [
    'getUser',
    'official',
    (oauth, callback) => oauth.getUser(record.openid, callback as never),
    { nickname: A_TEXT },
  ],
  [
    'getUserByCode',
    'official',
    (oauth, callback) => oauth.getUserByCode(fixture.issueCode(), callback as never),
    { nickname: A_TEXT },
  ],
  [
    'verifyToken',
    'official',
    (oauth, callback) => oauth.verifyToken(record.openid, record.access_token, callback as never),
    { errcode: 0 },
  ],
  [
    'getSessionKey',
    'miniProgram',
    (oauth, callback) =>
      oauth.getSessionKey(
        fixture.emulator.issueCode({ app: fixture.emulator.apps.miniProgram.appId }),
        callback as never,
      ),
    { data: { session_key: A_TEXT } },
  ],
  [
    'getToken',
    'official',
    (oauth, callback) => oauth.getToken(record.openid, callback as never),
    { access_token: A_TEXT },
  ],
  [
    'saveToken',
    'official',
    (oauth, callback) => oauth.saveToken(record.openid, record, callback as never),
    undefined,
  ],
];

describe.each(METHODS)('%s', (_name, kind, call, result) => {
  const oauth = async (): Promise<OAuth> => {
    const made = fixture.createOAuth({ kind });
    await made.saveToken(record.openid, record);
    return made;
  };

  it('returns a promise if no callback is given', async () => {
    const promise = call(await oauth());
    expect(promise).toBeInstanceOf(Promise);
    await expect(promise).resolves.not.toBeInstanceOf(Error);
  });

  it('returns undefined and calls back once, later, with null and the result', async () => {
    const callback = jest.fn();
    expect(call(await oauth(), callback as never)).toBeUndefined();
    expect(callback).not.toHaveBeenCalled();
    while (callback.mock.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(callback.mock.calls).toMatchObject([[null, result]]);
  });
});

describe('a callback', () => {
  it('gets the error as its only argument if the call fails', async () => {
    const args = await new Promise<unknown[]>((resolve) => {
      fixture.createOAuth().getUser('oUnknown', (...given: unknown[]) => resolve(given));
    });
    expect(args).toEqual([expect.any(NoOAuthTokenError)]);
  });

  it.each([null, 'lang', {}, 42])('that is not a function (%p) counts as not given', async (given) => {
    const loose = fixture.createOAuth() as unknown as {
      getUser(openid: string, callback: unknown): Promise<unknown>;
    };
    await expect(loose.getUser('oUnknown', given)).rejects.toBeInstanceOf(NoOAuthTokenError);
  });

  it('is called once even if it throws, and its error is an uncaught exception of the app', async () => {
    const { stdout, exitCode } = await runChild(`
      const seen = { calls: 0, uncaught: [], unhandled: 0 };
      process.on('uncaughtException', (error) => seen.uncaught.push(error.message));
      process.on('unhandledRejection', () => seen.unhandled++);
      emulator.createEmulator().then((wechat) => {
        const { appId: appid, appSecret: appsecret } = wechat.apps.official;
        const oauth = new core.OAuth({ appid, appsecret, endpoints: wechat.endpoints });
        const thrower = (name) => () => { seen.calls++; throw new Error(name); };
        oauth.getUserByCode(wechat.issueCode({ app: appid }), thrower('after success'));
        oauth.getAccessToken('nonsense', thrower('after failure'));
        oauth.getUser('oUnknown', thrower('after no token'));
        process.on('exit', () => console.log(JSON.stringify(seen)));
        const done = setInterval(() => {
          if (seen.calls < 3) return;
          clearInterval(done);
          setImmediate(() => wechat.close());
        }, 5);
      });`);
    expect(exitCode).toBe(0);
    const seen = JSON.parse(stdout) as { calls: number; uncaught: string[]; unhandled: number };
    expect(seen).toMatchObject({ calls: 3, unhandled: 0 });
    expect(seen.uncaught.sort()).toEqual(['after failure', 'after no token', 'after success']);
  });

  it('leaves no unhandled rejection, whatever fails', async () => {
    const { stdout, stderr, exitCode } = await runChild(`
      const { OAuth } = core;
      const endpoints = { api: 'http://127.0.0.1:1' };
      const broken = () => { throw new Error('thrown') };
      const oauths = [
        new OAuth({ appid: 'wx', appsecret: 's', endpoints }),
        new OAuth({ appid: 'wx', appsecret: 's', endpoints, getToken: broken, saveToken: broken }),
        new OAuth({ appid: 'wx', appsecret: 's', endpoints, getToken: async () => broken() }),
        new OAuth({ appid: 'wx', appsecret: 's', endpoints, getToken: (openid, done) => { done(new Error('called')); return Promise.reject(new Error('rejected')); } }),
        new OAuth({ appid: 'wx', appsecret: 's', endpoints, tokenStore: { get: broken, set: broken, delete: broken } }),
      ];
      let open = 0;
      const count = (error) => { if (!error) throw new Error('no error'); if (--open === 0) console.log('all called back'); };
      for (const oauth of oauths) {
        open += 5;
        oauth.getUser('o', count);
        oauth.getAccessToken('c', count);
        oauth.refreshAccessToken('r', count);
        oauth.getUserByCode('c', count);
        oauth.verifyToken('o', 'a', count);
      }`);
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: 'all called back\n', stderr: '', exitCode: 0 });
  });
});

describe('a hook of the app', () => {
  type GetToken = (openid: string, callback: Callback<TokenData | null>) => unknown;
  const profileBy = (getToken: GetToken): Promise<unknown> =>
    fixture.createOAuth({ getToken }).getUser(record.openid);
  type Then = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void;
  const throwing: Then = () => {
    throw new Error('You have tried to call .then() on the result of a query');
  };
  const rejecting: Then = (_resolve, reject) => reject(new Error('the query ran again'));

  it.each<[string, GetToken]>([
    ['calls back', (_openid, callback) => callback(null, record)],
    ['calls back later', (_openid, callback) => void setImmediate(callback, null, record)],
    ['returns a promise', () => Promise.resolve(record)],
    ['returns any thenable', () => ({ then: (resolve: (value: unknown) => void) => resolve(record) })],
    ['does both', (_openid, callback) => (callback(null, record), Promise.resolve(record))],
    [
      'calls back later, and returns the query of mysql2, whose `then` throws',
      (_openid, callback) => (setImmediate(callback, null, record), { then: throwing }),
    ],
    [
      'calls back later, and returns a query that fails if it is awaited',
      (_openid, callback) => (setImmediate(callback, null, record), { then: rejecting }),
    ],
    [
      'calls back, and rejects later',
      (_openid, callback) => (callback(null, record), Promise.reject(new Error('too late'))),
    ],
    [
      'calls back, then throws',
      (_openid, callback) => {
        callback(null, record);
        throw new Error('too late');
      },
    ],
    [
      'calls back twice',
      (_openid, callback) => {
        callback(null, record);
        callback(new Error('too late'));
      },
    ],
    ['calls back with a falsy error', (_openid, callback) => callback(undefined as never, record)],
  ])('may be one that %s', async (_name, getToken) => {
    await expect(profileBy(getToken)).resolves.toMatchObject({ openid: record.openid });
  });

  it.each<[string, GetToken]>([
    ['calls back with an error', (_openid, callback) => callback(new Error('away'))],
    ['calls back with a string', (_openid, callback) => callback('away' as never)],
    ['rejects', () => Promise.reject(new Error('away'))],
    [
      'throws',
      () => {
        throw new Error('away');
      },
    ],
    [
      'calls back with an error, then resolves',
      (_openid, callback) => (callback(new Error('away')), Promise.resolve(record)),
    ],
  ])('has its error reported if it %s', async (_name, getToken) => {
    const error = await failure(profileBy(getToken));
    expect(error).toMatchObject({ kind: 'token_store', status: 503, retryable: true });
    expect(error.message).toContain('away');
  });

  it('may return the query of mysql2 beside its callback when it saves a token', async () => {
    const saved: unknown[] = [];
    const oauth = fixture.createOAuth({
      saveToken: (_openid, token, callback) => {
        saved.push(token);
        setImmediate(callback, null);
        return { then: throwing };
      },
    });
    const { data } = await oauth.getAccessToken(fixture.issueCode());
    expect(saved).toEqual([data]);
  });

  it.each([null, undefined, '', 0, false])(
    'means that there is no token if it results in %p, as in wechat-oauth',
    async (none) => {
      await expect(profileBy((_openid, callback) => callback(null, none as never))).rejects.toThrow(
        `No token for ${record.openid}, please authorize first.`,
      );
      await expect(profileBy(() => Promise.resolve(none))).rejects.toBeInstanceOf(NoOAuthTokenError);
    },
  );
});

describe('promiseOrCallback and callHook', () => {
  type Step = ['callback' | 'promise', 'result' | 'error'];
  const step = fc.tuple(fc.constantFrom('callback', 'promise'), fc.constantFrom('result', 'error'));

  it('pass on the first result of a hook, and call back exactly once, however often it calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step as fc.Arbitrary<Step>, { minLength: 1, maxLength: 5 }),
        async (steps) => {
          const hook = (done: Callback<number>): unknown => {
            const promises: Promise<number>[] = [];
            steps.forEach(([way, what], at) => {
              const error = new Error(String(at));
              const succeeds = what === 'result';
              if (way === 'promise') promises.push(succeeds ? Promise.resolve(at) : Promise.reject(error));
              else if (succeeds) done(null, at);
              else done(error);
            });
            const [first, ...rest] = promises;
            for (const promise of rest) promise.catch(() => undefined);
            return first;
          };
          const calls: unknown[][] = [];
          const callback = (...args: unknown[]): unknown => calls.push(args);
          expect(promiseOrCallback(() => callHook(hook), callback)).toBeUndefined();
          await new Promise((resolve) => setImmediate(resolve));
          const firstCallback = steps.findIndex(([way]) => way === 'callback');
          const first = firstCallback >= 0 ? firstCallback : 0;
          expect(calls).toEqual(
            steps[first]?.[1] === 'result'
              ? [[null, first]]
              : [[expect.objectContaining({ message: String(first) })]],
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
