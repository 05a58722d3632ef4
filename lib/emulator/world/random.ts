import { randomBytes, randomInt } from 'node:crypto';

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const pick = (alphabet: string): string => alphabet.charAt(randomInt(alphabet.length));
const alphanumeric = (length: number): string => Array.from({ length }, () => pick(ALPHANUMERIC)).join('');

/** 32 letters and digits; most real ones start with 0, a digit, and 1 or 3. */
export const randomCode = (): string => `0${pick('0123456789')}${pick('13')}${alphanumeric(29)}`;

/** `91_` and base64url, 107 characters in all. */
export const randomToken = (): string => `91_${randomBytes(78).toString('base64url')}`;

/** 16 characters of the base64url alphabet, the first one no sign. */
export const randomUuid = (): string => `0${randomBytes(12).toString('base64url').slice(0, 15)}`;

export const randomSessionKey = (): string => randomBytes(16).toString('base64');

/** Three groups of eight hex digits; the first is the Unix time. */
export const randomRid = (now: number): string =>
  [
    Math.floor(now / 1000)
      .toString(16)
      .padStart(8, '0'),
    randomBytes(4).toString('hex'),
    randomBytes(4).toString('hex'),
  ].join('-');

export const randomRequestId = (): string => alphanumeric(10);
