// The block of docs/scaling.md on encryption starts with one key, and while keys are rotated. What `auth` stores
// is encrypted.
import * as library from '../../../lib';
import { asFunction } from '../as-function';
import { blocksOf } from '../blocks';

const KEY = 'the-newer-key-of-at-least-32-characters';
const OLDER = 'the-older-key-of-at-least-32-characters';
const TOKEN = {
  access_token: 'an access token',
  refresh_token: 'a refresh token',
  openid: 'o1',
  scope: 'snsapi_base',
};

const CREDENTIALS = { appId: 'wx0123456789abcdef', appSecret: '0123456789abcdef0123456789abcdef' };

afterEach(() => {
  Reflect.deleteProperty(process.env, 'TOKEN_KEYS');
});

describe.each(['docs/scaling.md', 'docs/zh-CN/scaling.md'])('the encryption of %s', (page) => {
  const block = blocksOf(page).find(({ code }) => code.includes('encryptionKeys'));

  /** Runs the block. Returns the store of its wechatAuth(), and what a write to the store sends to Redis. */
  async function start(
    keys: string | undefined,
  ): Promise<[library.TokenStore | undefined, [string, string][]]> {
    if (keys !== undefined) process.env['TOKEN_KEYS'] = keys;
    const written: [string, string][] = [];
    const client = {
      on: () => undefined,
      connect: () => Promise.resolve(),
      get: () => Promise.resolve(null),
      del: () => Promise.resolve(1),
      eval: () => Promise.resolve(1),
      pSetEx: (key: string, _ms: number, value: string) => {
        written.push([key, value]);
        return Promise.resolve('OK');
      },
    };
    let given: library.WechatAuthOptions = {};
    const wechatAuth = (options: library.WechatAuthOptions): ReturnType<typeof library.wechatAuth> => {
      given = options;
      return library.wechatAuth({ ...CREDENTIALS, tokenStore: options.tokenStore });
    };
    const modules: Readonly<Record<string, object>> = {
      'express-wechat-auth': { ...library, wechatAuth },
      redis: { createClient: () => client },
    };
    const exported: { auth?: unknown } = {};
    const main = asFunction(block?.code ?? '', ['require', 'exports'], 'async');
    await main((name: string) => modules[name], exported);
    expect(exported.auth).toBeInstanceOf(Function);
    return [given.tokenStore, written];
  }

  it.each([
    ['one key', KEY],
    ['a new key before the older one', `${KEY},${OLDER}`],
  ])('starts with %s, and encrypts what the middleware stores', async (_what, keys) => {
    const [store, written] = await start(keys);
    expect(store).toBeInstanceOf(library.RedisTokenStore);
    await store?.set('wx0123456789abcdef:o1', { ...TOKEN, expires_in: 7200, create_at: Date.now() }, 60_000);
    expect(written).toEqual([
      ['shop:token:wx0123456789abcdef:o1', expect.stringMatching(/^sealed:1:/) as string],
    ]);
    expect(JSON.stringify(written)).not.toContain('token"');
  });

  it('does not start without a key', async () => {
    await expect(start(undefined)).rejects.toThrow(library.WechatAuthError);
  });
});
