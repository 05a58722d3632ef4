// The users of a soak, each with a browser, which is only a cookie on shared kept-alive connections: the
// tests' browser (__tests__/support/browser.ts) is TypeScript, and its cookie jar costs more than a request.
import { once } from 'node:events';
import http from 'node:http';
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { URLSearchParams } from 'node:url';
import { drawFault, mayEndWith } from './faults.mjs';

const WECHAT =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.60';
const DESKTOP = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36';
/** Longer than any timeout of the library: after this time, no response will come. */
const RESPONSE_TIMEOUT_MS = 45_000;
const MAX_REDIRECTS = 8;

/** Something that must never happen; its message is counted. */
class Violation extends Error {}

const OPENS_CALLBACK_TWICE = /opens the callback twice|aborts the callback/;
/** The errcode for "invalid credential, access_token is invalid or not latest". */
const TOKEN_INVALID = 40_001;

export class People {
  #site;
  #tally;
  #random;
  #agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, timeout: 120_000 });

  /** @param site { ports, host, emulator, users, refusedUser, faultShare, isRedisAway() } */
  constructor(site, tally, random) {
    this.#site = site;
    this.#tally = tally;
    this.#random = random;
  }

  /**
   * Runs one user from login to last page. Some users log out at the end, and some log in as another user.
   */
  async live(number, pages) {
    const { users, refusedUser, faultShare } = this.#site;
    const { act, ...ofWechat } = this.#random() < faultShare ? drawFault(this.#random) : {};
    const undo = ofWechat.call && this.#site.emulator.fail(ofWechat.call, ofWechat.fault);
    if (act ?? ofWechat.call) this.#tally.faults += 1;
    const user = act === 'is refused by the app' ? refusedUser : users[number % users.length].id;
    const browser = this.#browser(this.#random() < 0.2 ? DESKTOP : WECHAT);
    const wasRedisAway = this.#site.isRedisAway();
    try {
      const result = await this.#login(browser, user, act);
      this.#count(result, { act, isRedisAway: wasRedisAway || this.#site.isRedisAway() });
      if (result !== 'logged in') return;
      await this.#openPages(browser, user, pages);
      const dice = this.#random();
      if (dice < 0.1) await this.#logOut(browser);
      else if (dice < 0.15) await this.#logInAsAnother(browser, users[(number + 1) % users.length].id);
    } catch (error) {
      const what = error instanceof Violation ? error.message : error.stack;
      const fault = act ?? JSON.stringify(ofWechat.fault) ?? 'no fault';
      this.#tally.violation(fault, `${what}${detailsIn(browser.last)}`);
    } finally {
      undo?.();
    }
  }

  end() {
    this.#agent.destroy();
  }

