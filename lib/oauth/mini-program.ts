import crypto from 'node:crypto';
import * as z from 'zod';
import { WechatAuthError } from '../errors';

/** The answer of `/sns/jscode2session` (小程序登录). */
export const sessionAnswer = z.looseObject({
  session_key: z.string().min(1),
  openid: z.string().min(1),
  unionid: z.string().nullish(),
});

/** A mini program's session as WeChat answered it. The key is a secret, and no access token: it is never saved as one. */
export interface MiniProgramSession {
  readonly data: {
    /** 16 bytes, base64. */
    readonly session_key: string;
    readonly openid: string;
    readonly unionid?: string;
    /** When WeChat was asked, in ms since 1970. */
    readonly create_at: number;
    readonly [field: string]: unknown;
  };
}

/** What `wx.getUserInfo` and its kin hand out, to be decrypted. All three are base64. */
export interface EncryptedData {
  readonly sessionKey: string;
  readonly encryptedData: string;
  readonly iv: string;
}

/** A decrypted answer: WeChat's fields, among them the watermark that names the app. */
export interface MiniProgramUser {
  readonly openId?: string;
  readonly unionId?: string;
  readonly nickName?: string;
  readonly avatarUrl?: string;
  readonly gender?: number;
  readonly language?: string;
  readonly city?: string;
  readonly province?: string;
  readonly country?: string;
  readonly watermark: { readonly appid: string; readonly timestamp: number };
  readonly [field: string]: unknown;
}

/** AES-128-CBC with PKCS#7; the watermark must name the app (开放数据校验与解密). */
export function decrypt(appid: string, encrypted: EncryptedData): MiniProgramUser {
  const user = open(encrypted);
  if (user?.watermark?.appid !== appid) {
    throw new WechatAuthError(
      'decryption',
      `Invalid Watermark, Be Sure to Check Again: the data was made for another app than ${appid}. Use its appid and its session key.`,
    );
  }
  return user as MiniProgramUser;
}

function open(encrypted: EncryptedData): Partial<MiniProgramUser> | null {
  try {
    const { sessionKey, encryptedData, iv } = encrypted;
    const decipher = crypto.createDecipheriv(
      'aes-128-cbc',
      Buffer.from(sessionKey, 'base64'),
      Buffer.from(iv, 'base64'),
    );
    const plain = decipher.update(encryptedData, 'base64', 'utf8') + decipher.final('utf8');
    return JSON.parse(plain) as Partial<MiniProgramUser> | null;
  } catch {
    // The cause is left out: it may hold a part of the plain text.
    throw new WechatAuthError(
      'decryption',
      'Illegal Buffer, Is Your Data Correct? Use the session key of the newest wx.login, and encryptedData and iv of one answer.',
    );
  }
}
