/** The interface of an HTTP client for calls to WeChat. node-request.ts and axios-request.ts implement it. */
import type { Cancellation } from '../../async/cancellation';
import type { Agents } from './agents';

/** One GET request to WeChat. Redirects are not followed, and no status is an error. */
export interface HttpRequest {
  /** Path and query, to be appended to WeChat's address. */
  readonly path: string;
  readonly cancellation: Cancellation;
  readonly agents: Agents;
  /** The limit of the body in bytes, after decompression. */
  readonly largestBody: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data: Uint8Array;
}

export interface Transport {
  /** The HTTP client, for debug output. */
  readonly client: 'node' | 'axios';
  /** @throws ResponseTooLarge, or the client's own error. */
  readonly send: (request: HttpRequest) => Promise<HttpResponse>;
}

/** The body, after decompression, is over the limit. The rest of it was discarded. */
export class ResponseTooLarge extends Error {
  constructor(limit: number) {
    super(`it is larger than ${limit} bytes`);
  }
}

/** Default headers; the app may replace them. WeChat's responses are too short to be worth compressing. */
export const HEADERS = {
  accept: 'application/json, */*',
  'accept-encoding': 'identity',
  'user-agent': 'express-wechat-auth',
} as const;
