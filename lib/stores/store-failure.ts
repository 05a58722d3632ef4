/** A failure of the engine below a store, in words that can be shown: none of them is a token. */
import { WechatAuthError } from '../errors';
import type { TokenData } from './token-store';

/** What the engine said about a call (`get`, `set`, …), without the tokens that it was given. */
export function storeFailure(
  engine: string,
  call: string,
  error: unknown,
  tokens: readonly (TokenData | undefined)[] = [],
): WechatAuthError {
  const cause = plainCopy(error, (text) => withoutTokens(text, tokens));
  return new WechatAuthError(
    'token_store',
    `${engine} failed (${call}): ${cause.message}. Check it, then try again.`,
    { cause },
  );
}

export type Mask = (text: string) => string;

/** The words of an error and nothing else: that of a Redis client carries the whole command, and with it the token. */
export function plainCopy(error: unknown, mask: Mask): Error {
  const words = (typeof error === 'string' ? { message: error } : (error ?? {})) as Record<string, unknown>;
  const [name, code, message] = ['name', 'code', 'message'].map((word) => {
    const text = words[word];
    return typeof text === 'string' || typeof text === 'number' ? mask(String(text)) : '';
  }) as [string, string, string];
  // The parser quotes what it could not read; several addresses that all refuse (AggregateError) leave no message.
  const shown = name === 'SyntaxError' ? 'what it read is no JSON' : message || code;
  return Object.assign(new Error(shown || `${name || 'Error'} without a message`), {
    name: name || 'Error',
    code,
  });
}

const SHORTEST = 8;

function withoutTokens(message: string, tokens: readonly (TokenData | undefined)[]): string {
  const secrets = tokens
    .flatMap((token) => [token?.access_token, token?.refresh_token])
    .filter((secret): secret is string => typeof secret === 'string' && secret.length >= SHORTEST);
  const masked = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message);
  return (
    masked
      // Redis quotes a command that it does not know, and cuts it off somewhere, perhaps within a token.
      .replace(/,? with args beginning with[^]*/, '')
      .replace(/((?:access|refresh)_token[\\"'\s:=]*)[\w-]+/gi, '$1***')
      .replace(/[\w-]{10,}/g, (run) => (secrets.some((secret) => secret.includes(run)) ? '***' : run))
  );
}
