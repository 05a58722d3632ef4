/** One call to a store of tokens or sessions: it ends in time, and its error can be shown. */
import { inTime } from '../async/time-limit';
import { WechatAuthError, isWechatAuthError, type WechatErrorKind } from '../errors';
import { redact } from '../redact';
import type { TokenData } from './token-store';

/** A store, as its failures describe it. */
export interface StoreFacts {
  /** The first words of a message: `Redis`, `The token store`. */
  readonly name: string;
  readonly kind: Extract<WechatErrorKind, 'token_store' | 'session_missing'>;
  /** What a call that does not end should do, or why it may not have ended. */
  readonly whenLate?: string;
}

export interface StoreCall {
  /** `get`, `set`, … */
  readonly call: string;
  /** The secrets that the store was given, and might repeat in its error. Only called if there is one. */
  readonly secrets?: () => readonly (string | undefined)[];
}

/** Calls a store, and turns any failure into an error of this package. */
export async function callStore<T>(
  store: StoreFacts,
  call: StoreCall & { readonly limitMs: number },
  work: () => Promise<T>,
): Promise<T> {
  const { limitMs } = call;
  const late = (): Error => new Error(`no response within ${limitMs} ms${store.whenLate ?? ''}`);
  try {
    return await inTime(limitMs, work, late);
  } catch (error) {
    throw storeFailure(store, call, error);
  }
}

/**
 * The failure of a store, without the secrets that its driver repeats: the errors of Redis clients carry the
 * whole command, and with it the tokens.
 */
export function storeFailure(
  { name, kind }: StoreFacts,
  { call, secrets = () => [] }: StoreCall,
  error: unknown,
): WechatAuthError {
  const known = secrets();
  const mask = (text: string): string => redact(text, known);
  if (isWechatAuthError(error) && error.kind === kind) {
    const cause = error.cause === undefined ? {} : { cause: plainCopy(error.cause, mask) };
    return new WechatAuthError(kind, mask(error.message), cause);
  }
  const cause = plainCopy(error, mask);
  // 503 also where a missing session would be 500: a store that failed may work again.
  return new WechatAuthError(kind, `${name} failed (${call}): ${cause.message}. Check it, then try again.`, {
    status: 503,
    cause,
  });
}

/** The tokens that a record holds. */
export function tokensIn(record: Partial<TokenData> | undefined): (string | undefined)[] {
  return [record?.access_token, record?.refresh_token];
}

/** Only the name, code and message of an error. Drivers add the command, the query or its parameters. */
function plainCopy(error: unknown, mask: (text: string) => string): Error {
  const given = (typeof error === 'string' ? { message: error } : (error ?? {})) as Record<string, unknown>;
  const read = (property: string): string => {
    const value = given[property];
    return typeof value === 'string' || typeof value === 'number' ? mask(String(value)) : '';
  };
  const [name, code, message] = [read('name') || 'Error', read('code'), read('message')];
  return Object.assign(new Error(describe(name, code, message)), { name, code });
}

function describe(name: string, code: string, message: string): string {
  // A parser quotes the text that it could not read.
  if (name === 'SyntaxError') return 'what it read is not JSON';
  // Where several addresses refuse, Node's AggregateError has no message.
  return message || code || `${name} without a message`;
}
