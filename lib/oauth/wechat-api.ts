/** The only way to WeChat: one call, its time limit and its retry. No secret leaves this file in an error or a log. */
import { setTimeout as sleep } from 'node:timers/promises';
import querystring from 'node:querystring';
import axios, { type AxiosInstance, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import createDebug from 'debug';
import type * as z from 'zod';
import { WeChatAPIError, WechatAuthError, isWechatError } from '../errors';
import { agentsFor, type Agents } from './agents';
import { numeric, readJSON } from './answer';
import { redact } from './redact';

const debug = createDebug('wechat-auth:api');

const DEFAULT_TIMEOUT_MS = 5_000;
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
const LARGEST_BODY = 1024 * 1024;
const RETRY_DELAY_MS = { least: 50, most: 250 };

/** What keeps a call safe is not for the app to change: see {@link HttpOptions}. */
const OURS = {
  method: 'GET',
  maxRedirects: 0,
  maxContentLength: LARGEST_BODY,
  responseType: 'arraybuffer',
  validateStatus: () => true,
  transformResponse: (body: unknown): unknown => body,
  proxy: false,
} satisfies AxiosRequestConfig;

const NOT_YOURS = [
  'url',
  'method',
  'baseURL',
  'data',
  'maxRedirects',
  'beforeRedirect',
  'transport',
  'maxContentLength',
  'responseType',
  'validateStatus',
  'transformResponse',
] as const;

/**
 * Options of every request to WeChat: those of axios (agent, proxy, headers, lookup, …), but for what keeps a call safe:
 * redirects, the checks of status and size, the response type, the address itself. `timeout` is in ms and covers a call from name
 * lookup to last byte, its retry included; 0 is no limit.
 */
export type HttpOptions = Omit<AxiosRequestConfig, (typeof NOT_YOURS)[number]>;

export interface CallOptions {
  /** Once more on a network failure or `-1`. Never for a code: it may be spent. */
  readonly retry?: boolean;
}

export class WechatAPI {
  readonly #origin: string;
  readonly #client: AxiosInstance = axios.create();
  #options: HttpOptions;
  #timeout: number;
  #agents: Agents | undefined;

  constructor(origin: string, options: HttpOptions) {
    this.#origin = origin;
    this.#options = settled(options);
    this.#timeout = timeoutOf(options);
  }

  setOptions(options: HttpOptions): void {
    this.#timeout = timeoutOf(options);
    this.#options = settled(options);
    this.#agents = undefined;
  }

  /**
   * Asks WeChat once, or twice where it may be repeated, within one time limit.
   *
   * @throws WeChatAPIError where WeChat answers an errcode, else WechatAuthError of kind `timeout`, `network` or `bad_answer`.
   */
  async call<T>(
    path: string,
    query: Query,
    schema: z.ZodType<T>,
    { retry = false }: CallOptions = {},
  ): Promise<T> {
    const abort = new AbortController();
    const release = follow(this.#options.signal, abort);
    const started = Date.now();
    try {
      const answer = await within(this.#timeout, abort, () =>
        this.#attempts(path, query, retry, abort.signal),
      );
      const valid = check(answer, schema, path);
      debug('%s answered after %d ms', path, Date.now() - started);
      return valid;
    } catch (error) {
      if (isWechatError(error)) debug('%s failed after %d ms: %s', path, Date.now() - started, error.kind);
      throw error;
    } finally {
      release();
    }
  }

  async #attempts(path: string, query: Query, retry: boolean, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#attempt(path, query, signal);
    } catch (error) {
      const again = retry && isWechatError(error) && (error.kind === 'network' || error.kind === 'busy');
      if (!again || signal.aborted) throw error;
    }
    const { least, most } = RETRY_DELAY_MS;
    await sleep(least + Math.random() * (most - least));
    return await this.#attempt(path, query, signal);
  }

  async #attempt(path: string, query: Query, signal: AbortSignal): Promise<unknown> {
    const secrets = [
      query['secret'],
      query['code'],
      query['js_code'],
      query['access_token'],
      query['refresh_token'],
    ];
    let response: AxiosResponse<Uint8Array>;
    try {
      this.#agents ??= agentsFor(this.#origin, this.#options);
      response = await this.#client.request<Uint8Array>({
        ...this.#options,
        ...OURS,
        ...this.#agents,
        // Our own limit covers the whole call; axios's own would only cover one attempt.
        timeout: 0,
        signal,
        url: `${this.#origin}${path}?${querystring.stringify(query)}`,
      });
    } catch (error) {
      throw isWechatError(error) ? error : unreachable(error, path, (text) => redact(text, secrets));
    }
    return read(response, path, (text) => redact(text, secrets));
  }
}

/** What is sent: undefined ones as empty, as wechat-oauth does, so that WeChat itself names what is missing. */
export type Query = Readonly<Record<string, string | undefined>>;

