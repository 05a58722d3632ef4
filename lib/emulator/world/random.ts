import { randomBytes, randomInt } from 'node:crypto';

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function pickFrom(alphabet: string): string {
  return alphabet.charAt(randomInt(alphabet.length));
}
function randomAlphanumeric(length: number): string {
  return Array.from({ length }, () => pickFrom(ALPHANUMERIC)).join('');
}

/** 32 letters and digits; most real ones start with 0, a digit, and 1 or 3. */
export function randomCode(): string {
  return `0${pickFrom('0123456789')}${pickFrom('13')}${randomAlphanumeric(29)}`;
}

/** `91_` and base64url, 107 characters in all. */
export function randomToken(): string {
  return `91_${randomBytes(78).toString('base64url')}`;
}

/** 16 characters of the base64url alphabet, the first one no sign. */
export function randomUuid(): string {
  return `0${randomBytes(12).toString('base64url').slice(0, 15)}`;
}

export function randomSessionKey(): string {
  return randomBytes(16).toString('base64');
}

/** Three groups of eight hex digits; the first is the Unix time. */
export function randomRid(now: number): string {
  return [
    Math.floor(now / 1000)
      .toString(16)
      .padStart(8, '0'),
    randomBytes(4).toString('hex'),
    randomBytes(4).toString('hex'),
  ].join('-');
}

export function randomRequestId(): string {
  return randomAlphanumeric(10);
}
