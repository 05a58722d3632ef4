/**
 * All calls of the OAuth class to WeChat go through this file, which adds the time limit and the retry. It
 * puts no secret into an error or a log.
 */
import createDebug from 'debug';
import type { Cancellation } from '../../async/cancellation';
import { timers } from '../../async/timers';
import { isWechatError } from '../../errors';
import { redact } from '../../redact';
import type { ApiEndpoint } from '../endpoints';
import { agentsFor, type Agents } from './agents';
import { emulatorInProduction, requestFailed } from './call-errors';
import { withinLimits } from './call-limit';
import { chooseTransport } from './choose-transport';
import {
  resolveHttpOptions,
  timeoutOf,
  type ResolvedHttpOptions,
  type WechatHttpOptions,
} from './http-options';
import { readResponse, type Secrets } from './read-response';
import type * as schemas from './response-schemas';
import type { ResponseName, Responses } from './response-schemas';
import type { HttpResponse, Transport } from './transport';

const debug = createDebug('wechat-auth:api');

const LARGEST_BODY = 1024 * 1024;
const RETRY_DELAY_MS = { least: 50, most: 250 };

/**
 * The parameters of a call. An undefined one is sent empty, as in wechat-oauth, so that WeChat names the
 * missing parameter.
 */
export type Query = Readonly<Record<string, string | undefined>>;

/** One call to WeChat. */
export interface WechatCall<Name extends ResponseName> {
  readonly endpoint: ApiEndpoint;
  readonly query: Query;
  /** The schema that the response must match. */
  readonly expects: Name;
  /**
   * Whether to repeat the call once after a network failure or errcode -1. Never set for a code, which the
   * first attempt may have used up.
   */
  readonly retry?: boolean;
  /** Secrets that are not sent, and that a gateway may echo: it has seen them in earlier calls. */
  readonly knownSecrets?: () => Secrets;
}

export class WechatAPI {
  readonly #address: string;
  readonly #mayBeEmulated: boolean;
  readonly #check = responseCheck();
  #options!: ResolvedHttpOptions;
  #timeout!: number;
  #transport!: Transport;
  #connect!: () => Agents;
  #agents: Agents | undefined;

  constructor(address: string, options: WechatHttpOptions, mayBeEmulated: boolean) {
    this.#address = address;
    this.#mayBeEmulated = mayBeEmulated;
    this.setOptions(options);
  }

  setOptions(options: WechatHttpOptions): void {
    // Nothing is assigned before every option is checked: the app may catch the error, and go on.
    const timeout = timeoutOf(options);
    const resolved = resolveHttpOptions(options);
    this.#transport = chooseTransport(this.#address, resolved);
    this.#timeout = timeout;
    this.#options = resolved;
    this.useConnections(() => agentsFor(this.#address, this.#options));
  }

  /** Uses these agents until setOptions() is called. */
  useConnections(connect: () => Agents): void {
    this.#connect = connect;
    this.#agents = undefined;
  }

  /**
   * Calls WeChat once, or twice if the call may be repeated, within one time limit.
   *
   * @throws WeChatAPIError if the response has an errcode; otherwise WechatAuthError of kind `timeout`,
   * `network`, `bad_answer`, or `config` (a wrong option, or an emulator in production).
   */
  async call<Name extends ResponseName>(call: WechatCall<Name>): Promise<Responses[Name]> {
    const { path } = call.endpoint;
    const { client } = this.#transport;
    const started = Date.now();
    const limits = { ms: this.#timeout, appSignal: this.#options.signal, proxy: () => this.#agents?.proxy };
    try {
      const response = await withinLimits(limits, path, (cancellation) => this.#attempts(call, cancellation));
      debug('%s succeeded after %d ms (%s)', path, Date.now() - started, client);
      return response;
    } catch (error) {
      if (isWechatError(error))
        debug('%s failed after %d ms (%s): %s', path, Date.now() - started, client, error.kind);
      throw error;
    }
  }

  async #attempts<Name extends ResponseName>(
    call: WechatCall<Name>,
    cancellation: Cancellation,
  ): Promise<Responses[Name]> {
    try {
      return await this.#attempt(call, cancellation);
    } catch (error) {
      const isTransient = isWechatError(error) && (error.kind === 'network' || error.kind === 'busy');
      if (!call.retry || !isTransient) throw error;
    }
    const { least, most } = RETRY_DELAY_MS;
    await timers.sleep(least + Math.random() * (most - least), undefined, { signal: cancellation.signal });
    return await this.#attempt(call, cancellation);
  }

  async #attempt<Name extends ResponseName>(
    { endpoint, query, expects, knownSecrets }: WechatCall<Name>,
    cancellation: Cancellation,
  ): Promise<Responses[Name]> {
    const { path } = endpoint;
    const sent = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, asParameter(value)]),
    );
    const secrets = (): Secrets => [
      ...endpoint.secrets.map((name) => sent.get(name) ?? undefined),
      ...(knownSecrets?.() ?? []),
    ];
    let response: HttpResponse;
    try {
      this.#agents ??= this.#connect();
      response = await this.#transport.send({
        path: `${path}?${sent.toString()}`,
        cancellation,
        agents: this.#agents,
        largestBody: LARGEST_BODY,
      });
    } catch (error) {
      if (isWechatError(error)) throw error;
      const mask = (text: string): string => redact(text, secrets());
      throw requestFailed(error, path, { mask, proxy: this.#agents?.proxy });
    }
    this.#refuseEmulator(response);
    return readResponse(response, { endpoint, name: expects, check: this.#check, secrets });
  }

  /** An emulator logs anybody in as anybody, so production refuses it. It identifies itself by a header. */
  #refuseEmulator({ headers }: HttpResponse): void {
    if (headers['x-emulated-wechat'] === undefined || this.#mayBeEmulated) return;
    if (process.env['NODE_ENV'] === 'production') throw emulatorInProduction(this.#address);
  }
}

/** Valibot is loaded with the first instance, not with the package. */
function responseCheck(): schemas.CheckResponse {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late, and synchronously
  return (require('./response-schemas') as typeof schemas).checkResponse;
}

/**
 * JavaScript may pass anything, such as the array of a repeated `?code=`. A value that is neither a string
 * nor a number counts as missing.
 */
function asParameter(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
