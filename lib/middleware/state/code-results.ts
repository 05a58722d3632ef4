/**
 * Lets a client that posts its code twice share one exchange: a double tap, or a second try after a response
 * that got lost. WeChat accepts a code only once.
 */
import { lazyCache, type LazyCache } from '../../lazy-cache';
import { hasSharedCache, type SharedCache } from '../../stores/shared-cache';
import type { TokenStore } from '../../stores/token-store';
import { acrossProcesses, SHARED_MS } from './across-processes';
import type { CallbackResults } from './callback-results';
import { hash } from './hash';
import { newState } from './pending-logins';
import type { WechatSession } from './wechat-session';

/** A login with a code. It holds no session key: that is gone when `onLogin` has run. */
export interface CodeLogin {
  readonly login: WechatSession;
  /** Names the login: a logout ends it by this state. WeChat never sees it. */
  readonly state: string;
  /** A hash of what identifies the client that posted the code. */
  readonly client: string;
}

/** A code as a client posted it. */
export interface PostedCode {
  /** The code, and everything else on which the result depends. */
  readonly content: readonly string[];
  /** What identifies the client: its cookies, and its address as the peer and as proxies name it. */
  readonly client: readonly string[];
  /** The logins that the session of this request has finished. */
  readonly finishedStates: readonly string[];
}

interface CodeInProgress {
  readonly client: string;
  readonly state: string;
  readonly result: Promise<CodeLogin>;
}

export class CodeResults {
  readonly #cache: SharedCache | undefined;
  readonly #callbacks: CallbackResults;
  /** By a hash of the code. */
  readonly #results: LazyCache<CodeInProgress>;

  /** @param lifetime of a pending login, in ms: that is how long a logout is remembered */
  constructor(store: TokenStore | undefined, callbacks: CallbackResults, lifetime: number) {
    this.#cache = store && hasSharedCache(store) ? store : undefined;
    this.#callbacks = callbacks;
    const ttl = Math.min(SHARED_MS, lifetime);
    this.#results = lazyCache({ max: 10_000, ttl });
  }

  /**
   * Shares one exchange for a minute between the requests of one client. Whoever holds a code can prove to be
   * its user. So another client that posts it (an attacker who found it in a log) gets no share: its code goes to
   * WeChat, which refuses it. A failure is not kept, nor is a login that a logout has ended.
   *
   * @returns the login, and whether this request brought it about
   */
  async share(
    { content, client: identity, finishedStates }: PostedCode,
    steps: {
      /** Names the login in which this request takes part. */
      identify(state: string): void;
      /** Exchanges the code. */
      exchange(state: string): Promise<WechatSession>;
    },
  ): Promise<{ result: CodeLogin; isFirst: boolean }> {
    const key = hash(content);
    const client = hash(identity);
    const known = this.#results().get(key);
    const state = known?.client === client ? known.state : newState(0);
    const run = { isFirst: false };
    const exchange = async (): Promise<CodeLogin> => {
      run.isFirst = true;
      return { login: await steps.exchange(state), state, client };
    };
    const mayShare = async (each: CodeLogin): Promise<boolean> =>
      (each.client === client || finishedStates.includes(each.state)) &&
      !(await this.#callbacks.isLoggedOut(each.state, undefined));

    steps.identify(state);
    const started = known ?? this.#start(key, { client, state }, exchange);
    // A failure of another client tells this one nothing.
    const result = await started.result.catch((error: unknown) => {
      if (started.client === client) throw error;
      return undefined;
    });
    if (result && (run.isFirst || (await mayShare(result)))) return { result, ...run };
    return { result: await exchange(), isFirst: true };
  }

  #start(
    key: string,
    whose: Pick<CodeInProgress, 'client' | 'state'>,
    exchange: () => Promise<CodeLogin>,
  ): CodeInProgress {
    const result = acrossProcesses(this.#cache, `client-code:${key}`, exchange);
    const started = { ...whose, result };
    this.#results().set(key, started);
    result.catch(() => this.#results().delete(key));
    return started;
  }
}
