/** Calls to a token store or a session store. Each has a time limit, and its error contains no secret. */
import { inTime } from '../async/time-limit';
import { WechatAuthError, isWechatAuthError, type WechatErrorKind } from '../errors';
import { redact } from '../redact';
import type { TokenData } from './token-store';
import { isUnreadableRecord, markUnreadable } from './unreadable-record';

/** A store, for its error messages. */
export interface StoreFacts {
  /** The first words of a message: `Redis`, `The token store`. */
  readonly name: string;
  readonly kind: Extract<WechatErrorKind, 'token_store' | 'session_missing'>;
  /**
   * Added to the message after a timeout, with its own punctuation: a likely cause, or what the store must
   * do.
   */
  readonly whenLate?: string;
}

export interface StoreCall {
  /** `get`, `set`, … */
  readonly call: string;
  /** The secrets that the store was given and might repeat in its error. Called only if the call fails. */
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
 * The error for a failed call, without secrets: errors of Redis clients contain the whole command, and so the
 * tokens.
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
    const copy = new WechatAuthError(kind, mask(error.message), cause);
    return isUnreadableRecord(error) ? markUnreadable(copy) : copy;
  }
  const cause = plainCopy(error, mask);
  // Status 503 even for `session_missing`, whose usual status is 500: the store may work again later.
  return new WechatAuthError(kind, `${name} failed (${call}): ${cause.message}. Check it, then try again.`, {
    status: 503,
    cause,
  });
}

export function tokensIn(record: Partial<TokenData> | undefined): (string | undefined)[] {
  return [record?.access_token, record?.refresh_token];
}

/** Copies only name, code and message of an error: drivers add the command, the query or its parameters. */
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
  // JSON.parse quotes the text that it could not parse, which may hold a token.
  if (name === 'SyntaxError') return 'the stored text is not JSON';
  // If all addresses of a host refuse, Node's AggregateError has no message.
  return message || code || `${name} without a message`;
}
