/** An afternoon of three browsers: each action happens to the app and to the model, and both must agree on what came of it. */
import type { CookieJar } from 'tough-cookie';
import { Browser, type Answer } from '../../support/browser';
import { exchanged, paramIn } from '../../support/login';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../../support/user-agents';
import type { Action, Look, Page } from './actions';
import type { Clock, Ground } from './ground';
import { Model } from './model';
import { AGAIN, type Cookie, type Expected, type Login, type Site, type Step, type Visit } from './words';

/** As the app must know them. */
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
const MINUTE = 60_000;

interface Client {
  readonly agent: Visit['agent'];
  readonly browser: Browser;
  cookie: Cookie;
}

interface Link {
  readonly from: Client;
  readonly site: Site;
  readonly address: string;
  readonly asked: Extract<Expected, { to: 'wechat' }>;
}

interface Return {
  readonly site: Site;
  readonly url: string;
  readonly code: string;
  readonly state: string;
  readonly link: Link;
  readonly by?: { readonly person: Person; readonly fullService: boolean };
}

export class Afternoon {
  readonly #ground: Ground;
  readonly #clock: Clock;
  readonly #model: Model;
  readonly #clients: readonly Client[];
  readonly #links: Link[] = [];
  readonly #returns: Return[] = [];
  readonly #old: { readonly jar: CookieJar; readonly cookie: Cookie }[] = [];
  readonly #states = new Set<string>();
  #serial = 0;

