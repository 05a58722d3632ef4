// deleteToken(): a token that a user has revoked stays neither in the store nor in memory.
import { MemoryTokenStore, type OAuth, type TokenData } from '../../../lib/index';
import { OAuthFixture, expiredToken, failure } from '../oauth-fixture';

let fixture: OAuthFixture;
beforeEach(async () => {
  fixture = await OAuthFixture.start();
});
afterEach(() => fixture.close());

const keyOf = (openid: string): string => `${fixture.emulator.apps.official.appId}:${openid}`;

/** A store whose calls can be made to wait. */
class SlowStore extends MemoryTokenStore {
  waits: Partial<Record<'get' | 'set', Promise<unknown>>> = {};

  override async get(key: string): Promise<TokenData | undefined> {
    const token = await super.get(key);
    await this.waits.get;
    return token;
  }

  override async set(key: string, token: TokenData, ttlMs: number): Promise<void> {
    await this.waits.set;
    await super.set(key, token, ttlMs);
  }
}

async function oauthWith(token: TokenData): Promise<{ oauth: OAuth; store: SlowStore }> {
  const store = new SlowStore();
  await store.set(keyOf(token.openid), token, 60_000);
  return { oauth: fixture.createOAuth({ tokenStore: store }), store };
}

function gate(): { readonly opened: Promise<unknown>; readonly open: () => void } {
  let open: (value?: unknown) => void = () => undefined;
  const opened = new Promise((resolve) => (open = resolve));
  return { opened, open };
}

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

/** Deletes the user's token while this work waits at a gate, and opens the gate. Nothing may be left. */
async function deleteDuring(work: Promise<unknown>, oauth: OAuth, open: () => void): Promise<void> {
  await later();
  const deleted = oauth.deleteToken(fixture.openid);
  await later();
  open();
  await Promise.all([work, deleted]);
  await expect(oauth.getValidAccessToken(fixture.openid)).rejects.toMatchObject({ kind: 'no_token' });
}

it('deletes the token from the store and from memory, and no request asks WeChat for it', async () => {
  const { oauth, store } = await oauthWith(await fixture.issueToken());
  await oauth.getUser(fixture.openid);
  const before = fixture.emulator.requests.length;
  await oauth.deleteToken(fixture.openid);
  await expect(store.get(keyOf(fixture.openid))).resolves.toBeUndefined();
  await expect(oauth.getValidAccessToken(fixture.openid)).rejects.toMatchObject({ kind: 'no_token' });
  expect(fixture.emulator.requests).toHaveLength(before);
});

it('keeps the tokens of other users', async () => {
  const { oauth, store } = await oauthWith(await fixture.issueToken());
  const other = await fixture.issueToken(undefined, 'follower');
  await store.set(keyOf(other.openid), other, 60_000);
  await oauth.getValidAccessToken(other.openid);
  await oauth.deleteToken(fixture.openid);
  const kept = await oauth.getValidAccessToken(other.openid);
  expect(kept.data.access_token).toBe(other.access_token);
  await expect(store.get(keyOf(other.openid))).resolves.toMatchObject({ openid: other.openid });
});

it('also deletes the token that a refresh in progress saves', async () => {
  const { oauth, store } = await oauthWith(expiredToken(await fixture.issueToken()));
  const { opened, open } = gate();
  store.waits.set = opened;
  await deleteDuring(oauth.getValidAccessToken(fixture.openid), oauth, open);
  await expect(store.get(keyOf(fixture.openid))).resolves.toBeUndefined();
});

it('also deletes the token that a refresh saves which the app has called itself', async () => {
  const token = await fixture.issueToken();
  const { oauth, store } = await oauthWith(token);
  const { opened, open } = gate();
  store.waits.set = opened;
  await deleteDuring(oauth.refreshAccessToken(token.refresh_token), oauth, open);
  await expect(store.get(keyOf(fixture.openid))).resolves.toBeUndefined();
});

it('deletes the token although a refresh that the app has called fails meanwhile', async () => {
  const token = await fixture.issueToken();
  const { oauth, store } = await oauthWith(token);
  const { opened, open } = gate();
  store.waits.set = opened.then(() => Promise.reject(new Error('disk full')));
  store.waits.set.catch(() => undefined);
  const refreshed = failure(oauth.refreshAccessToken(token.refresh_token));
  await deleteDuring(refreshed, oauth, open);
  expect(await refreshed).toMatchObject({ kind: 'token_store' });
});

