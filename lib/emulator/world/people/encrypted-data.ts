import { createCipheriv, createHash, randomBytes } from 'node:crypto';

/** What `wx.getUserInfo` gives a mini program beside the open data. */
export interface EncryptedUser {
  /** The profile with its ids and watermark: AES-128-CBC, PKCS#7, base64. */
  readonly encryptedData: string;
  /** 16 bytes, base64. */
  readonly iv: string;
  /** The profile without ids, JSON. */
  readonly rawData: string;
  /** sha1 of rawData and session_key, hex. */
  readonly signature: string;
}

/** AES-128-CBC with the session key, PKCS#7; the plaintext carries a watermark of the app (开放数据校验与解密). */
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
