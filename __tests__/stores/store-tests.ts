// Runs the token store's contract as an app's own tests would, and makes tokens to store.
import { tokenStoreTests, type TokenData, type TokenStore } from '../../lib';

export const aToken = (fields: Partial<TokenData> = {}): TokenData => ({
  access_token: '91_access',
  expires_in: 7200,
  refresh_token: '91_refresh',
  openid: 'oUser',
  scope: 'snsapi_userinfo',
  create_at: Date.now(),
  ...fields,
});

/** Runs the contract against fresh stores of one kind. */
export function testContract(createStore: () => TokenStore | Promise<TokenStore>): void {
  it.each(tokenStoreTests)('$name', async ({ run }) => {
    await run(await createStore());
  });

  it.each(['__proto__', 'constructor', 'wx:o/../x', 'wx:o*?[a]', 'wx:微信', 'wx:{a}b'])(
    'accepts the key %j',
    async (key) => {
      const store = await createStore();
      expect(await store.get(key)).toBeUndefined();
      await store.set(key, aToken({ access_token: key }), 60_000);
      expect(await store.get(key)).toMatchObject({ access_token: key });
      await store.delete(key);
    },
  );
}
