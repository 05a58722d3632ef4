import type { TokenData, TokenStore } from '../../lib/index';

/** A token store whose tokens a test can read. */
export class InspectableStore implements TokenStore {
  readonly tokens = new Map<string, TokenData>();

  get(key: string): Promise<TokenData | undefined> {
    return Promise.resolve(this.tokens.get(key));
  }

  set(key: string, token: TokenData): Promise<void> {
    this.tokens.set(key, token);
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.tokens.delete(key);
    return Promise.resolve();
  }
}
