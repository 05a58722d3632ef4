import { randomBytes, randomInt } from 'node:crypto';

/** An authorization code: 32 letters and digits. Most of WeChat's codes start with 0, a digit, and 1 or 3. */
export function randomCode(): string {
  return `0${pickFrom('0123456789')}${pickFrom('13')}${randomAlphanumeric(29)}`;
}

/** An access or refresh token: `91_` and base64url, 107 characters in total. */
export function randomToken(): string {
  return `91_${randomBytes(78).toString('base64url')}`;
}

/** The uuid of a QR code: 16 characters of the base64url alphabet. The first is a digit. */
export function randomUuid(): string {
  return `0${randomBytes(12).toString('base64url').slice(0, 15)}`;
}

/** The session key of a mini program: 16 bytes, base64. */
export function randomSessionKey(): string {
  return randomBytes(16).toString('base64');
}

/** The `rid` in an errmsg: three groups of eight hex digits. The first is the Unix time. */
export function randomRid(now: number): string {
  const seconds = Math.floor(now / 1000);
  const groups = [randomBytes(4), randomBytes(4)].map((bytes) => bytes.toString('hex'));
  return [seconds.toString(16).padStart(8, '0'), ...groups].join('-');
}

/** The `req_id` in the errmsg of a response before 2021: ten letters and digits. */
export function randomRequestId(): string {
  return randomAlphanumeric(10);
}

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function randomAlphanumeric(length: number): string {
  return Array.from({ length }, () => pickFrom(ALPHANUMERIC)).join('');
}

function pickFrom(alphabet: string): string {
  return alphabet.charAt(randomInt(alphabet.length));
}
