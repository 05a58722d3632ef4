/**
 * Plays the actions of three browsers to the app and to the model. After each action both must have the same
 * result.
 */
import type { CookieJar } from 'tough-cookie';
import { Browser, type BrowserResponse } from '../../support/browser';
import { CODE_LIFETIME_MS, ERROR_KINDS, restartsLogin } from '../../support/contract';
import { exchangedCodes, paramIn } from '../../support/login';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../../support/browsers/user-agents';
import type { Action, Page, Prefetch } from './actions';
import type { Clock, FuzzApp } from './fuzz-app';
import { Model } from './model';
import {
  RESTARTABLE,
  type Cookie,
  type Expected,
  type Login,
  type Request,
  type Site,
  type Step,
} from './terms';
import { at, copyOf } from '../shared';

/** The people, with their nicknames as the app must store them. */
const PEOPLE = [
  { id: 'ming', nickname: '小明' },
  { id: 'dirty', nickname: '脏昵称' },
  { id: 'snapshot', nickname: '快照用户' },
] as const;
type Person = (typeof PEOPLE)[number];

const PAGES: Readonly<Record<Page, { site: Site; path: string; needs?: 'snsapi_userinfo' }>> = {
  me: { site: 'main', path: '/me' },
  full: { site: 'main', path: '/full', needs: 'snsapi_userinfo' },
  staff: { site: 'staff', path: '/staff/me' },
};
const USER_AGENTS = { wechat: IPHONE_WECHAT, desktop: DESKTOP_CHROME } as const;
const DAY_MS = 24 * 3_600_000;

interface Client {
  readonly userAgent: Request['userAgent'];
  readonly browser: Browser;
  cookie: Cookie;
}

/** A redirect to WeChat's page. */
interface Link {
  readonly from: Client;
  readonly site: Site;
  readonly address: string;
  readonly asked: Extract<Expected, { to: 'wechat' }>;
}

/** A callback that WeChat redirects a browser to. */
interface Callback {
  readonly site: Site;
  readonly url: string;
  readonly code: string;
  readonly state: string;
  readonly link: Link;
  readonly by?: { readonly person: Person; readonly fullService: boolean };
}

export class Scenario {
  readonly #app: FuzzApp;
  readonly #clock: Clock;
  readonly #model: Model;
  readonly #clients: readonly Client[];
  readonly #links: Link[] = [];
  readonly #callbacks: Callback[] = [];
  readonly #old: { readonly jar: CookieJar; readonly cookie: Cookie }[] = [];
  readonly #states = new Set<string>();
  #serial = 0;

