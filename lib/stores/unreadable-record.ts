/** Distinguishes a record that holds no usable token from a store that failed. */
import { WechatAuthError } from '../errors';

/** Shared by all copies of this package, as a store and an OAuth may come from two of them. */
const UNREADABLE = Symbol.for('express-wechat-auth.unreadable-record');

/** The error for a record that is not a token, or cannot be decrypted. A login replaces such a record. */
export function unreadableRecord(message: string): WechatAuthError {
  return markUnreadable(new WechatAuthError('token_store', message));
}

export function markUnreadable<T extends Error>(error: T): T {
  return Object.defineProperty(error, UNREADABLE, { value: true });
}

export function isUnreadableRecord(error: unknown): boolean {
  return typeof error === 'object' && error !== null && UNREADABLE in error;
}
