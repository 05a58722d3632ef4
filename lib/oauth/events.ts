/**
 * Messages for operators on `node:diagnostics_channel`. None holds a secret, a code, a state or the id of a
 * user.
 */
import { channel } from 'node:diagnostics_channel';
import { isWeChatAPIError, isWechatError, type WechatErrorKind } from '../errors';

/** Why something failed. */
export interface Failure {
  /**
   * The kind of the error; `other` if the error is not of this package, such as one that a hook of the app
   * threw.
   */
  readonly kind: WechatErrorKind | 'other';
  /** WeChat's errcode, if there was one. */
  readonly errcode?: number;
}

/** A call to WeChat that succeeded. */
export interface CallAnswered {
  /** AppID of the app that called. */
  readonly appid: string;
  /** Path without the query, such as `/sns/userinfo`. */
  readonly path: string;
  /** Duration in ms, a retry included. */
  readonly durationMs: number;
}

/** A call that WeChat refused, or that got no valid response from WeChat. */
export interface CallFailed extends CallAnswered, Failure {}

/**
 * An access token was refreshed and saved: because it had expired, because WeChat no longer accepted it, or
 * because the app called `refreshAccessToken()`.
 */
export interface TokenRefreshed {
  /** AppID of the app that the token is for. */
  readonly appid: string;
  /** Duration in ms, from the request to WeChat until the token is saved. */
  readonly durationMs: number;
}

/**
 * A token could not be refreshed, or could not be saved after its refresh. With kind `reauthorize`, its user
 * must log in again.
 */
export interface TokenFailed extends TokenRefreshed, Failure {}

/** One diagnostics channel. */
export class Channel<Message extends object> {
  // Node drops a channel that is not referenced, and its subscribers with it.
  readonly #channel;

  constructor(name: string) {
    this.#channel = channel(`express-wechat-auth:${name}`);
  }

  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }

  /** Builds the message only if there is a subscriber. */
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