  private constructor(ground: Ground, clock: Clock) {
    this.#ground = ground;
    this.#clock = clock;
    this.#model = new Model(ground.storage);
    this.#clients = (['wechat', 'wechat', 'desktop'] as const).map((agent) => ({
      agent,
      browser: new Browser(ground.url, USER_AGENTS[agent]),
      cookie: undefined,
    }));
  }

  /** @returns how many logins came to onLogin. */
  static async live(ground: Ground, clock: Clock, actions: readonly Action[]): Promise<number> {
    // Whatever an earlier one left in the process is too old by then.
    await clock.advance(24 * 60 * MINUTE);
    ground.clear();
    const afternoon = new Afternoon(ground, clock);
    for (const [index, action] of actions.entries()) {
      try {
        if (await afternoon.#act(action)) await afternoon.#compare();
      } catch (error) {
        throw new Error(`action ${index}, ${JSON.stringify(action)}: ${String(error)}`, { cause: error });
      }
    }
    return ground.logins.length;
  }

  async #act(action: Action): Promise<boolean> {
    switch (action.do) {
      case 'open':
      case 'ask by script':
        await this.#open(this.#client(action.browser), PAGES[action.page], action.do === 'ask by script');
        return true;
      case 'agree':
        return this.#agree(
          pick(this.#links, action.link),
          PEOPLE[action.person] ?? PEOPLE[0],
          action.fullService,
        );
      case 'refuse':
        return this.#refuse(pick(this.#links, action.link), action.how);
      case 'call back':
        return this.#callBack(pick(this.#returns, action.answer), action);
      case 'call back twice':
        return this.#callBackTwice(pick(this.#returns, action.answer), action);
      case 'forge':
        return this.#forge(action);
      case 'look ahead':
        return this.#lookAhead(pick(this.#returns, action.answer), action);
      case 'log out':
        await this.#logOut(this.#client(action.browser), action.staff ? 'staff' : 'main', action.how);
        return true;
      case 'put in cart': {
        const client = this.#client(action.browser);
        await client.browser.get(`/cart/${++this.#serial}`);
        this.#keep(client, this.#model.fill(client.cookie, this.#serial));
        return true;
      }
      case 'lose cookies': {
        const client = this.#client(action.browser);
        client.browser.jar.removeAllCookiesSync();
        this.#keep(client, undefined);
        return true;
      }
      case 'copy back': {
        const old = pick(this.#old, action.old);
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

  /** By its number; -1 is the browser that set out for this callback. */
  #client(index: number, back?: Return): Client {
    const client = index < 0 ? back?.link.from : this.#clients[index];
    if (!client) throw new Error(`There is no browser ${index}`);
    return client;
  }

  /** The browser's cookies are now these; they may be copied back one day. */
  #keep(client: Client, cookie: Cookie): void {
    client.cookie = cookie;
    this.#old.push({ jar: copyOf(client.browser.jar), cookie });
  }

  async #open(client: Client, page: (typeof PAGES)[Page], byScript: boolean): Promise<void> {
    const path = `${page.path}?${++this.#serial}`;
    const headers = byScript ? { Accept: 'application/json' } : {};
    const answer = await client.browser.follow(path, { headers });
    const step = this.#model.open(visit(client, page.site, answer), path, page.needs, byScript);
    this.#expect(client, page.site, answer, step);
  }

  async #agree(link: Link | undefined, person: Person, fullService: boolean): Promise<boolean> {
    if (!link) return false;
    this.#returns.push(await this.#goThrough(link, { person, fullService }));
    return true;
  }

  /** What the person does at WeChat's page; the model hears of the code. */
  async #goThrough(link: Link, by: { person: Person; fullService: boolean }): Promise<Return> {
    const { emulator } = this.#ground;
    const { person, fullService } = by;
    const { account, scope } = link.asked;
    const appId = this.#ground.appIdOf(account);
    const url = await emulator
      .authorize(link.address, { user: person.id, fullService })
      .then((back) => back ?? Promise.reject(new Error('WeChat did not come back')));
    const code = paramIn(url, 'code');
    this.#model.codes.set(code, {
      account,
      scope,
      expiresAt: this.#model.now + (account === 'website' ? 10 : 5) * MINUTE,
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
    const { emulator } = this.#ground;
    emulator.switches.denial = how;
    const url = await emulator.authorize(link.address, { allow: false });
    if (url === undefined) return false;
    const code = new URL(url).searchParams.get('code') ?? '';
    this.#returns.push({ site: link.site, url, code, state: paramIn(url, 'state'), link });
    return true;
  }

  async #callBack(back: Return | undefined, action: Extract<Action, { do: 'call back' }>): Promise<boolean> {
    if (!back) return false;
    const client = this.#client(action.browser, back);
    const answer = await this.#ground.in(action.mood, () =>
      client.browser.get(back.url, { keepCookies: action.keep }),
    );
    const step = this.#model.callback(visit(client, back.site, answer), back, action.mood);
    this.#expect(client, back.site, answer, action.keep ? step : { ...step, cookie: client.cookie });
    return true;
  }

  async #callBackTwice(
    back: Return | undefined,
    action: Extract<Action, { do: 'call back twice' }>,
  ): Promise<boolean> {
    if (!back?.by) return false;
    const client = this.#client(action.browser, back);
    if (!this.#model.isUnderWay({ cookie: client.cookie, site: back.site }, back.state)) return false;
    const second = action.codes === 'other' ? await this.#goThrough(back.link, back.by) : back;
    const jars = [copyOf(client.browser.jar), copyOf(client.browser.jar)] as const;
    const tab = (jar: CookieJar): Browser => new Browser(this.#ground.url, USER_AGENTS[client.agent], jar);
    const answers = await this.#ground.in(action.mood, async () => {
      const firstIsHere = this.#ground.gate.arm();
      const asked = tab(jars[0]).get(back.url);
      await firstIsHere;
      return Promise.all([asked, tab(jars[1]).get(second.url)]);
    });
    const steps = this.#model.together(visit(client, back.site, answers[0]), [back, second], action.mood);
    for (const index of [0, 1] as const) {
      client.browser.jar = jars[index];
      this.#expect(client, back.site, answers[index], steps[index]);
    }
    // The browser may keep either answer, whichever came later.
    const kept = action.keep === 0 ? 0 : 1;
    client.browser.jar = jars[kept];
    this.#keep(client, steps[kept].cookie);
    return true;
  }

  async #forge({ browser, answer: index, what }: Extract<Action, { do: 'forge' }>): Promise<boolean> {
    const back = pick(this.#returns, index);
    if (!back) return false;
    const other = pick(this.#returns, index + 1) ?? back;
    const client = this.#client(browser, back);
    const { pathname, searchParams } = new URL(back.url);
    const forged = {
      'another state': {
        state: back.state.replace(/^./, '0').replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')),
      },
      'a digit more': { state: back.state.replace(/^./, (digit) => String(Number(digit) + 1)) },
      'no state': { state: '' },
      ['__proto__']: { state: '__proto__' },
      'two states': {},
      'a list': {},
      "another answer's code": { code: other.code },
      'the other site': {},
    }[what];
    const sent = { code: back.code, state: back.state, ...forged };
    const isOther = what === 'the other site';
    const site = isOther ? (back.site === 'main' ? 'staff' : 'main') : back.site;
    const path = isOther ? (site === 'main' ? '/callback' : '/staff/callback') : pathname;
    searchParams.set('code', sent.code);
    searchParams.set('state', sent.state);
    if (what === 'two states') searchParams.append('state', sent.state);
    if (what === 'a list') searchParams.append('state[]', sent.state);
    const answer = await client.browser.get(`${path}?${searchParams.toString()}`);
    const isRefused = what === 'two states' || what === 'a list';
    const step: Step = isRefused
      ? { expected: { to: 'error', kind: 'state_unknown' }, cookie: client.cookie }
      : this.#model.callback(visit(client, site, answer), sent, 'well');
    this.#expect(client, site, answer, step);
    return true;
  }

  async #lookAhead(
    back: Return | undefined,
    { browser, at, how }: { browser: number; at: 'login' | 'callback' | 'logout'; how: Look },
  ): Promise<boolean> {
    if (!back) return false;
    const client = this.#client(browser);
    const path = at === 'callback' ? back.url : `/${at}`;
    const purpose = how === 'prerender' ? 'prefetch;prerender' : 'prefetch';
    const answer = await client.browser.request(
      path,
      how === 'HEAD' ? { method: 'HEAD' } : { headers: { 'Sec-Purpose': purpose } },
    );
    expect(answer.headers['set-cookie']).toBeUndefined();
    this.#expect(client, back.site, answer, { expected: { to: 'nothing' }, cookie: client.cookie });
    return true;
  }

  async #logOut(client: Client, site: Site, how: 'GET' | 'POST' | 'from another site'): Promise<void> {
    const answer = await client.browser.request(site === 'main' ? '/logout' : '/staff/logout', {
      method: how === 'POST' ? 'POST' : 'GET',
      headers: how === 'from another site' ? { Referer: 'https://elsewhere.example/' } : {},
    });
    const step = this.#model.logout(visit(client, site, answer), how === 'from another site');
    this.#expect(client, site, answer, step);
  }

  /** The answer is the one that was foretold, and the browser holds what the model says. */
  #expect(client: Client, site: Site, answer: Answer, { expected, cookie }: Step): void {
    expect(this.#seen(answer)).toEqual(told(expected));
    if (expected.to !== 'page') expect(answer.headers['cache-control']).toBe('no-store');
    if (answer.location) expect(answer.body).toBe('');
    if (new URL(answer.url).pathname.endsWith('/callback'))
      expect(answer.headers['referrer-policy']).toBe('no-referrer');
    this.#keep(client, cookie);
    if (expected.to !== 'wechat') return;
    this.#states.add(expected.state);
    this.#links.push({ from: client, site, address: answer.location, asked: expected });
  }

  /** What an answer is, in the words of the model. */
  #seen(answer: Answer): object {
    const { status, location, body } = answer;
    if (status === 204) return { to: 'nothing' };
    if (location.startsWith(this.#ground.emulator.url)) {
      const state = paramIn(location, 'state');
      const account = this.#ground.accountOf(paramIn(location, 'appid'));
      const scope = paramIn(location, 'scope');
      return { to: 'wechat', state, isNew: !this.#states.has(state), account, scope };
    }
    if (location) return { to: 'path', path: location };
    if (status === 200 && body.startsWith('{')) return { to: 'page', user: named(answer.json()) };
    if (status === 200 && body.includes('<svg')) return { to: 'open in WeChat' };
    if (status === 401) return { to: 'json', error: (answer.json() as { error: unknown }).error };
    const kind = body.includes('使用完整服务') ? 'snapshot_user' : /错误代码：(\w+)/.exec(body)?.[1];
    if (kind === undefined) return { to: 'error', kind: `${status} ${body}` };
    return { to: 'error', kind: AGAIN.includes(kind) ? AGAIN : kind };
  }

  /** Every browser is logged in as the model says, and WeChat and the app were asked as often as it says. */
  async #compare(): Promise<void> {
    for (const { browser, cookie } of this.#clients) {
      const { wechat, staff, cart } = (
        await browser.get('/session', { keepCookies: false })
      ).json() as Stored;
      const expected = this.#model.read(cookie);
      expect({ main: kept(wechat), staff: kept(staff), cart }).toEqual({
        main: this.#stored(expected.main.login),
        staff: this.#stored(expected.staff.login),
        cart: expected.cart,
      });
    }
    expect(exchanged(this.#ground.emulator)).toHaveLength(this.#model.exchanges);
    expect(this.#ground.logins).toEqual(this.#model.logins);
    expect(this.#ground.errors).toEqual([]);
  }

  #stored(login: Login | undefined): object | undefined {
    if (!login) return undefined;
    const { account, openid, unionid, scope, nickname } = login;
    const flow = account === 'website' ? 'website' : 'official';
    return { appid: this.#ground.appIdOf(account), openid, unionid, scope, flow, user: { openid, nickname } };
  }
}

interface Stored {
  readonly wechat?: Record<string, unknown>;
  readonly staff?: Record<string, unknown>;
  readonly cart?: number;
}

function kept(stored: Record<string, unknown> | undefined): object | undefined {
  return stored && { ...stored, user: named(stored['user']) };
}

function named(user: unknown): object {
  const { openid, nickname } = user as Record<string, unknown>;
  return { openid, nickname };
}

/** What the model foretells, in words that an answer can be compared with. */
function told(expected: Expected): object {
  if (expected.to !== 'page') return expected;
  return { to: 'page', user: named(expected.login) };
}

/** What WeChat's page is asked for by this answer: a state that only this answer can tell. */
function visit(client: Client, site: Site, { location }: Answer): Visit {
  const minted = URL.canParse(location) ? paramIn(location, 'state') : '';
  return { cookie: client.cookie, site, agent: client.agent, minted };
}

function copyOf(jar: CookieJar): CookieJar {
  const copy = jar.cloneSync();
  if (!copy) throw new Error('The cookies cannot be copied');
  return copy;
}

/** Counted from the latest. */
function pick<T>(list: readonly T[], back: number): T | undefined {
  return list.at(-1 - back);
}