it('does not wait for the refresh of another user', async () => {
  const { oauth, store } = await oauthWith(await fixture.issueToken());
  const other = expiredToken(await fixture.issueToken(undefined, 'follower'));
  await store.set(keyOf(other.openid), other, 60_000);
  const { opened, open } = gate();
  store.waits.set = opened;
  const refreshed = oauth.getValidAccessToken(other.openid);
  while (!fixture.emulator.requests.some(({ path }) => path.endsWith('refresh_token'))) await later();
  await oauth.deleteToken(fixture.openid);
  open();
  expect((await refreshed).data.openid).toBe(other.openid);
});

it('also deletes the token that a lookup in progress has read', async () => {
  const { oauth, store } = await oauthWith(await fixture.issueToken());
  const { opened, open } = gate();
  store.waits.get = opened;
  await deleteDuring(oauth.getValidAccessToken(fixture.openid), oauth, open);
});

it('also deletes the token that replaces one that WeChat refused', async () => {
  const token = await fixture.issueToken();
  const { oauth, store } = await oauthWith(token);
  fixture.emulator.expireToken(token.access_token);
  const { opened, open } = gate();
  store.waits.set = opened;
  const user = oauth.getUser(fixture.openid);
  while (!fixture.emulator.requests.some(({ path }) => path.endsWith('refresh_token'))) await later();
  await deleteDuring(user, oauth, open);
});

it('waits for the lock, which another process may hold while it refreshes the token', async () => {
  const { opened, open } = gate();
  class LockedStore extends SlowStore {
    async lock<T>(_key: string, fn: () => Promise<T>): Promise<T> {
      await opened;
      return fn();
    }
  }
  const token = await fixture.issueToken();
  const store = new LockedStore();
  await store.set(keyOf(token.openid), token, 60_000);
  const oauth = fixture.createOAuth({ tokenStore: store });
  let isDeleted = false;
  const deleted = oauth.deleteToken(fixture.openid).then(() => (isDeleted = true));
  await later();
  expect(isDeleted).toBe(false);
  await expect(store.get(keyOf(fixture.openid))).resolves.toBeDefined();
  open();
  await deleted;
  await expect(store.get(keyOf(fixture.openid))).resolves.toBeUndefined();
});

it('rejects with kind token_store, without the token, if the store fails; memory has lost the token', async () => {
  const token = await fixture.issueToken();
  const { oauth, store } = await oauthWith(token);
  await oauth.getValidAccessToken(fixture.openid);
  jest.spyOn(store, 'delete').mockRejectedValueOnce(new Error(`no delete of ${token.access_token}`));
  const error = await failure(oauth.deleteToken(fixture.openid));
  expect(error).toMatchObject({ kind: 'token_store' });
  expect(JSON.stringify([error, error.message, String(error.cause)])).not.toContain(token.access_token);
  const reads = jest.spyOn(store, 'get');
  await oauth.getValidAccessToken(fixture.openid);
  expect(reads).toHaveBeenCalledTimes(1);
});

it('drops the memory of an app that stores tokens with getToken and saveToken', async () => {
  const token = await fixture.issueToken();
  const records = new Map([[token.openid, token]]);
  const oauth = fixture.createOAuth({
    getToken: (openid, callback) => callback(null, records.get(openid) ?? null),
    saveToken: (openid, saved, callback) => {
      records.set(openid, saved);
      callback(null);
    },
  });
  await oauth.getValidAccessToken(token.openid);
  records.clear();
  await oauth.deleteToken(token.openid);
  await expect(oauth.getValidAccessToken(token.openid)).rejects.toMatchObject({ kind: 'no_token' });
});

it('takes a callback, as every method', async () => {
  const { oauth, store } = await oauthWith(await fixture.issueToken());
  await new Promise<void>((resolve, reject) => {
    oauth.deleteToken(fixture.openid, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  await expect(store.get(keyOf(fixture.openid))).resolves.toBeUndefined();
});
