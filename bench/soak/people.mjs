// The people of a soak, each with a browser that is no more than a cookie and kept-alive connections.
import { once } from 'node:events';
import http from 'node:http';
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { URLSearchParams } from 'node:url';
import { drawFault, mayEndWith } from './faults.mjs';

const WECHAT =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.60';
const DESKTOP = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36';
/** An answer that takes longer hangs: every wait of ours ends before. */
const HANGS_MS = 45_000;
const MOST_HOPS = 8;

/** Something that must never happen, in words that can be counted. */
class Wrong extends Error {}

const CALLS_BACK_TWICE = /calls back (?:twice|again)/;
/** "invalid credential, access_token is invalid or not latest" */
const FORGOTTEN = 40_001;

export class People {
  #site;
  #tally;
  #random;
  #agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, timeout: 120_000 });

  /** @param site { ports, emulator, users, refusedUser, faultShare, isRedisAway() } */
  constructor(site, tally, random) {
    this.#site = site;
    this.#tally = tally;
    this.#random = random;
  }

  /** One person from the first page to the last: logs in, looks around, and now and then out, or in as somebody else. */
  async live(number, pages) {
    const { users, refusedUser, faultShare } = this.#site;
    const { act, ...ofWechat } = this.#random() < faultShare ? drawFault(this.#random) : {};
    const undo = ofWechat.call && this.#site.emulator.fail(ofWechat.call, ofWechat.fault);
    if (act ?? ofWechat.call) this.#tally.faults += 1;
    const user = act === 'is refused by the app' ? refusedUser : users[number % users.length].id;
    const browser = this.#browser(this.#random() < 0.2 ? DESKTOP : WECHAT);
    const awayBefore = this.#site.isRedisAway();
    try {
      const outcome = await this.#login(browser, user, act);
      this.#note(outcome, { act, isRedisAway: awayBefore || this.#site.isRedisAway() });
      if (outcome !== 'logged in') return;
      await this.#lookAround(browser, user, pages);
      const dice = this.#random();
      if (dice < 0.1) await this.#logOut(browser);
      else if (dice < 0.15) await this.#becomeAnother(browser, users[(number + 1) % users.length].id);
    } catch (error) {
      const what = error instanceof Wrong ? error.message : error.stack;
      const around = act ?? JSON.stringify(ofWechat.fault) ?? 'no fault';
      this.#tally.wrong(around, `${what}${wordsIn(browser.last)}`);
    } finally {
      undo?.();
    }
  }

  end() {
    this.#agent.destroy();
  }

