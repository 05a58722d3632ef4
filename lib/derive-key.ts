import crypto from 'node:crypto';

/**
 * Derives a key from a secret (HKDF, RFC 5869), so that all processes with this secret have the same key.
 *
 * @param purpose names the use: keys of different purposes reveal nothing about each other
 */
export function deriveKey(
  secret: string | Uint8Array,
  purpose: string,
  { bytes = 32, salt = '' }: { readonly bytes?: number; readonly salt?: string | Uint8Array } = {},
): Buffer {
  return Buffer.from(crypto.hkdfSync('sha256', secret, salt, purpose, bytes));
}
