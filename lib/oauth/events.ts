/** What operators may listen to, on `node:diagnostics_channel`: no secret, no code, no state and nobody's id in any message. */
import { channel } from 'node:diagnostics_channel';
import { isWeChatAPIError, isWechatError, type WechatErrorKind } from '../errors';

/** Why something failed. */
export interface Failure {
  /** What it means; `other`: no error of this package, a hook of the app threw it. */
  readonly kind: WechatErrorKind | 'other';
  /** WeChat's own number, where WeChat gave one. */
  readonly errcode?: number;
}

/** A call to WeChat that was answered. */
export interface CallAnswered {
  /** Of the app that asked. */
  readonly appid: string;
  /** Without query, such as `/sns/userinfo`. */
  readonly path: string;
  /** In ms, a retry included. */
  readonly durationMs: number;
}

/** A call to WeChat that was refused, or got no answer of WeChat's. */
export interface CallFailed extends CallAnswered, Failure {}

/** A saved token that had expired, or that WeChat took no more, was refreshed. */
export interface TokenRefreshed {
  /** Of the app that the token is for. */
  readonly appid: string;
  /** In ms, from the question to the token in the store. */
  readonly durationMs: number;
}

/** A token could not be refreshed; kind `reauthorize`: its user must log in again. */
export interface TokenFailed extends TokenRefreshed, Failure {}

/** One channel. */
export class Channel<Message extends object> {
  // Node forgets a channel that nobody holds.
  readonly #channel;

  constructor(name: string) {
    this.#channel = channel(`express-wechat-auth:${name}`);
  }

  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }

  /** What nobody hears is not even put together. */
  publish(message: () => Message): void {
    if (this.#channel.hasSubscribers) this.#channel.publish(message());
  }
}

export const callAnswered = new Channel<CallAnswered>('call.answered');
export const callFailed = new Channel<CallFailed>('call.failed');
export const tokenRefreshed = new Channel<TokenRefreshed>('token.refreshed');
export const tokenFailed = new Channel<TokenFailed>('token.failed');

export function failureOf(error: unknown): Failure {
  if (isWeChatAPIError(error)) return { kind: error.kind, errcode: error.code };
  return { kind: isWechatError(error) ? error.kind : 'other' };
}