  #note(outcome, around) {
    this.#tally.logins += 1;
    this.#tally.outcome(outcome);
    if (outcome !== 'logged in' && !mayEndWith(outcome, around)) throw new Wrong(`ended with ${outcome}`);
  }

  /** @returns 'logged in', or the code of the error that ended it */
  async #login(browser, user, act) {
    if (act === 'looks ahead') await browser.get('/login', { headers: { 'Sec-Purpose': 'prefetch' } });
    let answer = await browser.get('/login?returnTo=/me');
    if (act === 'loses the cookie of the login') browser.cookie = '';
    for (let hop = 0; hop < MOST_HOPS; hop++) {
      if (act === 'keeps no cookie at all') browser.cookie = '';
      const code = errorIn(answer);
      if (code !== undefined) return code;
      if (isEnd(answer, act)) {
        if (act === 'goes back to the callback' && browser.lastCallback !== undefined) {
          const again = await browser.get(browser.lastCallback);
          const code = errorIn(again);
          if (code !== undefined) return code;
          if (again.location !== '/me') throw new Wrong('the Back button led elsewhere');
        }
        if (act === 'loses the cookie of the callback' && hop === 1) {
          browser.cookie = '';
          answer = await browser.get('/login?returnTo=/me');
          continue;
        }
        return this.#isIn(browser, user);
      }
      // Only the process where a login began knows its page once the session is gone: at another one it ends at the root.
      if (answer.location === '/' && CALLS_BACK_TWICE.test(act)) return this.#isIn(browser, user);
      if (!answer.location.startsWith(this.#site.emulator.url))
        throw new Wrong(`was sent to ${answer.location.slice(0, 60)} (HTTP ${answer.status})`);
      answer = await this.#comeBack(browser, answer.location, user, hop === 0 ? act : undefined);
    }
    throw new Wrong(`still under way after ${MOST_HOPS} redirects`);
  }

  async #isIn(browser, user) {
    const answer = await browser.get('/me');
    const code = errorIn(answer);
    if (code !== undefined) return code;
    if (answer.status !== 200) throw new Wrong(`logged in, but /me says HTTP ${answer.status}`);
    this.#check(browser, answer, user);
    return 'logged in';
  }

  async #comeBack(browser, address, user, act) {
    const { emulator } = this.#site;
    const { switches } = emulator;
    if (act === 'refuses') {
      switches.denial = 'authdeny';
      const back = emulator.authorize(address, { user, allow: false });
      switches.denial = 'silent';
      // A PC that says no just stays on WeChat's page.
      const callback =
        (await back) ?? withParams(await emulator.authorize(address, { user }), { code: 'authdeny' });
      return browser.get(pathOf(callback));
    }
    if (act?.startsWith('calls back twice')) {
      switches.doubleCallback = act.endsWith('two codes') ? 'different-codes' : 'same-code';
      const both = emulator.authorizeTwice(address, { user });
      switches.doubleCallback = 'off';
      const [first, second = first] = await both;
      return this.#callTwice(browser, pathOf(first), pathOf(second));
    }
    let back = await emulator.authorize(address, { user });
    if (act === 'changes the state') back = withParams(back, { state: `1${'f'.repeat(32)}` });
    if (act === 'opens the callback of another') {
      const [stranger] = this.#site.users.filter(({ id }) => id !== user);
      const other = this.#browser(WECHAT);
      const sent = await other.get('/login');
      if (errorIn(sent) !== undefined) return sent;
      back = await emulator.authorize(sent.location, { user: stranger.id });
    }
    const path = pathOf(back);
    if (act === 'hangs up and calls back again') await browser.hangUp(path);
    browser.lastCallback = path;
    return browser.get(path);
  }

  /** Both at once; the browser keeps what only one of them brings. */
  async #callTwice(browser, first, second) {
    const before = browser.cookie;
    const answers = await Promise.all(
      [first, second].map(async (path) => {
        const twin = this.#browser(browser.userAgent, before);
        return { answer: await twin.get(path), cookie: twin.cookie };
      }),
    );
    const { answer, cookie } = answers[Math.floor(this.#random() * 2)];
    browser.cookie = cookie;
    return answer;
  }

  async #lookAround(browser, user, pages) {
    for (let page = 0; page < pages; page++) {
      const dice = this.#random();
      const path = dice < 0.01 ? '/profile' : dice < 0.02 ? '/token' : '/me';
      const away = this.#site.isRedisAway();
      const answer = await browser.get(path);
      this.#tally.guarded += 1;
      const code = errorIn(answer);
      if (code !== undefined) {
        this.#tally.refusal(code);
        if (!mayEndWith(code, { isRedisAway: away || this.#site.isRedisAway() }))
          throw new Wrong(`${path} said ${code}`);
        continue;
      }
      if (answer.status !== 200) throw new Wrong(`the login was lost: ${path} says HTTP ${answer.status}`);
      const { token } = this.#check(browser, answer, user);
      if (token !== undefined) await this.#checkToken(token, browser, user);
    }
  }

  /** Every answer must be about this very person. */
  #check(browser, answer, user) {
    const { emulator } = this.#site;
    const app = browser.userAgent === WECHAT ? emulator.apps.official : emulator.apps.website;
    const said = JSON.parse(answer.body);
    this.#tally.identities += 1;
    if (said.openid !== emulator.openid(user, app.appId)) throw new Wrong('is somebody else');
    return said;
  }

  /** Whose token it is, only WeChat can tell; faults are not for this question. */
  async #checkToken(token, browser, user) {
    const { emulator } = this.#site;
    const app = browser.userAgent === WECHAT ? emulator.apps.official : emulator.apps.website;
    const query = new URLSearchParams({ access_token: token, openid: emulator.openid(user, app.appId) });
    const { errcode } = await askJSON(`${emulator.url}/sns/auth?${query}`);
    this.#tally.identities += 1;
    // The emulator keeps the newest tokens only; an app that calls WeChat with such a one is given a fresh one (40001 heals).
    if (errcode === FORGOTTEN) this.#tally.outcome('a token the emulator has forgotten');
    else if (errcode !== 0)
      throw new Wrong(`has a token that WeChat does not know as theirs (errcode ${errcode})`);
  }

  async #logOut(browser) {
    const away = this.#site.isRedisAway();
    const isExcused = (code) =>
      code !== undefined && mayEndWith(code, { isRedisAway: away || this.#site.isRedisAway() });
    const out = await browser.get('/logout');
    if (isExcused(errorIn(out))) return;
    if (out.status !== 302) throw new Wrong(`logout says HTTP ${out.status}`);
    const answer = await browser.get('/me');
    if (isExcused(errorIn(answer))) return;
    if (answer.status === 200) throw new Wrong('is still in after logout');
    this.#tally.logouts += 1;
  }

  async #becomeAnother(browser, user) {
    const away = this.#site.isRedisAway();
    const outcome = await this.#login(browser, user, undefined);
    this.#note(outcome, { isRedisAway: away || this.#site.isRedisAway() });
    if (outcome === 'logged in') await this.#lookAround(browser, user, 2);
  }

  #browser(userAgent, cookie = '') {
    const browser = {
      userAgent,
      cookie,
      lastCallback: undefined,
      last: undefined,
      get: async (path, options) => {
        const answer = await this.#ask(browser, path, options);
        browser.last = answer;
        const [set] = answer.headers['set-cookie'] ?? [];
        if (set) browser.cookie = set.slice(0, set.indexOf(';'));
        return answer;
      },
      /** Sends a request and is gone before the answer. */
      hangUp: async (path) => {
        const request = http.request(this.#address(browser, path, { agent: false }));
        const closed = new Promise((resolve) => request.on('close', resolve).on('error', () => undefined));
        request.end();
        await sleep(this.#random() * 20);
        request.destroy();
        await closed;
      },
    };
    return browser;
  }

  #address({ userAgent, cookie }, path, { agent = this.#agent, headers } = {}) {
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

  #ask(browser, path, options) {
    return new Promise((resolve, reject) => {
      const request = http.get(this.#address(browser, path, options), (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => {
          clearTimeout(timer);
          const { statusCode: status, headers } = response;
          resolve({ status, headers, body, location: headers.location ?? '' });
        });
      });
      const timer = setTimeout(() => request.destroy(new Error(`no answer within ${HANGS_MS} ms`)), HANGS_MS);
      request.on('error', (error) => {
        clearTimeout(timer);
        reject(new Wrong(`${path.replace(/\?.*/, '')}: ${error.message}`));
      });
    });
  }
}

