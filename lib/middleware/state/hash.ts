/** Hashes that stand for secrets and for long texts in memory and in stores. */
import crypto from 'node:crypto';

/** Of a list, so that no two lists have the same text. */
export function hash(parts: readonly string[]): string {
  return crypto.createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** 128 bits, for what is kept in memory or in a session for many browsers. */
export function shortHash(parts: readonly string[]): string {
  return hash(parts).slice(0, 32);
}
