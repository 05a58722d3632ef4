// For the tests of the core: an emulator with an OAuth that uses it.
import { OAuth, isWechatError, type OAuthOptions, type TokenData, type WechatError } from '../../lib';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../lib/emulator';

export type FixtureOAuthOptions = Partial<Extract<OAuthOptions, { appsecret: string }>> & {
  readonly kind?: 'official' | 'miniProgram';
};

export class OAuthFixture {
  constructor(readonly emulator: Emulator) {}

  static async start(options?: EmulatorOptions): Promise<OAuthFixture> {
    return new OAuthFixture(await createEmulator(options));
  }

  get openid(): string {
    return this.emulator.openid('ming', this.emulator.apps.official.appId);
  }

  createOAuth({ kind = 'official', ...options }: FixtureOAuthOptions = {}): OAuth {
    const { appId, appSecret } = this.emulator.apps[kind];
    const isMiniProgram = kind === 'miniProgram';
    const { endpoints } = this.emulator;
    return new OAuth({ appid: appId, appsecret: appSecret, endpoints, isMiniProgram, ...options });
  }

  issueCode(scope = 'snsapi_userinfo', user = 'ming'): string {
    return this.emulator.issueCode({ app: this.emulator.apps.official.appId, scope, user });
  }

  /** A token that WeChat issued, and that no cache or store of a test holds yet. */
  async issueToken(scope?: string, user?: string): Promise<TokenData> {
    return (await this.createOAuth().getAccessToken(this.issueCode(scope, user))).data;
  }

  /** How many requests WeChat got for paths with this end. */
  countRequests(end: string): number {
    return this.emulator.requests.filter((request) => request.path.endsWith(end)).length;
  }

  close(): Promise<void> {
    return this.emulator.close();
  }
}

/** A token that expired two hours ago, and can still be refreshed. */
export function expiredToken(token: TokenData): TokenData {
  return { ...token, create_at: Date.now() - 4 * 3_600_000 };
}

/** The error with which a call rejects. */
export async function failure(work: Promise<unknown>): Promise<WechatError & { readonly code: unknown }> {
  const outcome = await work.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && isWechatError(outcome.error)) return outcome.error;
  throw new Error('it did not reject with a WechatError', { cause: outcome });
}

/** Freezes a value at every level, so that a write to it throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
