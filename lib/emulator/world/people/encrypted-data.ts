import { createCipheriv, createHash, randomBytes } from 'node:crypto';

/** The encrypted and signed profile that `wx.getUserInfo` gives a mini program. */
export interface EncryptedUser {
  /** The profile with ids and watermark, encrypted by AES-128-CBC with PKCS#7 padding, base64. */
  readonly encryptedData: string;
  /** Initialization vector: 16 bytes, base64. */
  readonly iv: string;
  /** The profile without ids, as JSON. */
  readonly rawData: string;
  /** SHA-1 of `rawData` followed by the session key, hex. */
  readonly signature: string;
}

/** Encrypts with the session key and adds the app's watermark (开放数据校验与解密). */
export function encryptUser(
  user: Readonly<Record<string, unknown>>,
  rawUser: Readonly<Record<string, unknown>>,
  options: { readonly sessionKey: string; readonly appId: string; readonly now: number },
): EncryptedUser {
  const watermark = { timestamp: Math.floor(options.now / 1000), appid: options.appId };
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(options.sessionKey, 'base64'), iv);
  const plaintext = JSON.stringify({ ...user, watermark });
  const rawData = JSON.stringify(rawUser);
  return {
    encryptedData: Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]).toString('base64'),
    iv: iv.toString('base64'),
    rawData,
    signature: createHash('sha1')
      .update(rawData + options.sessionKey)
      .digest('hex'),
  };
}
