/** The only way to WeChat: one call, its time limit and its retry. No secret leaves this file in an error or a log. */
import { setTimeout as sleep } from 'node:timers/promises';
import createDebug from 'debug';
import { WeChatAPIError, WechatAuthError, isWechatError } from '../../errors';
import { agentsFor, type Agents } from './agents';
import { integerOf, readJSON } from './read-json';
import type * as answers from './answer-schemas';
import type * as axiosRequest from './axios-request';
import {
  resolveHttpOptions,
  timeoutOf,
  type WechatHttpOptions,
  type ResolvedHttpOptions,
} from './http-options';
import { plainSender, type HttpResponse, type Transport } from './node-request';
import { redact } from '../../redact';
import { Stop } from './stop';

const debug = createDebug('wechat-auth:api');

const LARGEST_BODY = 1024 * 1024;
const RETRY_DELAY_MS = { least: 50, most: 250 };

export interface CallOptions {
  /** Once more on a network failure or `-1`. Never for a code: it may be spent. */
  readonly retry?: boolean;
}

export class WechatAPI {
  readonly #origin: string;
  readonly #mayBeEmulated: boolean;
  readonly #known = knownAnswers();
  #options!: ResolvedHttpOptions;
  #timeout!: number;
  #send!: Transport;
  #agents: Agents | undefined;

  constructor(origin: string, options: WechatHttpOptions, mayBeEmulated = false) {
    this.#origin = origin;
    this.#mayBeEmulated = mayBeEmulated;
    this.setOptions(options);
  }

  setOptions(options: WechatHttpOptions): void {
    this.#timeout = timeoutOf(options);
    this.#options = resolveHttpOptions(options);
    this.#send = plainSender(this.#origin, this.#options) ?? senderOfAxios(this.#origin, this.#options);
    this.#agents = undefined;
  }

  /**
   * Asks WeChat once, or twice where it may be repeated, within one time limit.
   *
   * @throws WeChatAPIError where WeChat answers an errcode, else WechatAuthError of kind `timeout`, `network` or `bad_answer`.
   */
  async call<Name extends keyof answers.Answers>(
    path: string,
    query: Query,
    expected: Name,
    { retry = false }: CallOptions = {},
  ): Promise<answers.Answers[Name]> {
    const started = Date.now();
    const limits = { ms: this.#timeout, appSignal: this.#options.signal };
    try {
      const answer = await within(limits, path, (stop) => this.#attempts(path, query, retry, stop));
      const valid = this.#check(answer, expected, path);
      debug('%s answered after %d ms', path, Date.now() - started);
      return valid;
    } catch (error) {
      if (isWechatError(error)) debug('%s failed after %d ms: %s', path, Date.now() - started, error.kind);
      throw error;
    }
  }

  async #attempts(path: string, query: Query, retry: boolean, stop: Stop): Promise<unknown> {
    try {
      return await this.#attempt(path, query, stop);
    } catch (error) {
      const again = retry && isWechatError(error) && (error.kind === 'network' || error.kind === 'busy');
      if (!again) throw error;
    }
    const { least, most } = RETRY_DELAY_MS;
    await sleep(least + Math.random() * (most - least), undefined, { signal: stop.signal });
    return await this.#attempt(path, query, stop);
  }

  async #attempt(path: string, query: Query, stop: Stop): Promise<unknown> {
    const sent = Object.entries(query).map(([name, value]): [string, string] => [name, asParameter(value)]);
    const mask: Redact = (text) => redact(text, secretsIn(sent));
    let response: HttpResponse;
    try {
      this.#agents ??= agentsFor(this.#origin, this.#options);
      response = await this.#send({
        path: `${path}?${new URLSearchParams(sent).toString()}`,
        stop,
        agents: this.#agents,
        largestBody: LARGEST_BODY,
      });
    } catch (error) {
      throw isWechatError(error) ? error : unreachable(error, path, mask);
    }
    if (!this.#mayBeEmulated) refuseEmulator(response, this.#origin);
    return parseResponse(response, path, mask);
  }

  #check<Name extends keyof answers.Answers>(
    answer: unknown,
    expected: Name,
    path: string,
  ): answers.Answers[Name] {
    const { success, data, error } = this.#known[expected].safeParse(answer);
    // WeChat's own order of the fields is kept, for whoever prints them.
    if (success) return { ...(answer as object), ...data } as answers.Answers[Name];
    const faults = error.issues.map(({ path: at, message }) => `${at.join('.') || 'the whole'}: ${message}`);
    throw notFromWechat(path, faults.join('; '));
  }
}

/* eslint-disable @typescript-eslint/no-require-imports -- zod and axios take longer to load than all the rest together */
function knownAnswers(): typeof answers.ANSWERS {
  return (require('./answer-schemas') as typeof answers).ANSWERS;
}

function senderOfAxios(address: string, options: ResolvedHttpOptions): Transport {
  return (require('./axios-request') as typeof axiosRequest).axiosSender(address, options);
}
/* eslint-enable @typescript-eslint/no-require-imports */

