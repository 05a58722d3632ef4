/** Hashes that stand for secrets and for long texts in memory and in stores. */
import crypto from 'node:crypto';

/** A hash of a list. The list is hashed as JSON, so that no two lists have the same text. */
export function hash(parts: readonly string[]): string {
  return sha256(JSON.stringify(parts));
}

/** 128 bits, for what is kept in memory or in a session for many browsers. */
export function shortHash(parts: readonly string[]): string {
  return hash(parts).slice(0, 32);
}

/** Compares a MAC in a time that does not tell how much of it an attacker has guessed. */
export function isSameMAC(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}

/** In hex digits. */
export function sha256(text: string): string {
  const { hash: hashOnce } = crypto as Partial<typeof crypto>;
  // Node 20.12 and later. It takes half the time.
  return hashOnce ? hashOnce('sha256', text) : crypto.createHash('sha256').update(text).digest('hex');
}
