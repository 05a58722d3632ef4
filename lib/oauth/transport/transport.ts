/** The interface of an HTTP client for calls to WeChat. node-request.ts and axios-request.ts implement it. */
import type { Cancellation } from '../../async/cancellation';
import type { Agents } from './agents';

/** One GET to WeChat. Redirects are not followed, and every status is a response. */
export interface HttpRequest {
  /** Below WeChat's address, with its query. */
  readonly path: string;
  readonly cancellation: Cancellation;
  readonly agents: Agents;
  /** In bytes, after decompression. */
  readonly largestBody: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data: Uint8Array;
}

export interface Transport {
  /** Which client serves, for debug output. */
  readonly client: 'node' | 'axios';
  /** @throws ResponseTooLarge, or the client's own error. */
  readonly send: (request: HttpRequest) => Promise<HttpResponse>;
}

/** A body over the limit: it is not read to its end. */
export class ResponseTooLarge extends Error {
  constructor(limit: number) {
    super(`it is larger than ${limit} bytes`);
  }
}

/** Sent unless the app replaces them. WeChat's responses are too short to be worth compressing. */
export const HEADERS = {
  accept: 'application/json, */*',
  'accept-encoding': 'identity',
  'user-agent': 'express-wechat-auth',
} as const;