  #count(result, circumstances) {
    this.#tally.logins += 1;
    this.#tally.result(result);
    if (result !== 'logged in' && !mayEndWith(result, circumstances))
      throw new Violation(`the login ended with ${result}`);
  }

  /** @returns 'logged in', or the kind of the error that ended the login */
  async #login(browser, user, act) {
    if (act === 'prefetches the login')
      await browser.get('/login', { headers: { 'Sec-Purpose': 'prefetch' } });
    let response = await browser.get('/login?returnTo=/me');
    if (act === 'loses the cookie of the login') browser.cookie = '';
    for (let redirects = 0; redirects < MAX_REDIRECTS; redirects++) {
      if (act === 'keeps no cookie at all') browser.cookie = '';
      const kind = errorIn(response);
      if (kind !== undefined) return kind;
      if (isEnd(response, act)) {
        if (act === 'goes back to the callback' && browser.lastCallback !== undefined) {
          const again = await browser.get(browser.lastCallback);
          const kind = errorIn(again);
          if (kind !== undefined) return kind;
          if (again.location !== '/me') throw new Violation('the Back button did not lead to the page');
        }
        if (act === 'loses the cookie of the callback' && redirects === 1) {
          browser.cookie = '';
          response = await browser.get('/login?returnTo=/me');
          continue;
        }
        return this.#checkLogin(browser, user);
      }
      // Once the session is regenerated, only the process that started the login knows its return path:
      // another one sends the browser to the root.
      if (response.location === '/' && OPENS_CALLBACK_TWICE.test(act)) return this.#checkLogin(browser, user);
      if (!response.location.startsWith(this.#site.emulator.url))
        throw new Violation(`a redirect to ${response.location.slice(0, 60)} (HTTP ${response.status})`);
      response = await this.#agree(browser, response.location, user, redirects === 0 ? act : undefined);
    }
    throw new Violation(`the login did not end within ${MAX_REDIRECTS} redirects`);
  }

  async #checkLogin(browser, user) {
    const response = await browser.get('/me');
    const kind = errorIn(response);
    if (kind !== undefined) return kind;
    if (response.status !== 200)
      throw new Violation(`the login succeeded, but /me responds HTTP ${response.status}`);
    this.#checkIdentity(browser, response, user);
    return 'logged in';
  }

  /** Agrees or refuses at WeChat, requests the callback, and returns its response. */
  async #agree(browser, address, user, act) {
    const { emulator } = this.#site;
    const { switches } = emulator;
    if (act === 'refuses') {
      switches.denial = 'authdeny';
      const refusal = emulator.authorize(address, { user, allow: false });
      switches.denial = 'silent';
      // On a PC, a refusal stays on WeChat's page.
      const callback =
        (await refusal) ?? withParams(await emulator.authorize(address, { user }), { code: 'authdeny' });
      return browser.get(pathOf(callback));
    }
    if (act?.startsWith('opens the callback twice')) {
      switches.doubleCallback = act.endsWith('two codes') ? 'different-codes' : 'same-code';
      const both = emulator.authorizeTwice(address, { user });
      switches.doubleCallback = 'off';
      const [first, second = first] = await both;
      return this.#openBoth(browser, pathOf(first), pathOf(second));
    }
    let callback = await emulator.authorize(address, { user });
    if (act === 'changes the state') callback = withParams(callback, { state: `1${'f'.repeat(32)}` });
    if (act === "opens another browser's callback") {
      const [otherUser] = this.#site.users.filter(({ id }) => id !== user);
      const other = this.#browser(WECHAT);
      const redirect = await other.get('/login');
      if (errorIn(redirect) !== undefined) return redirect;
      callback = await emulator.authorize(redirect.location, { user: otherUser.id });
    }
    const path = pathOf(callback);
    if (act === 'aborts the callback and opens it again') await browser.abort(path);
    browser.lastCallback = path;
    return browser.get(path);
  }

  /** Opens both callbacks at once; the browser keeps the cookies of one response. */
  async #openBoth(browser, first, second) {
    const before = browser.cookie;
    const results = await Promise.all(
      [first, second].map(async (path) => {
        const tab = this.#browser(browser.userAgent, before);
        return { response: await tab.get(path), cookie: tab.cookie };
      }),
    );
    const { response, cookie } = results[Math.floor(this.#random() * 2)];
    browser.cookie = cookie;
    return response;
  }

  async #openPages(browser, user, pages) {
    for (let page = 0; page < pages; page++) {
      const dice = this.#random();
      const path = dice < 0.01 ? '/profile' : dice < 0.02 ? '/token' : '/me';
      const wasRedisAway = this.#site.isRedisAway();
      const response = await browser.get(path);
      this.#tally.guarded += 1;
      const kind = errorIn(response);
      if (kind !== undefined) {
        this.#tally.refusal(kind);
        if (!mayEndWith(kind, { isRedisAway: wasRedisAway || this.#site.isRedisAway() }))
          throw new Violation(`${path} responds ${kind}`);
        continue;
      }
      if (response.status !== 200)
        throw new Violation(`the login was lost: ${path} responds HTTP ${response.status}`);
      const { token } = this.#checkIdentity(browser, response, user);
      if (token !== undefined) await this.#checkToken(token, browser, user);
    }
  }

  /** Every response must be about this user. */
  #checkIdentity(browser, response, user) {
    const { emulator } = this.#site;
    const app = browser.userAgent === WECHAT ? emulator.apps.official : emulator.apps.website;
    const body = JSON.parse(response.body);
    this.#tally.identities += 1;
    if (body.openid !== emulator.openid(user, app.appId)) throw new Violation('another user is logged in');
    return body;
  }

  /** Asks WeChat whether the token belongs to this user. No fault hits /sns/auth. */
  async #checkToken(token, browser, user) {
    const { emulator } = this.#site;
    const app = browser.userAgent === WECHAT ? emulator.apps.official : emulator.apps.website;
    const query = new URLSearchParams({ access_token: token, openid: emulator.openid(user, app.appId) });
    const { errcode } = await getJSON(`${emulator.url}/sns/auth?${query}`);
    this.#tally.identities += 1;
    // The emulator keeps the newest tokens only; an app that calls WeChat with an older one refreshes it
    // (40001).
    if (errcode === TOKEN_INVALID) this.#tally.result('a token that the emulator no longer keeps');
    else if (errcode !== 0)
      throw new Violation(`the token does not belong to this user (errcode ${errcode})`);
  }

  async #logOut(browser) {
    const wasRedisAway = this.#site.isRedisAway();
    const isAllowed = (kind) =>
      kind !== undefined && mayEndWith(kind, { isRedisAway: wasRedisAway || this.#site.isRedisAway() });
    const logout = await browser.get('/logout');
    if (isAllowed(errorIn(logout))) return;
    if (logout.status !== 302) throw new Violation(`the logout responds HTTP ${logout.status}`);
    const response = await browser.get('/me');
    if (isAllowed(errorIn(response))) return;
    if (response.status === 200) throw new Violation('the user is still logged in after the logout');
    this.#tally.logouts += 1;
  }

  async #logInAsAnother(browser, user) {
    const wasRedisAway = this.#site.isRedisAway();
    const result = await this.#login(browser, user, undefined);
    this.#count(result, { isRedisAway: wasRedisAway || this.#site.isRedisAway() });
    if (result === 'logged in') await this.#openPages(browser, user, 2);
  }

  #browser(userAgent, cookie = '') {
    const browser = {
      userAgent,
      cookie,
      lastCallback: undefined,
      last: undefined,
      get: async (path, options) => {
        const response = await this.#request(browser, path, options);
        browser.last = response;
        const [set] = response.headers['set-cookie'] ?? [];
        if (set) browser.cookie = set.slice(0, set.indexOf(';'));
        return response;
      },
      /** Sends a request and closes the connection before the response. */
      abort: async (path) => {
        const request = http.request(this.#optionsOf(browser, path, { agent: false }));
        const closed = new Promise((resolve) => request.on('close', resolve).on('error', () => undefined));
        request.end();
        await sleep(this.#random() * 20);
        request.destroy();
        await closed;
      },
    };
    return browser;
  }

  #optionsOf({ userAgent, cookie }, path, { agent = this.#agent, headers } = {}) {
    const { ports, host } = this.#site;
    return {
      host: '127.0.0.1',
      port: ports[Math.floor(this.#random() * ports.length)],
      path,
      agent,
      headers: {
        // All processes are one site.
        Host: host,
        'User-Agent': userAgent,
        Accept: 'text/html',
        'Accept-Language': 'zh-CN',
        ...(cookie && { Cookie: cookie }),
        ...headers,
      },
    };
  }

  #request(browser, path, options) {
    return new Promise((resolve, reject) => {
      const request = http.get(this.#optionsOf(browser, path, options), (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => {
          clearTimeout(timer);
          const { statusCode: status, headers } = response;
          // A login inside WeChat ends at a path with an empty fragment.
          resolve({ status, headers, body, location: (headers.location ?? '').replace(/#$/, '') });
        });
      });
      const timer = setTimeout(
        () => request.destroy(new Error(`no response within ${RESPONSE_TIMEOUT_MS} ms`)),
        RESPONSE_TIMEOUT_MS,
      );
      request.on('error', (error) => {
        clearTimeout(timer);
        reject(new Violation(`${path.replace(/\?.*/, '')}: ${error.message}`));
      });
    });
  }
}

/**
 * Acts after which the login may end at the root: its return path is known only to its session and to the
 * process that started it, and the login may lose both.
 */
const LOSE_RETURN_PATH = [
  'loses the cookie of the login',
  'keeps no cookie at all',
  "opens another browser's callback",
];

function isEnd({ location }, act) {
  return location === '/me' || (location === '/' && LOSE_RETURN_PATH.includes(act));
}

async function getJSON(address) {
  const [response] = await once(http.get(address), 'response');
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return JSON.parse(body);
}

/** The kind of error that a response reports, on a page or in JSON. */
function errorIn({ status, body, location }) {
  if (status < 400) return undefined;
  const kind = /错误代码：(\w+)/.exec(body)?.[1] ?? kindInJSON(body);
  if (kind === undefined)
    throw new Violation(`HTTP ${status} without a kind of error${location && ', and with a redirect'}`);
  if (/\W/.test(kind)) throw new Violation(kind.slice(0, 300));
  return kind;
}

function kindInJSON(body) {
  try {
    return JSON.parse(body).error;
  } catch {
    return undefined;
  }
}

/** The details of an error response besides its kind, which help to find the cause. */
function detailsIn(response) {
  if (response === undefined || response.status < 400) return '';
  const details = /<pre>(.*?)<\/pre>/s.exec(response.body)?.[1] ?? response.headers['x-reason'];
  return details === undefined ? '' : `: ${details.slice(0, 200)}`;
}

function pathOf(address) {
  const { pathname, search } = new URL(address);
  return pathname + search;
}

function withParams(address, params) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  return url.href;
}
