/** The record of a token in a store: JSON, or AES-256-GCM if the app gives keys. */
import crypto from 'node:crypto';
import { deriveKey } from '../derive-key';
import { WechatAuthError } from '../errors';
import { redact } from '../redact';
import type { TokenData } from './token-store';
import { unreadableRecord } from './unreadable-record';

/**
 * At least 32 random bytes, or a string of at least 32 random characters: `openssl rand -base64 32` prints
 * one.
 */
export type EncryptionKey = string | Uint8Array;

/** Whether a store encrypts its tokens. */
export interface EncryptionOptions {
  /**
   * Encrypts tokens at rest (AES-256-GCM). The first key encrypts; all of them decrypt. To change the key,
   * put the new one first, and keep the old one for 30 days.
   *
   * @default none: tokens are stored as JSON
   */
  readonly encryptionKeys?: readonly EncryptionKey[] | undefined;
}

/** Writes and reads the records of one store. */
export class TokenRecords {
  readonly #keys: readonly Key[];

  /** @throws WechatAuthError of kind `config` if a key is too short or not a key. */
  constructor(owner: string, { encryptionKeys }: EncryptionOptions = {}) {
    this.#keys = encryptionKeys === undefined ? [] : keysOf(owner, encryptionKeys);
  }

  write(storeKey: string, token: TokenData): string {
    const text = JSON.stringify(token);
    const [current] = this.#keys;
    return current ? encrypt(current, storeKey, text) : text;
  }

  /**
   * The token of a record. If the store has keys, a plain record counts as missing: an attacker who can write
   * to the database could have put it there. This is not an error, because records that were saved before the
   * store had keys are plain, too.
   *
   * @throws WechatAuthError of kind `token_store` if the record is not a token or was changed, or if the
   * store lacks its encryption key.
   */
  read(storeKey: string, record: unknown): TokenData | undefined {
    const stored = Buffer.isBuffer(record) ? record.toString() : record;
    if (typeof stored === 'string' && stored.startsWith(ENCRYPTED_PREFIX))
      return parseToken(storeKey, decrypt(this.#keys, storeKey, stored));
    return this.#keys.length > 0 ? undefined : parseToken(storeKey, stored);
  }
}

function parseToken(storeKey: string, stored: unknown): TokenData {
  let token: unknown;
  try {
    token = typeof stored === 'string' ? JSON.parse(stored) : stored;
  } catch {
    throw notAToken(storeKey);
  }
  if (typeof (token as Partial<TokenData> | null | undefined)?.access_token === 'string')
    return token as TokenData;
  throw notAToken(storeKey);
}

function notAToken(storeKey: string): WechatAuthError {
  return unreadableRecord(
    `The record of ${shown(storeKey)} is not a token. ` +
      'Find what else writes there, or give the store a prefix of its own.',
  );
}

/** The key holds the openid, which the app may have taken from a request. */
function shown(storeKey: string): string {
  return redact(storeKey, []);
}

interface Key {
  readonly id: Buffer;
  readonly secret: Buffer;
}

const SHORTEST_KEY = 32;

function keysOf(owner: string, given: readonly EncryptionKey[]): Key[] {
  const fault = (what: string): WechatAuthError =>
    new WechatAuthError(
      'config',
      `${owner}: ${what}. Give a list of keys, the current one first; \`openssl rand -base64 32\` prints one.`,
    );
  if (!Array.isArray(given)) throw fault('encryptionKeys is not a list');
  if (given.length === 0) throw fault('encryptionKeys is empty');
  return given.map((key: unknown, at) => {
    if (typeof key !== 'string' && !(key instanceof Uint8Array))
      throw fault(
        `encryptionKeys[${at}] is ${key === null ? 'null' : typeof key}, neither a string nor bytes`,
      );
    if (key.length < SHORTEST_KEY)
      throw fault(
        `encryptionKeys[${at}] has ${key.length} ${typeof key === 'string' ? 'characters' : 'bytes'}, ` +
          `but at least ${SHORTEST_KEY} are needed`,
      );
    return { id: derive(key, '', 'id', ID_BYTES), secret: derive(key, '', 'secret', 32) };
  });
}

function derive(key: EncryptionKey | Buffer, salt: string | Buffer, purpose: string, bytes: number): Buffer {
  return deriveKey(key, `express-wechat-auth token ${purpose}`, { bytes, salt });
}

const ENCRYPTED_PREFIX = 'sealed:1:';
const CIPHER = 'aes-256-gcm';
const ID_BYTES = 6;
const SALT_BYTES = 24;
const TAG_BYTES = 16;

/** Each record has its own key: with one key for all records, random nonces would repeat too soon for GCM. */
function cipherKey({ secret }: Key, salt: Buffer): { key: Buffer; nonce: Buffer } {
  const derived = derive(secret, salt, 'record', 32 + 12);
  return { key: derived.subarray(0, 32), nonce: derived.subarray(32) };
}

/**
 * The record is bound to its key in the store. A record that was copied to another user's key does not
 * decrypt.
 */
function encrypt(encryptionKey: Key, storeKey: string, text: string): string {
  const salt = crypto.randomBytes(SALT_BYTES);
  const { key, nonce } = cipherKey(encryptionKey, salt);
  const cipher = crypto.createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(ENCRYPTED_PREFIX + storeKey));
  const parts = [encryptionKey.id, salt, cipher.update(text), cipher.final(), cipher.getAuthTag()];
  return ENCRYPTED_PREFIX + Buffer.concat(parts).toString('base64url');
}

function decrypt(keys: readonly Key[], storeKey: string, record: string): string {
  const bytes = Buffer.from(record.slice(ENCRYPTED_PREFIX.length), 'base64url');
  if (keys.length === 0) {
    throw unreadableRecord(
      `The token of ${shown(storeKey)} is encrypted, but the store has no encryptionKeys. Give it the key.`,
    );
  }
  const encryptionKey = keys.find(({ id }) => id.equals(bytes.subarray(0, ID_BYTES)));
  if (!encryptionKey) {
    throw unreadableRecord(
      `The token of ${shown(storeKey)} was encrypted with a key that is not among encryptionKeys. ` +
        'Add the older key after the current one.',
    );
  }
  const salt = bytes.subarray(ID_BYTES, ID_BYTES + SALT_BYTES);
  const { key, nonce } = cipherKey(encryptionKey, salt);
  try {
    const decipher = crypto
      .createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(ENCRYPTED_PREFIX + storeKey))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = bytes.subarray(ID_BYTES + SALT_BYTES, -TAG_BYTES);
    return Buffer.concat([decipher.update(text), decipher.final()]).toString();
  } catch {
    throw unreadableRecord(
      `The token of ${shown(storeKey)} was changed since it was saved, or moved there from another key. ` +
        'Find what else writes to the store. The next login of this user replaces the token.',
    );
  }
}
