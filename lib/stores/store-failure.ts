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
  const { name, message, code } = wordsOf(error);
  const words = withoutTokens(message, tokens);
  // A plain copy: an error of a Redis client carries the whole command, and with it the token.
  const cause = Object.assign(new Error(words), { name, code });
  return new WechatAuthError(
    'token_store',
    `${engine} failed (${call}): ${words}. Check it, then try again.`,
    { cause },
  );
}

function wordsOf(error: unknown): { name: string; message: string; code: string } {
  const { name, message, code } = (
    typeof error === 'object' && error !== null ? error : { message: error }
  ) as Partial<Record<'name' | 'message' | 'code', unknown>>;
  const text = (word: unknown): string =>
    typeof word === 'string' || typeof word === 'number' ? String(word) : '';
  // The parser quotes what it could not read.
  if (name === 'SyntaxError') return { name, message: 'what is stored cannot be read', code: '' };
  const [named, coded] = [text(name) || 'Error', text(code)];
  // Several addresses that all refuse (AggregateError) leave no message.
  return { name: named, message: text(message) || coded || `${named} without a message`, code: coded };
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