  private constructor(app: FuzzApp, clock: Clock) {
    this.#app = app;
    this.#clock = clock;
    this.#model = new Model(app.storage);
    this.#clients = (['wechat', 'wechat', 'desktop'] as const).map((userAgent) => ({
      userAgent,
      browser: new Browser(app.url, USER_AGENTS[userAgent]),
      cookie: undefined,
    }));
  }

  /** @returns how often onLogin was called */
  static async play(app: FuzzApp, clock: Clock, actions: readonly Action[]): Promise<number> {
    // After a day, everything that an earlier scenario left in the process has expired.
    await clock.advance(DAY_MS);
    app.clear();
    const scenario = new Scenario(app, clock);
    for (const [index, action] of actions.entries()) {
      try {
        if (await scenario.#act(action)) await scenario.#compare();
      } catch (error) {
        throw new Error(`action ${index}, ${JSON.stringify(action)}: ${String(error)}`, { cause: error });
      }
    }
    return app.logins.length;
  }

  /** @returns whether the action happened: it is skipped if its link, callback or cookies do not exist */
  async #act(action: Action): Promise<boolean> {
    switch (action.do) {
      case 'open':
      case 'open by script':
        await this.#open(this.#client(action.browser), PAGES[action.page], action.do === 'open by script');
        return true;
      case 'agree':
        return this.#agree(
          at(this.#links, action.link),
          PEOPLE[action.person] ?? PEOPLE[0],
          action.fullService,
        );
      case 'refuse':
        return this.#refuse(at(this.#links, action.link), action.how);
      case 'call back':
        return this.#callBack(at(this.#callbacks, action.callback), action);
      case 'call back twice':
        return this.#callBackTwice(at(this.#callbacks, action.callback), action);
      case 'forge':
        return this.#forge(action);
      case 'prefetch':
        return this.#prefetch(at(this.#callbacks, action.callback), action);
      case 'log out':
        await this.#logOut(this.#client(action.browser), action.staff ? 'staff' : 'main', action.how);
        return true;
      case 'fill cart': {
        const client = this.#client(action.browser);
        await client.browser.get(`/cart/${++this.#serial}`);
        this.#keep(client, this.#model.fillCart(client.cookie, this.#serial));
        return true;
      }
      case 'delete cookies': {
        const client = this.#client(action.browser);
        client.browser.jar.removeAllCookiesSync();
        this.#keep(client, undefined);
        return true;
      }
      case 'restore cookies': {
        const old = at(this.#old, action.old);
        if (!old) return false;
        const client = this.#client(action.browser);
        client.browser.jar = copyOf(old.jar);
        this.#keep(client, old.cookie);
        return true;
      }
      case 'wait':
        this.#model.now += action.seconds * 1000;
        await this.#clock.advance(action.seconds * 1000);
        return true;
    }
  }

  /** The browser with this number; -1 is the browser that started the login of this callback. */
  #client(index: number, callback?: Callback): Client {
    const client = index < 0 ? callback?.link.from : this.#clients[index];
    if (!client) throw new Error(`There is no browser ${index}`);
    return client;
  }

  /** Keeps a copy of the browser's cookies, which a later action may restore. */
  #keep(client: Client, cookie: Cookie): void {
    client.cookie = cookie;
    this.#old.push({ jar: copyOf(client.browser.jar), cookie });
  }

  async #open(client: Client, page: (typeof PAGES)[Page], byScript: boolean): Promise<void> {
    const path = `${page.path}?${++this.#serial}`;
    const headers = byScript ? { Accept: 'application/json' } : {};
    const response = await client.browser.follow(path, { headers });
    const step = this.#model.openPage(requestOf(client, page.site, response), path, page.needs, byScript);
    this.#expect(client, page.site, response, step);
  }

  async #agree(link: Link | undefined, person: Person, fullService: boolean): Promise<boolean> {
    if (!link) return false;
    this.#callbacks.push(await this.#agreeAtWechat(link, { person, fullService }));
    return true;
  }

  /** Agrees at WeChat's page, and tells the model which code WeChat issued. */
  async #agreeAtWechat(link: Link, by: { person: Person; fullService: boolean }): Promise<Callback> {
    const { emulator } = this.#app;
    const { person, fullService } = by;
    const { account, scope } = link.asked;
    const appId = this.#app.appIdOf(account);
    const url = await emulator.authorize(link.address, { user: person.id, fullService });
    if (url === undefined) throw new Error('WeChat did not redirect to the callback');
    const code = paramIn(url, 'code');
    this.#model.codes.set(code, {
      account,
      scope,
      expiresAt: this.#model.now + CODE_LIFETIME_MS[account === 'website' ? 'website' : 'official'],
      virtual: account !== 'website' && person.id === 'snapshot' && scope !== 'snsapi_base' && !fullService,
      openid: emulator.openid(person.id, appId),
      unionid: emulator.unionid(person.id, appId),
      nickname: person.nickname,
      used: false,
    });
    return { site: link.site, url, code, state: paramIn(url, 'state'), link, by };
  }

  async #refuse(link: Link | undefined, how: 'silent' | 'state-only' | 'authdeny'): Promise<boolean> {
    if (!link || link.asked.scope === 'snsapi_base') return false;
    const { emulator } = this.#app;
    emulator.switches.denial = how;
    const url = await emulator.authorize(link.address, { allow: false });
    if (url === undefined) return false;
    const code = new URL(url).searchParams.get('code') ?? '';
    this.#callbacks.push({ site: link.site, url, code, state: paramIn(url, 'state'), link });
    return true;
  }

  async #callBack(
    callback: Callback | undefined,
    { browser, condition, keep }: Extract<Action, { do: 'call back' }>,
  ): Promise<boolean> {
    if (!callback) return false;
    const client = this.#client(browser, callback);
    const response = await this.#app.under(condition, () =>
      client.browser.get(callback.url, { keepCookies: keep }),
    );
    const request = requestOf(client, callback.site, response);
    const step = this.#model.callback(request, callback, condition);
    this.#expect(client, callback.site, response, keep ? step : { ...step, cookie: client.cookie });
    return true;
  }

  async #callBackTwice(
    callback: Callback | undefined,
    { browser, condition, codes, keep }: Extract<Action, { do: 'call back twice' }>,
  ): Promise<boolean> {
    if (!callback?.by) return false;
    const client = this.#client(browser, callback);
    const { site } = callback;
    if (!this.#model.isPending({ cookie: client.cookie, site }, callback)) return false;
    // With two codes, each is exchanged by itself: the result must not depend on which exchange ends first.
    if (codes === 'other' && !this.#model.isValidCode(callback.code)) return false;
    const second = codes === 'other' ? await this.#agreeAtWechat(callback.link, callback.by) : callback;
    const jars = [copyOf(client.browser.jar), copyOf(client.browser.jar)] as const;
    const tab = (jar: CookieJar): Browser => new Browser(this.#app.url, USER_AGENTS[client.userAgent], jar);
    const responses = await this.#app.under(condition, async () => {
      const firstHasArrived = this.#app.gate.arm();
      const first = tab(jars[0]).get(callback.url);
      await firstHasArrived;
      return Promise.all([first, tab(jars[1]).get(second.url)]);
    });
    const request = requestOf(client, site, responses[0]);
    const steps = this.#model.callbacksAtOnce(request, [callback, second], condition);
    for (const index of [0, 1] as const) {
      client.browser.jar = jars[index];
      this.#expect(client, site, responses[index], steps[index]);
    }
    // The browser keeps the cookies of the response that arrives last: it may be either.
    const kept = keep === 0 ? 0 : 1;
    client.browser.jar = jars[kept];
    this.#keep(client, steps[kept].cookie);
    return true;
  }

  async #forge(action: Extract<Action, { do: 'forge' }>): Promise<boolean> {
    const { browser, what } = action;
    const callback = at(this.#callbacks, action.callback);
    if (!callback) return false;
    const other = at(this.#callbacks, action.callback + 1) ?? callback;
    const client = this.#client(browser, callback);
    const { pathname, searchParams } = new URL(callback.url);
    const { code, state } = callback;
    const forged = {
      'another state': {
        state: state.replace(/^./, '0').replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')),
      },
      'a higher restart count': { state: state.replace(/^./, (digit) => String(Number(digit) + 1)) },
      'no state': { state: '' },
      ['__proto__']: { state: '__proto__' },
      'two states': {},
      'a list': {},
      "another callback's code": { code: other.code },
      'the other site': {},
    }[what];
    const sent = { code, state, ...forged };
    const isOther = what === 'the other site';
    const site = isOther ? (callback.site === 'main' ? 'staff' : 'main') : callback.site;
    const path = isOther ? (site === 'main' ? '/callback' : '/staff/callback') : pathname;
    searchParams.set('code', sent.code);
    searchParams.set('state', sent.state);
    if (what === 'two states') searchParams.append('state', sent.state);
    if (what === 'a list') searchParams.append('state[]', sent.state);
    const response = await client.browser.get(`${path}?${searchParams.toString()}`);
    const isMalformed = what === 'two states' || what === 'a list';
    const step: Step = isMalformed
      ? { expected: { to: 'error', kind: 'state_unknown' }, cookie: client.cookie }
      : this.#model.callback(requestOf(client, site, response), sent, 'healthy');
    this.#expect(client, site, response, step);
    return true;
  }

  async #prefetch(
    callback: Callback | undefined,
    { browser, at, how }: { browser: number; at: 'login' | 'callback' | 'logout'; how: Prefetch },
  ): Promise<boolean> {
    if (!callback) return false;
    const client = this.#client(browser);
    const path = at === 'callback' ? callback.url : `/${at}`;
    const purpose = how === 'prerender' ? 'prefetch;prerender' : 'prefetch';
    const response = await client.browser.request(
      path,
      how === 'HEAD' ? { method: 'HEAD' } : { headers: { 'Sec-Purpose': purpose } },
    );
    expect(response.headers['set-cookie']).toBeUndefined();
    const step: Step = { expected: { to: 'no content' }, cookie: client.cookie };
    this.#expect(client, callback.site, response, step);
    return true;
  }

  async #logOut(client: Client, site: Site, how: 'GET' | 'POST' | 'from another site'): Promise<void> {
    const isCrossSite = how === 'from another site';
    const response = await client.browser.request(site === 'main' ? '/logout' : '/staff/logout', {
      method: how === 'POST' ? 'POST' : 'GET',
      headers: isCrossSite ? { Referer: 'https://elsewhere.example/' } : {},
    });
    const step = this.#model.logout(requestOf(client, site, response), isCrossSite);
    this.#expect(client, site, response, step);
  }

  /**
   * Asserts that the response is the one that the model predicts, and records the cookie that it predicts.
   */
  #expect(client: Client, site: Site, response: BrowserResponse, { expected, cookie }: Step): void {
    expect(this.#inTerms(response)).toEqual(comparable(expected));
    if (expected.to !== 'page') expect(response.headers['cache-control']).toBe('no-store');
    if (response.location) expect(response.body).toBe('');
    if (new URL(response.url).pathname.endsWith('/callback'))
      expect(response.headers['referrer-policy']).toBe('no-referrer');
    this.#keep(client, cookie);
    if (expected.to !== 'wechat') return;
    this.#states.add(expected.state);
    this.#links.push({ from: client, site, address: response.location, asked: expected });
  }

  /** A response in the terms of the model. */
  #inTerms(response: BrowserResponse): object {
    const { status, location, body } = response;
    if (status === 204) return { to: 'no content' };
    if (location.startsWith(this.#app.emulator.url)) {
      const state = paramIn(location, 'state');
      const account = this.#app.accountOf(paramIn(location, 'appid'));
      const scope = paramIn(location, 'scope');
      return { to: 'wechat', state, isNew: !this.#states.has(state), account, scope };
    }
    if (location) return { to: 'path', path: location };
    if (status === 200 && body.startsWith('{')) return { to: 'page', user: userIn(response.json()) };
    if (status === 200 && body.includes('<svg')) return { to: 'open in WeChat' };
    if (status === 401) return { to: 'json', error: (response.json() as { error: unknown }).error };
    const code = /错误代码：(\w+)/.exec(body)?.[1];
    const kind = body.includes('使用完整服务') ? 'snapshot_user' : ERROR_KINDS.find((each) => each === code);
    if (kind === undefined) return { to: 'error', kind: `${status} ${body}` };
    return { to: 'error', kind: restartsLogin(kind) ? RESTARTABLE : kind };
  }

  /** Asserts that each browser's login, and the numbers of calls to WeChat and onLogin, are as predicted. */
  async #compare(): Promise<void> {
    for (const { browser, cookie } of this.#clients) {
      const response = await browser.get('/session', { keepCookies: false });
      const { wechat, staff, cart } = response.json() as Stored;
      const expected = this.#model.read(cookie);
      expect({ main: comparableLogin(wechat), staff: comparableLogin(staff), cart }).toEqual({
        main: this.#asStored(expected.main.login),
        staff: this.#asStored(expected.staff.login),
        cart: expected.cart,
      });
    }
    expect(exchangedCodes(this.#app.emulator)).toHaveLength(this.#model.exchanges);
    expect(this.#app.logins).toEqual(this.#model.logins);
    expect(this.#app.errors).toEqual([]);
  }

  #asStored(login: Login | undefined): object | undefined {
    if (!login) return undefined;
    const { account, openid, unionid, scope, nickname } = login;
    const flow = account === 'website' ? 'website' : 'official';
    return { appid: this.#app.appIdOf(account), openid, unionid, scope, flow, user: { openid, nickname } };
  }
}

interface Stored {
  readonly wechat?: Record<string, unknown>;
  readonly staff?: Record<string, unknown>;
  readonly cart?: number;
}

function comparableLogin(stored: Record<string, unknown> | undefined): object | undefined {
  return stored && { ...stored, user: userIn(stored['user']) };
}

function userIn(user: unknown): object {
  const { openid, nickname } = user as Record<string, unknown>;
  return { openid, nickname };
}

/** What the model predicts, in a form that a response can be compared with. */
function comparable(expected: Expected): object {
  if (expected.to !== 'page') return expected;
  return { to: 'page', user: userIn(expected.login) };
}

/**
 * The model's view of the request that got this response. If it redirects to WeChat, the redirect holds the
 * state that the app generated.
 */
function requestOf(client: Client, site: Site, { location }: BrowserResponse): Request {
  const generatedState = URL.canParse(location) ? paramIn(location, 'state') : '';
  return { cookie: client.cookie, site, userAgent: client.userAgent, generatedState };
}