/** The emulator logs anybody in as anybody, and says of itself that it is one. */
function refuseEmulator({ headers }: HttpResponse, origin: string): void {
  if (process.env['NODE_ENV'] !== 'production' || headers['x-emulated-wechat'] === undefined) return;
  throw new WechatAuthError(
    'config',
    `What answers at ${origin} is an emulated WeChat, and NODE_ENV is production: anybody could log in as anybody. Take \`endpoints\` (or WECHAT_API_URL and WECHAT_OPEN_URL) away; for a closed test system set dangerouslyAllowEmulatorInProduction: true.`,
  );
}

/** What is sent: undefined ones as empty, as wechat-oauth does, so that WeChat itself names what is missing. */
export type Query = Readonly<Record<string, string | undefined>>;

const SECRET_PARAMETERS = new Set(['secret', 'code', 'js_code', 'access_token', 'refresh_token']);

function secretsIn(sent: readonly (readonly [string, string])[]): string[] {
  return sent.flatMap(([name, value]) => (SECRET_PARAMETERS.has(name) ? [value] : []));
}

/** JavaScript may pass anything, such as the array of a repeated `?code=`: what is no text counts as missing. */
function asParameter(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

type Redact = (text: string) => string;

interface Limits {
  /** 0 is none. */
  readonly ms: number;
  readonly appSignal: ResolvedHttpOptions['signal'];
}

/** Settles in time, or when the app ends it, whatever happens below: a name lookup, for one, cannot be aborted. */
function within<T>({ ms, appSignal }: Limits, path: string, work: (stop: Stop) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = new Stop();
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void =>
      end(endedByApp(path, (appSignal as Partial<AbortSignal> | undefined)?.reason));
    const settle = (): void => {
      clearTimeout(timer);
      appSignal?.removeEventListener?.('abort', onAbort);
    };
    const end = (error: WechatAuthError): void => {
      settle();
      reject(error);
      stop.come();
    };
    if (appSignal?.aborted) {
      onAbort();
      return;
    }
    appSignal?.addEventListener?.('abort', onAbort);
    if (ms > 0) timer = setTimeout(() => end(timedOut(ms, path)), ms);
    work(stop).finally(settle).then(resolve, reject);
  });
}

function timedOut(ms: number, path: string): WechatAuthError {
  return new WechatAuthError(
    'timeout',
    `WeChat did not answer ${path} within ${ms} ms. Try again, or raise \`timeout\`.`,
  );
}

function endedByApp(path: string, reason: unknown): WechatAuthError {
  const kind = (reason as Error | undefined)?.name === 'TimeoutError' ? 'timeout' : 'network';
  return new WechatAuthError(kind, `The app ended the call to ${path} (\`signal\` of its http options).`);
}

function unreachable(error: unknown, path: string, mask: Redact): WechatAuthError {
  const { message, code = '' } = error as NodeJS.ErrnoException;
  // Several addresses that all refuse (AggregateError) leave no message.
  const what = mask(message || code);
  // A plain copy: the error of axios carries the address, and the address the secret.
  const cause = Object.assign(new Error(what), { code });
  if (code === 'ERR_CANCELED') return endedByApp(path, undefined);
  if (WRONG_OPTION.test(code)) {
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
    `WeChat was not reached for ${path}: ${what}. Check DNS, proxy, firewall and certificates of this machine.`,
    { cause },
  );
}

/** axios's and Node's words for what no network can cause. */
const WRONG_OPTION = /^ERR_(BAD_OPTION|INVALID_|NOT_SUPPORT|UNKNOWN_)/;

/** Too large, no HTTP, or not what its content encoding says. */
const NO_ANSWER_OF_WECHAT = /maxContentLength|^HPE_|^Z(STD)?_|^ERR__ERROR_FORMAT|^ERR_BR/i;

function parseResponse(response: HttpResponse, path: string, mask: Redact): unknown {
  let answer: unknown;
  try {
    answer = readJSON(response.data);
  } catch {
    throw notFromWechat(path, `HTTP ${response.status} with ${describeBody(response, mask)} instead of JSON`);
  }
  throwErrcode(answer, mask);
  if (response.status < 200 || response.status > 299) throw notFromWechat(path, `HTTP ${response.status}`);
  return answer;
}

function describeBody({ data, headers }: HttpResponse, mask: Redact): string {
  const { 'content-type': type } = headers;
  return `${data.length} bytes (${typeof type === 'string' ? mask(type).slice(0, 60) : 'no type'})`;
}

function throwErrcode(answer: unknown, mask: Redact): void {
  if (typeof answer !== 'object' || answer === null) return;
  const { errcode, errmsg } = answer as { errcode?: unknown; errmsg?: unknown };
  const code = integerOf(errcode);
  if (code) throw new WeChatAPIError(code, mask(typeof errmsg === 'string' ? errmsg : ''));
}

function notFromWechat(path: string, what: string): WechatAuthError {
  return new WechatAuthError(
    'bad_answer',
    `What answered ${path} is not WeChat: ${what}. Check \`endpoints\` and what stands between.`,
  );
}
