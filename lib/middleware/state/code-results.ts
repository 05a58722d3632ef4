/**
 * Lets a client that posts its code twice share one exchange: a double tap, or, with a session, a second try
 * after a response that was lost. WeChat accepts a code only once.
 */
import { isObject } from '../../is-object';
import { lazyCache, type LazyCache } from '../../lazy-cache';
import { hasSharedCache, type SharedCache } from '../../stores/shared-cache';
import type { TokenStore } from '../../stores/token-store';
import { acrossProcesses, isLogin, SHARED_MS } from './across-processes';
import type { CallbackResults } from './callback-results';
import { hash } from './hash';
import { newState } from './pending-logins';
import type { WechatSession } from './wechat-session';

/**
 * A finished login with a code. It holds no session key: only `onLogin` gets that, and it is stored nowhere.
 */
export interface CodeLogin {
  readonly login: WechatSession;
  /** Names the login: a logout ends it by this state. WeChat never sees it. */
  readonly state: string;
  /** A hash of what identifies the client that posted the code. */
  readonly client: string;
  /** Whether no other client can have the cookies of this one. */
  readonly hasSecret: boolean;
  /** When the exchange ended, in ms since 1970. */
  readonly at: number;
}

/** A code as a client posted it. */
export interface PostedCode {
  /** The code, and everything else on which the result depends. */
  readonly content: readonly string[];
  /** What identifies the client: its cookies, and its address as the peer and as proxies name it. */
  readonly client: readonly string[];
  /** Whether no other client can have its cookies: they name a session. */
  readonly hasSecret: boolean;
  /** The logins that the session of this request has finished. */
  readonly finishedStates: readonly string[];
}

interface CodeInProgress extends Pick<CodeLogin, 'state' | 'client' | 'hasSecret'> {
  /** When the first request with this code came to this process, in ms since 1970. */
  readonly since: number;
  isOver: boolean;
  readonly result: Promise<CodeLogin>;
  /** The result as JSON, from before the app could change it. Each further request gets a copy of its own. */
  readonly json: Promise<string>;
}

export class CodeResults {
  readonly #cache: SharedCache | undefined;
  readonly #callbackResults: CallbackResults;
  readonly #namespace: string;
  /** By a hash of the code and of everything else on which the result depends. */
  readonly #results: LazyCache<CodeInProgress>;

  constructor(
    store: TokenStore | undefined,
    callbacks: CallbackResults,
    {
      loginTimeout,
      namespace,
    }: {
      /** The lifetime of a pending login, in ms. A logout is remembered for as long. */
      readonly loginTimeout: number;
      /** As for CallbackResults. */
      readonly namespace: string;
    },
  ) {
    this.#cache = store && hasSharedCache(store) ? store : undefined;
    this.#callbackResults = callbacks;
    this.#namespace = namespace;
    const ttl = Math.min(SHARED_MS, loginTimeout);
    this.#results = lazyCache({ max: 10_000, ttl });
  }

  /**
   * Shares one exchange between the requests of one client: for a minute if its cookies named a session,
   * otherwise only with requests that came before the exchange ended, because many clients may have the same
   * address and no cookies. Another client that posts the same code may be an attacker who found it in a log.
   * It does not get the login: the code goes to WeChat again, which refuses it. A failure is not kept, and a
   * login that a logout has ended is not shared.
   *
   * @returns the login, and whether this request exchanged the code
   */
  async share(
    { content, client: identity, hasSecret, finishedStates }: PostedCode,
    steps: {
      /** Names the login in which this request takes part. */
      identify(state: string): void;
      /** Exchanges the code. */
      exchange(state: string): Promise<WechatSession>;
    },
  ): Promise<{ result: CodeLogin; isFirst: boolean }> {
    // Another app that shares the store may refuse this user.
    const key = hash([this.#namespace, ...content]);
    const client = hash(identity);
    const known = this.#results().get(key);
    const joins = known?.client === client && (known.hasSecret || !known.isOver);
    const { state, since } = joins
      ? known
      : { state: newState(0), since: known?.isOver === true ? Infinity : Date.now() };
    const run = { isFirst: false };
    const exchange = async (): Promise<CodeLogin> => {
      run.isFirst = true;
      return { login: await steps.exchange(state), state, client, hasSecret, at: Date.now() };
    };
    const mayShare = async (each: CodeLogin): Promise<boolean> =>
      ((each.client === client && (each.hasSecret || since <= each.at)) ||
        finishedStates.includes(each.state)) &&
      !(await this.#callbackResults.isLoggedOut(each.state, undefined));

    steps.identify(state);
    const started = known ?? this.#start(key, { client, state, hasSecret, since }, exchange);
    // The failure of another client is not reported to this one, which goes on with an exchange of its own.
    const result = await started.result.catch((error: unknown) => {
      if (started.client === client) throw error;
      return undefined;
    });
    if (result && run.isFirst) return { result, ...run };
    if (result && (await mayShare(result)))
      return { result: JSON.parse(await started.json) as CodeLogin, ...run };
    return { result: await exchange(), isFirst: true };
  }

  #start(
    key: string,
    poster: Pick<CodeInProgress, 'client' | 'state' | 'hasSecret' | 'since'>,
    exchange: () => Promise<CodeLogin>,
  ): CodeInProgress {
    const result = acrossProcesses(this.#cache, () => `client-code:${key}`, exchange, isCodeLogin);
    const json = result.then((login) => JSON.stringify(login));
    json.catch(() => undefined);
    const started = { ...poster, result, json, isOver: false };
    this.#results().set(key, started);
    result.then(
      () => (started.isOver = true),
      () => this.#results().delete(key),
    );
    return started;
  }
}

function isCodeLogin(record: unknown): record is CodeLogin {
  return isObject(record) && isLogin((record as Partial<CodeLogin>).login);
}