type Redact = (text: string) => string;

function settled(options: HttpOptions): HttpOptions {
  const refused = NOT_YOURS.filter((name) => name in options);
  if (refused.length > 0) {
    process.emitWarning(
      `These options of requests to WeChat keep a login safe and stay as they are: ${refused.join(', ')}.`,
      {
        type: 'WechatAuthWarning',
        code: 'WECHAT_HTTP_OPTION_IGNORED',
      },
    );
  }
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => !(refused as readonly string[]).includes(name)),
  );
}

function timeoutOf({ timeout }: HttpOptions): number {
  if (timeout === undefined) return DEFAULT_TIMEOUT_MS;
  if (typeof timeout === 'number' && timeout >= 0 && timeout <= LONGEST_TIMEOUT_MS) return timeout;
  throw new WechatAuthError(
    'config',
    `timeout is ${String(timeout)}; use milliseconds from 0 (no limit) to ${LONGEST_TIMEOUT_MS}.`,
  );
}

/** Ends the call when the app's own signal does. */
function follow(signal: AxiosRequestConfig['signal'], abort: AbortController): () => void {
  const end = (): void => abort.abort();
  if (signal?.aborted) end();
  signal?.addEventListener?.('abort', end);
  return () => {
    signal?.removeEventListener?.('abort', end);
  };
}

/** Settles in time whatever happens below: a name lookup, for one, cannot be aborted. */
async function within<T>(ms: number, abort: AbortController, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    if (ms === 0) return;
    timer = setTimeout(() => {
      reject(
        new WechatAuthError(
          'timeout',
          `WeChat did not answer within ${ms} ms. Try again, or raise \`timeout\`.`,
        ),
      );
      abort.abort();
    }, ms);
  });
  try {
    return await Promise.race([work(), limit]);
  } finally {
    clearTimeout(timer);
  }
}

function unreachable(error: unknown, path: string, mask: Redact): WechatAuthError {
  const { message, code = '' } = error as NodeJS.ErrnoException;
  const what = mask(message);
  // A plain copy: the error of axios carries the address, and the address the secret.
  const cause = Object.assign(new Error(what), { code });
  if (code.startsWith('ERR_BAD_OPTION')) {
    return new WechatAuthError(
      'config',
      `An option of requests to WeChat is wrong: ${what}. Correct \`http\` or setOpts().`,
      { cause },
    );
  }
  if (NO_ANSWER_OF_WECHAT.test(`${code} ${message}`)) {
    return new WechatAuthError(
      'bad_answer',
      `The answer to ${path} cannot be read: ${what}. Check \`endpoints\` and what stands between.`,
      { cause },
    );
  }
  return new WechatAuthError(
    'network',
    `WeChat was not reached for ${path}: ${what || code}. Check DNS, proxy and firewall.`,
    { cause },
  );
}

/** Too large, no HTTP, or not what its content encoding says. */
const NO_ANSWER_OF_WECHAT = /maxContentLength|^HPE_|^Z_|^ERR__ERROR_FORMAT|^ERR_BR/;

function read(response: AxiosResponse<Uint8Array>, path: string, mask: Redact): unknown {
  let answer: unknown;
  try {
    answer = readJSON(response.data);
  } catch {
    throw badAnswer(path, `HTTP ${response.status} with ${describeBody(response, mask)} instead of JSON`);
  }
  throwErrcode(answer, mask);
  if (response.status < 200 || response.status > 299) throw badAnswer(path, `HTTP ${response.status}`);
  return answer;
}

function describeBody({ data, headers }: AxiosResponse<Uint8Array>, mask: Redact): string {
  const type = mask((headers as Record<string, string | undefined>)['content-type'] ?? 'no type').slice(
    0,
    60,
  );
  return `${data.length} bytes (${type})`;
}

function throwErrcode(answer: unknown, mask: Redact): void {
  if (typeof answer !== 'object' || answer === null) return;
  const { errcode, errmsg } = answer as { errcode?: unknown; errmsg?: unknown };
  const code = numeric.safeParse(errcode).data;
  if (code) throw new WeChatAPIError(code, mask(typeof errmsg === 'string' ? errmsg : ''));
}

function check<T>(answer: unknown, schema: z.ZodType<T>, path: string): T {
  const result = schema.safeParse(answer);
  // WeChat's own order of the fields is kept, for whoever prints them.
  if (result.success) return { ...(answer as T), ...result.data };
  const faults = result.error.issues.map(
    ({ path: at, message }) => `${at.join('.') || 'the whole'}: ${message}`,
  );
  throw badAnswer(path, faults.join('; '));
}

function badAnswer(path: string, what: string): WechatAuthError {
  return new WechatAuthError(
    'bad_answer',
    `What answered ${path} is not WeChat: ${what}. Check \`endpoints\` and what stands between.`,
  );
}
