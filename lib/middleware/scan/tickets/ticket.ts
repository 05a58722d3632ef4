/**
 * Tickets: what the QR code of a scan login carries. A ticket is self-contained, so that a flood of logins
 * costs no memory, and every process of the app can read it.
 */
import crypto from 'node:crypto';
import { deriveKey } from '../../../derive-key';
import type { OfficialScope } from '../../../oauth/scope';
import { deviceCode, deviceOf, type Device } from './device';

/** Short, because the person sits in front of the code; a stolen code is worth little. */
export const TICKET_LIFETIME_MS = 5 * 60_000;

export interface Ticket {
  /** The ticket in the form that the QR code holds. It is a secret until it is over. */
  readonly text: string;
  /** The name of the ticket in the shared cache. The ticket cannot be recovered from it. */
  readonly name: string;
  /** In ms since 1970. */
  readonly expiresAt: number;
  /** Two digits that the PC and the phone show, for the user to compare. */
  readonly number: string;
  /** The browser and the system that ask for the login. */
  readonly device: Device;
  /** What the authorization request on the phone asks for. */
  readonly scope: OfficialScope;
}

/**
 * 16 bytes of the id, 4 of the expiry in seconds, one each of number, device and scope; then 16 of the MAC.
 */
const ID_BYTES = 16;
const EXPIRY_AT = 16;
const NUMBER_AT = 20;
const DEVICE_AT = 21;
const SCOPE_AT = 22;
const SIGNED_BYTES = 23;
const MAC_BYTES = 16;
const TICKET = /^[\w-]{52}$/;

const SCOPES: readonly OfficialScope[] = ['snsapi_base', 'snsapi_userinfo'];

/** Issues and reads tickets under a key of its own, which is derived from the AppSecret (HKDF, RFC 5869). */
export class Tickets {
  readonly #key: Buffer;

  /** @param namespace separates the tickets of several `wechatAuth()` that share one account */
  constructor(
    { appId, appSecret }: { readonly appId: string; readonly appSecret: string },
    namespace: string,
  ) {
    const purpose = `express-wechat-auth scan ticket ${appId} ${namespace}`;
    this.#key = deriveKey(appSecret, purpose);
  }

  /**
   * The ticket of a pending login. Its id follows from the state, which only the session of the PC holds: so
   * the ticket's name can be computed from the session, which does not hold the ticket, and the ticket does
   * not reveal the state.
   */
  issue(state: string, userAgent: string, scope: OfficialScope, lifetimeMs: number): Ticket {
    const bytes = Buffer.alloc(SIGNED_BYTES);
    this.#idOf(state).copy(bytes);
    bytes.writeUInt32BE(Math.floor((Date.now() + lifetimeMs) / 1000), EXPIRY_AT);
    bytes.writeUInt8(crypto.randomInt(10, 100), NUMBER_AT);
    bytes.writeUInt8(deviceCode(userAgent), DEVICE_AT);
    bytes.writeUInt8(SCOPES.indexOf(scope), SCOPE_AT);
    return contentOf(Buffer.concat([bytes, this.#mac('ticket', bytes)]));
  }

  /** The content of a ticket; `undefined` if this app did not issue it, or if it has expired. */
  read(text: string): Ticket | undefined {
    if (!TICKET.test(text)) return undefined;
    const bytes = Buffer.from(text, 'base64url');
    const signed = bytes.subarray(0, SIGNED_BYTES);
    if (!crypto.timingSafeEqual(bytes.subarray(SIGNED_BYTES), this.#mac('ticket', signed))) return undefined;
    const ticket = contentOf(bytes);
    return ticket.expiresAt > Date.now() ? ticket : undefined;
  }

  /** The name of the ticket of a pending login, see {@link Ticket.name}. */
  nameOf(state: string): string {
    return nameOf(this.#idOf(state));
  }

  /** Proves that the form of a ticket was sent to the phone with this id. */
  formToken(ticket: Ticket, phone: string): string {
    return this.#mac('form', `${ticket.text} ${phone}`).toString('base64url');
  }

  #idOf(state: string): Buffer {
    return this.#mac('id', state).subarray(0, ID_BYTES);
  }

  #mac(purpose: 'ticket' | 'form' | 'id', content: Buffer | string): Buffer {
    return crypto
      .createHmac('sha256', this.#key)
      .update(`${purpose} `)
      .update(content)
      .digest()
      .subarray(0, MAC_BYTES);
  }
}

/** @param bytes a whole ticket whose MAC is known to be right */
function contentOf(bytes: Buffer): Ticket {
  return {
    text: bytes.toString('base64url'),
    name: nameOf(bytes.subarray(0, ID_BYTES)),
    expiresAt: bytes.readUInt32BE(EXPIRY_AT) * 1000,
    number: String(bytes.readUInt8(NUMBER_AT)),
    device: deviceOf(bytes.readUInt8(DEVICE_AT)),
    scope: SCOPES[bytes.readUInt8(SCOPE_AT)] ?? 'snsapi_userinfo',
  };
}

/** Hashed, because stores put keys into error messages. */
function nameOf(id: Buffer): string {
  return crypto.createHash('sha256').update(id).digest('hex').slice(0, 32);
}
