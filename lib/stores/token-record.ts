/** What a token looks like at rest: JSON, or AES-256-GCM where keys are given. */
import crypto from 'node:crypto';
import { WechatAuthError } from '../errors';
import type { TokenData } from './token-store';

/** At least 32 random bytes, or a text of at least 32 random characters: `openssl rand -base64 32` prints one. */
export type EncryptionKey = string | Uint8Array;

/** How tokens rest. */
export interface EncryptionOptions {
  /**
   * Encrypts tokens at rest (AES-256-GCM). The first key encrypts, all of them decrypt: to change the key, put the new one in front, and
   * leave the old one in for 30 days.
   *
   * @default none: tokens rest as JSON
   */
  readonly encryptionKeys?: readonly EncryptionKey[] | undefined;
}

/** Writes and reads the records of one store. */
export class TokenRecords {
  readonly #keys: readonly Key[];

  /** @throws WechatAuthError of kind `config` where a key is none. */
  constructor(owner: string, { encryptionKeys }: EncryptionOptions = {}) {
    this.#keys = encryptionKeys === undefined ? [] : keysOf(owner, encryptionKeys);
  }

  write(under: string, token: TokenData): string {
    const text = JSON.stringify(token);
    const [current] = this.#keys;
    return current ? seal(current, under, text) : text;
  }

  /**
   * The token, or `undefined` for a record that was not encrypted where all must be: whoever can write into the engine could
   * have put it there, and a store that has just got its keys is full of them.
   *
   * @throws WechatAuthError of kind `token_store` where the record is no token, its key is missing, or somebody has changed it.
   */
  read(under: string, record: unknown): TokenData | undefined {
    const stored = Buffer.isBuffer(record) ? record.toString() : record;
    if (typeof stored === 'string' && stored.startsWith(SEALED))
      return tokenIn(under, open(this.#keys, under, stored));
    return this.#keys.length > 0 ? undefined : tokenIn(under, stored);
  }
}

function tokenIn(under: string, stored: unknown): TokenData {
  let token: unknown;
  try {
    token = typeof stored === 'string' ? JSON.parse(stored) : stored;
  } catch {
    throw noToken(under);
  }
  if (typeof (token as Partial<TokenData> | null | undefined)?.access_token === 'string')
    return token as TokenData;
  throw noToken(under);
}

function noToken(under: string): WechatAuthError {
  return new WechatAuthError(
    'token_store',
    `What is stored for ${under} is no token. See who else writes there, or give the store a prefix of its own.`,
  );
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
  if (!Array.isArray(given)) throw fault('encryptionKeys is no list');
  if (given.length === 0) throw fault('encryptionKeys is empty');
  return given.map((key: unknown, at) => {
    if (typeof key !== 'string' && !(key instanceof Uint8Array))
      throw fault(`encryptionKeys[${at}] is ${key === null ? 'null' : typeof key}, neither text nor bytes`);
    if (key.length < SHORTEST_KEY)
      throw fault(
        `encryptionKeys[${at}] has ${key.length} ${typeof key === 'string' ? 'characters' : 'bytes'}, and ${SHORTEST_KEY} is the least`,
      );
    return { id: derive(key, '', 'id', ID_BYTES), secret: derive(key, '', 'secret', 32) };
  });
}

function derive(key: EncryptionKey | Buffer, salt: string | Buffer, purpose: string, bytes: number): Buffer {
  return Buffer.from(crypto.hkdfSync('sha256', key, salt, `express-wechat-auth token ${purpose}`, bytes));
}

const SEALED = 'sealed:1:';
const CIPHER = 'aes-256-gcm';
const ID_BYTES = 6;
const SALT_BYTES = 24;
const TAG_BYTES = 16;

/** A key for each record: with one key for all, a large fleet would soon have used more random nonces than GCM allows. */
function cipherKey({ secret }: Key, salt: Buffer): { key: Buffer; nonce: Buffer } {
  const derived = derive(secret, salt, 'record', 32 + 12);
  return { key: derived.subarray(0, 32), nonce: derived.subarray(32) };
}

/** `under` is sealed in: a record that is moved to another user's place does not open there. */
function seal(by: Key, under: string, text: string): string {
  const salt = crypto.randomBytes(SALT_BYTES);
  const { key, nonce } = cipherKey(by, salt);
  const cipher = crypto.createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(SEALED + under));
  const parts = [by.id, salt, cipher.update(text), cipher.final(), cipher.getAuthTag()];
  return SEALED + Buffer.concat(parts).toString('base64url');
}

function open(keys: readonly Key[], under: string, record: string): string {
  const bytes = Buffer.from(record.slice(SEALED.length), 'base64url');
  if (keys.length === 0) {
    throw new WechatAuthError(
      'token_store',
      `The token of ${under} is encrypted, and the store has no encryptionKeys. Give it the key.`,
    );
  }
  const by = keys.find(({ id }) => id.equals(bytes.subarray(0, ID_BYTES)));
  if (!by) {
    throw new WechatAuthError(
      'token_store',
      `The token of ${under} was encrypted with a key that is not among encryptionKeys. Add the older key behind the current one.`,
    );
  }
  const salt = bytes.subarray(ID_BYTES, ID_BYTES + SALT_BYTES);
  const { key, nonce } = cipherKey(by, salt);
  try {
    const decipher = crypto
      .createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(SEALED + under))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = bytes.subarray(ID_BYTES + SALT_BYTES, -TAG_BYTES);
    return Buffer.concat([decipher.update(text), decipher.final()]).toString();
  } catch {
    throw new WechatAuthError(
      'token_store',
      `The token of ${under} was changed since it was saved, or moved there from elsewhere. See who else writes into the store; the next login of this user replaces it.`,
    );
  }
}