/** Where a login was to end only its session knows, and the process that it set out from: without both it ends at the root. */
const LOSE_THE_WAY = [
  'loses the cookie of the login',
  'keeps no cookie at all',
  'opens the callback of another',
];

function isEnd({ location }, act) {
  return location === '/me' || (location === '/' && LOSE_THE_WAY.includes(act));
}

async function askJSON(address) {
  const [response] = await once(http.get(address), 'response');
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return JSON.parse(body);
}

/** The kind of an error that the app told, on a page or in JSON. */
function errorIn({ status, body, location }) {
  if (status < 400) return undefined;
  const kind = /错误代码：(\w+)/.exec(body)?.[1] ?? jsonError(body);
  if (kind === undefined) throw new Wrong(`HTTP ${status} without a code${location && ' and a redirect'}`);
  if (/\W/.test(kind)) throw new Wrong(kind.slice(0, 300));
  return kind;
}

function jsonError(body) {
  try {
    return JSON.parse(body).error;
  } catch {
    return undefined;
  }
}

/** What a refusal said beside its code, for whoever looks for the cause. */
function wordsIn(answer) {
  if (answer === undefined || answer.status < 400) return '';
  const words = /<pre>(.*?)<\/pre>/s.exec(answer.body)?.[1] ?? answer.headers['x-reason'];
  return words === undefined ? '' : `: ${words.slice(0, 200)}`;
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
