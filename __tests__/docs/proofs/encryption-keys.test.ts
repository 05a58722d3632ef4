// The block of docs/scaling.md on encryption starts with one key, and while keys are rotated.
import { createClient } from 'redis';
import * as library from '../../../lib';
import { asFunction } from '../as-function';
import { blocksOf } from '../blocks';

const KEY = 'the-newer-key-of-at-least-32-characters';
const OLDER = 'the-older-key-of-at-least-32-characters';

afterEach(() => {
  Reflect.deleteProperty(process.env, 'TOKEN_KEYS');
});

describe.each(['docs/scaling.md', 'docs/zh-CN/scaling.md'])('the encryption of %s', (page) => {
  const block = blocksOf(page).find(({ code }) => code.includes('encryptionKeys'));

  function start(keys: string | undefined): unknown {
    if (keys !== undefined) process.env['TOKEN_KEYS'] = keys;
    const exported: { tokenStore?: unknown } = {};
    const modules: Readonly<Record<string, object>> = {
      'express-wechat-auth': library,
      './tokens.js': { client: createClient() },
    };
    asFunction(block?.code ?? '', ['require', 'exports'])((name: string) => modules[name], exported);
    return exported.tokenStore;
  }

  it.each([
    ['one key', KEY],
    ['a new key before the older one', `${KEY},${OLDER}`],
  ])('starts with %s', (_what, keys) => {
    expect(start(keys)).toBeInstanceOf(library.RedisTokenStore);
  });

  it('does not start without a key', () => {
    expect(() => start(undefined)).toThrow(library.WechatAuthError);
  });
});
