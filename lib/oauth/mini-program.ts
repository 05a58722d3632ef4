import crypto from 'node:crypto';
import { WechatAuthError } from '../errors';

/** A mini program's session as WeChat answered it. The key is a secret, and no access token: it is never saved as one. */
export interface MiniProgramSession {
  /** What WeChat answered. */
  readonly data: {
    /** 16 bytes, base64. */
    readonly session_key: string;
    /** Who this is for the mini program. */
    readonly openid: string;
    /** Only where the mini program is bound to an Open Platform account. */
    readonly unionid?: string;
    /** When WeChat was asked, in ms since 1970. */
    readonly create_at: number;
    readonly [field: string]: unknown;
  };
}

/** What `wx.getUserInfo` and its kin hand out, to be decrypted. All three are base64. */
export interface EncryptedData {
  /** Of the newest `wx.login`: 16 bytes. */
  readonly sessionKey: string;
  /** AES-128-CBC, PKCS#7. */
  readonly encryptedData: string;
  /** 16 bytes, of the same answer as `encryptedData`. */
  readonly iv: string;
}

/**
 * A decrypted answer ([开放数据校验与解密](https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html)): WeChat's
 * fields, among them the watermark that names the app.
 */
export interface MiniProgramUser {
  /** Who this is for the mini program. */
  readonly openId?: string;
  /** Only where the mini program is bound to an Open Platform account. */
  readonly unionId?: string;
  /** 微信用户 for everybody, since 2022. */
  readonly nickName?: string;
  /** A grey picture for everybody, since 2022. */
  readonly avatarUrl?: string;
  /** 0 since October 2021. */
  readonly gender?: number;
  /** Empty since October 2021. */
  readonly language?: string;
  /** Empty since October 2021. */
  readonly city?: string;
  /** Empty since October 2021. */
  readonly province?: string;
  /** Empty since October 2021. */
  readonly country?: string;
  /** Which app the data was made for, and when, in s since 1970. */
  readonly watermark: {
    /** AppID; it has been checked. */
    readonly appid: string;
    /** In s since 1970. */
    readonly timestamp: number;
  };
  readonly [field: string]: unknown;
}

/** AES-128-CBC with PKCS#7; the watermark must name the app (开放数据校验与解密). */
export function decrypt(appid: string, encrypted: EncryptedData): MiniProgramUser {
  const user = decipher(encrypted);
  if (user?.watermark?.appid !== appid) {
    throw new WechatAuthError(
      'decryption',
      `Invalid Watermark, Be Sure to Check Again: the data was made for another app than ${appid}. Use its appid and its session key.`,
    );
  }
  return user as MiniProgramUser;
}

function decipher(encrypted: EncryptedData): Partial<MiniProgramUser> | null {
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
