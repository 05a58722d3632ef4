import crypto from 'node:crypto';
import { WechatAuthError } from '../errors';
import { isSmall } from './json-limits';
import { withoutUnsafeNames } from './unsafe-names';
import { idsOf, isId, type WechatUser } from './user';

/** A mini program's session. Its key is a secret. It is not an access token, and is never saved as one. */
export interface MiniProgramSession {
  /** WeChat's response. */
  readonly data: {
    /** 16 bytes, base64. */
    readonly session_key: string;
    /** The user's id for this mini program. */
    readonly openid: string;
    /** Only if the mini program is bound to an Open Platform account. */
    readonly unionid?: string;
    /** When the request was sent, in ms since 1970. */
    readonly create_at: number;
    readonly [field: string]: unknown;
  };
}

/** Encrypted data that `wx.getUserInfo` and similar functions return. All three are base64. */
export interface EncryptedData {
  /** The session key of the newest `wx.login`: 16 bytes. */
  readonly sessionKey: string;
  /** AES-128-CBC, PKCS#7. */
  readonly encryptedData: string;
  /** 16 bytes, from the same call as `encryptedData`. */
  readonly iv: string;
}

/**
 * Decrypted data
 * ([开放数据校验与解密](https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html)):
 * WeChat's fields, among them the watermark, which names the app.
 */
export interface MiniProgramUser {
  /** The user's id for this mini program. */
  readonly openId?: string;
  /** Only if the mini program is bound to an Open Platform account. */
  readonly unionId?: string;
  /** 微信用户 for every user since 2022. */
  readonly nickName?: string;
  /** A grey picture for every user since 2022. */
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
  /** The app that the data was made for, and the time. */
  readonly watermark: {
    /** AppID; it was checked. */
    readonly appid: string;
    /** In s since 1970. */
    readonly timestamp: number;
  };
  readonly [field: string]: unknown;
}

/** Decrypts AES-128-CBC with PKCS#7, and checks that the watermark names the app (开放数据校验与解密). */
export function decrypt(appid: string, encrypted: EncryptedData): MiniProgramUser {
  const user = decipher(encrypted);
  if (user?.watermark?.appid !== appid) {
    throw new WechatAuthError(
      'decryption',
      // The first words are those of wechat-oauth.
      `Invalid Watermark, Be Sure to Check Again: the data was made for another app than ${appid}. ` +
        'Use the appid and the session key of the app that made it.',
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
      // The first words are those of wechat-oauth.
      'Illegal Buffer, Is Your Data Correct? ' +
        'Use the session key of the newest wx.login, and encryptedData and iv of the same call.',
    );
  }
}

/**
 * The user of a session: the ids that WeChat sent, and the decrypted fields if the client sent encrypted
 * data.
 *
 * @param decryptUser decrypts with the key of this session, and checks the watermark
 * @throws WechatAuthError of kind `decryption` if the data cannot be decrypted, or is that of another user.
 */
export function userOfSession(
  { session_key: sessionKey, openid, unionid }: MiniProgramSession['data'],
  encrypted: Omit<EncryptedData, 'sessionKey'> | undefined,
  decryptUser: (encrypted: EncryptedData) => MiniProgramUser,
): WechatUser {
  if (!encrypted) return idsOf({ openid, unionid });
  const user = ofLimitedSize(decryptUser({ sessionKey, ...encrypted }));
  if (user.openId !== openid) throw otherUser();
  const decrypted = decryptedUnionid(user);
  const ids = idsOf({ openid, unionid: unionid ?? decrypted });
  if (decrypted !== undefined && decrypted !== ids.unionid) throw otherUser();
  // WeChat spells these names openId and unionId: any other spelling was forged.
  const others = Object.entries(user).filter(([name]) => name !== 'openid' && name !== 'unionid');
  return { ...Object.fromEntries(others), ...ids };
}

const MAX_FIELDS = 32;
const MAX_ADDRESS = 2_048;

/** A user who knows the session key can encrypt anything, and it would be kept in the session. */
function ofLimitedSize(user: MiniProgramUser): MiniProgramUser {
  const values = Object.values(user);
  if (values.length <= MAX_FIELDS && values.every((value) => isSmall(value, MAX_ADDRESS)))
    return withoutUnsafeNames(user) as MiniProgramUser;
  throw new WechatAuthError(
    'decryption',
    'The decrypted data has more fields or larger ones than WeChat sends. ' +
      'Use encryptedData and iv as wx.getUserInfo returned them.',
  );
}

/** Checks the decrypted unionId as the unionid of a response is checked: apps use either as a key. */
function decryptedUnionid({ unionId }: { readonly unionId?: unknown }): string | undefined {
  if (unionId === undefined || unionId === null || unionId === '') return undefined;
  if (typeof unionId === 'string' && isId(unionId)) return unionId;
  throw new WechatAuthError(
    'decryption',
    'The decrypted unionId is not 1 to 64 characters of A-Z, a-z, 0-9, _ and -. ' +
      'Use encryptedData and iv as wx.getUserInfo returned them.',
  );
}

/**
 * The decrypted openId or unionId is not that of the session. CBC does not authenticate. By changing `iv`, an
 * attacker can change the first 16 bytes of their own data: `{"openId":"` and the first five letters of the
 * openId.
 */
function otherUser(): WechatAuthError {
  return new WechatAuthError(
    'decryption',
    'The decrypted openId or unionId is not that of the session. Use code, encryptedData and iv of the same login.',
  );
}
