// Attacks on the scan login: an attacker's code shown to a victim, a stolen address, a forged form, a flood.
import crypto from 'node:crypto';
import { createClient } from 'redis';
import { MAX_LISTS, TicketRecords } from '../../lib/middleware/scan/tickets/ticket-records';
import { MAX_RESULTS, Results } from '../../lib/middleware/scan/tickets/results';
import { Tickets } from '../../lib/middleware/scan/tickets/ticket';
import { RedisTokenStore } from '../../lib';
import { LocalCache } from '../../lib/stores/local-cache';
import { wechatAuth } from '../../lib';
import { emulated, startApp, type TestApp } from '../support/app';
import { Browser } from '../support/browser';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../support/browsers/user-agents';
import { emulator, useEmulator } from '../support/emulator';
import { describeOnRedis, startRedis } from '../support/redis';
import { FULL } from '../support/full';
import { isLoggedIn, sessionOf } from '../support/login';
import {
  ask,
  confirm,
  devices,
  formToken,
  scan,
  scanOptions,
  showCode,
  tap,
} from '../support/browsers/scan-login';
import { startMeasuredApp } from '../support/operations/measured-app';
import { SESSIONS, SESSION_NAMES } from '../support/sessions';

useEmulator();

let app: TestApp;
beforeAll(async () => {
  jest.spyOn(process, 'emitWarning').mockImplementation();
  app = await startApp(emulator, { auth: scanOptions() });
});
afterAll(async () => {
  jest.restoreAllMocks();
  await app.close();
});

describe('an attacker who shows her code to a victim', () => {
  it('gets nothing from a victim who only opens it, whatever the victim is logged in as', async () => {
    const { pc: attacker, phone: victim } = devices(app);
    await victim.logIn(emulator, '/me');
    const code = await showCode(attacker);
    const question = await victim.get(code.url);
    expect(question.body).toContain('如果二维码或链接是别人发给你的，请点「取消」');
    expect(await ask(attacker, code.statusURL)).toEqual({ status: 'scanned' });
    // A link to the same address, with everything that a form would send.
    await victim.get(`${code.url}?action=confirm&token=${formToken(question)}`);
    expect(await ask(attacker, code.statusURL)).toEqual({ status: 'scanned' });
    expect(await isLoggedIn(attacker)).toBe(false);
  });

  it('cannot send the victim to WeChat with a login that she confirmed on her own phone', async () => {
    const { pc: attacker, phone: victim } = devices(app);
    const herPhone = Browser.inWechat(app.url);
    const code = await showCode(attacker);
    const toWechat = (await tap(herPhone, await herPhone.get(code.url), 'confirm')).location;
    const callback = (await emulator.authorize(toWechat)) ?? '';
    const response = await victim.get(callback);
    expect(response.body).not.toContain('请回到电脑继续');
    expect(await ask(attacker, code.statusURL)).toEqual({ status: 'scanned' });
    expect(Object.keys(await sessionOf(victim))).not.toContain('wechat');
  });

  it('cannot post the form of the victim from her own site', async () => {
    const { pc: attacker, phone: victim } = devices(app);
    const code = await showCode(attacker);
    const question = await victim.get(code.url);
    const forged = async (headers: Record<string, string>, token = '') =>
      (
        await victim.request(code.url, {
          method: 'POST',
          headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
          body: `action=confirm&token=${token}`,
        })
      ).status;
    expect(await forged({ 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' })).toBe(403);
    expect(await forged({ 'Sec-Fetch-Site': 'same-site', Origin: 'https://sub.example' })).toBe(403);
    expect(await forged({ Origin: 'https://evil.example' }, formToken(question))).toBe(403);
    expect(await forged({ Origin: 'null' })).toBe(403);
    const hers = Browser.inWechat(app.url);
    expect(await forged({ Origin: 'null' }, formToken(await hers.get((await showCode(attacker)).url)))).toBe(
      403,
    );
    expect(await ask(attacker, code.statusURL)).toEqual({ status: 'scanned' });
  });

  it('cannot show the question in a frame, nor read the page of the PC in one', async () => {
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    for (const page of [await phone.get(code.url), await pc.get('/login')]) {
      expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(page.headers['x-frame-options']).toBe('DENY');
    }
  });

  it('gets nothing from the script of the page, which sends requests to its own origin only, and no messages', async () => {
    const { body, headers } = await devices(app).pc.get('/login');
    const scripts = [...body.matchAll(/<script[^>]*>([^]*?)<\/script>/g)].map(([, script = '']) => script);
    expect(scripts).toHaveLength(1);
    const [script = ''] = scripts;
    const hash = crypto.createHash('sha256').update(script).digest('base64');
    const policy = headers['content-security-policy'] ?? '';
    for (const directive of ["default-src 'none'", `script-src 'sha256-${hash}'`, "connect-src 'self'"])
      expect(String(policy).split('; ')).toContain(directive);
    expect(script).not.toMatch(/postMessage|'message'|opener|parent|innerHTML|eval|Function\(/);
  });
});

describe.each(SESSION_NAMES)('an attacker without the session of the PC, with %s', (session) => {
  it('gets nothing with the ticket, the number and the address of the poll', async () => {
    const own = await startApp(emulator, { session: SESSIONS[session](), auth: scanOptions() });
    const { pc, phone } = devices(own);
    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    for (const attacker of [Browser.onDesktop(own.url), Browser.inWechat(own.url)]) {
      await showCode(Browser.onDesktop(own.url));
      expect(await ask(attacker, code.statusURL)).toEqual({ status: 'expired' });
      await attacker.get(code.url);
      expect(await ask(attacker, code.statusURL)).toEqual({ status: 'expired' });
      expect(await isLoggedIn(attacker)).toBe(false);
    }
    expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
    await own.close();
  });
});

describe.each(SESSION_NAMES)(
  'a victim who logs in under another session key meanwhile, with %s',
  (session) => {
    let own: TestApp;
    const hooks = jest.fn();
    beforeEach(async () => {
      hooks.mockClear();
      own = await startApp(emulator, {
        session: SESSIONS[session](),
        auth: {
          ...scanOptions({ check: () => hooks('check') !== null }),
          onLogin: (_req, { user }) => void hooks(user.openid),
        },
        routes: (host) => {
          host.use('/shop', wechatAuth({ ...emulated(emulator), sessionKey: 'shop' }));
        },
      });
    });
    afterEach(() => own.close());

    /** The victim logs in under the other key in this browser, which keeps its User-Agent. */
    const logInToShop = async (browser: Browser): Promise<void> => {
      const inWechat = browser.as(IPHONE_WECHAT);
      await inWechat.logIn(emulator, '/shop/login', 'ming');
    };

    it.each([
      ['emoji', 'expired', 0],
      ['ming', 'confirmed', 2],
    ])('on the PC: what %s confirms is %s, and the hooks run %i times', async (user, status, times) => {
      const { pc, phone } = devices(own);
      const code = await showCode(pc);
      await scan(phone, emulator, code.url, user);
      await logInToShop(pc);
      expect(await ask(pc, code.statusURL)).toMatchObject({ status });
      expect(hooks).toHaveBeenCalledTimes(times);
      const { shop, wechat } = await sessionOf(pc);
      expect([shop !== undefined, wechat !== undefined]).toEqual([true, times > 0]);
    });

    it.each([
      ['emoji', 'scanned'],
      ['ming', 'confirmed'],
    ])('on the phone: what %s confirmed is %s', async (user, status) => {
      const { pc, phone } = devices(own);
      const code = await showCode(pc);
      const callback = await confirm(phone, emulator, code.url, user);
      await logInToShop(phone);
      expect((await phone.get(callback)).status).toBe(status === 'scanned' ? 400 : 200);
      expect(await ask(pc, code.statusURL)).toMatchObject({ status });
    });
  },
);

describe.each(SESSION_NAMES)('an attacker who planted the session of the PC, with %s', (session) => {
  it('cannot collect the login that the user starts in it, at any address', async () => {
    const own = await startApp(emulator, { session: SESSIONS[session](), auth: scanOptions() });
    const attacker = Browser.onDesktop(own.url);
    await showCode(attacker);
    const victim = Browser.onDesktop(own.url);
    victim.jar = attacker.jar.cloneSync() ?? victim.jar;
    const code = await showCode(victim);
    await scan(Browser.inWechat(own.url), emulator, code.url);
    for (const address of [code.statusURL, '/scan'])
      expect(await ask(attacker, address)).not.toMatchObject({ status: 'confirmed' });
    expect(await isLoggedIn(attacker)).toBe(false);
    expect(await ask(victim, code.statusURL)).toEqual({ status: 'confirmed', location: '/me' });
    await own.close();
  });
});

describe('an attacker who planted the session of the PC', () => {
  it('cannot swap the account after its user logged in', async () => {
    const attacker = Browser.onDesktop(app.url);
    const code = await showCode(attacker);
    const victim = new Browser(app.url, 'Mozilla/5.0 MicroMessenger', await attacker.jar.clone());
    await victim.logIn(emulator, '/me');
    await scan(Browser.inWechat(app.url), emulator, code.url, 'emoji');
    expect(await ask(victim, code.statusURL)).toEqual({ status: 'expired' });
    expect(((await victim.get('/me')).json() as { nickname: string }).nickname).toBe('小明');
    expect(await ask(attacker, code.statusURL)).toEqual({ status: 'expired' });
  });

  it('cannot make a phone finish her login after its user logged in', async () => {
    const { pc: attacker } = devices(app);
    const herPhone = Browser.inWechat(app.url);
    const code = await showCode(attacker);
    const callback = await confirm(herPhone, emulator, code.url);
    const victim = new Browser(app.url, 'Mozilla/5.0 MicroMessenger', await herPhone.jar.clone());
    await victim.logIn(emulator, '/me');
    await victim.get(callback);
    expect(await ask(attacker, code.statusURL)).toEqual({ status: 'scanned' });
  });
});

describeOnRedis('a phone that opens its ticket again and again, with Redis', () => {
  it('takes no lock: other tickets are in the same list', async () => {
    const redis = await startRedis();
    const client = await createClient({ url: redis.url }).connect();
    const tokenStore = new RedisTokenStore(client);
    const own = await startApp(emulator, { auth: { ...scanOptions(), tokenStore } });
    const commands = (['get', 'pSetEx', 'del', 'eval'] as const).map((name) => jest.spyOn(client, name));
    const sent = (): number[] => commands.map((command) => command.mock.calls.length);
    try {
      const { pc, phone } = devices(own);
      const code = await showCode(pc);
      const question = await phone.get(code.url);
      const before = sent();
      for (let at = 0; at < 10; at++) await phone.get(code.url);
      await tap(phone, question, 'confirm');
      // For each of the 11 requests: the list, and whether there is a result.
      expect(sent().map((count, at) => count - (before[at] ?? 0))).toEqual([22, 0, 0, 0]);
    } finally {
      await own.close();
      await client.close();
      await redis.close();
    }
  });
});

/** A cache that counts what it holds, and how often it was locked. */
class CountedCache extends LocalCache {
  readonly sizes = new Map<string, number>();
  locks = 0;

  override lock<T>(key: string, work: () => Promise<T>): Promise<T> {
    this.locks += 1;
    return super.lock(key, work);
  }

  override async writeCache(key: string, entry: unknown, ttlMs: number): Promise<void> {
    await super.writeCache(key, entry, ttlMs);
    this.sizes.set(key, JSON.stringify(entry).length);
  }
}

describe('a flood', () => {
  /** A name is a hash, so that names spread evenly over the lists. */
  const name = (at: number): string =>
    crypto.createHash('sha256').update(String(at)).digest('hex').slice(0, 32);
  const RESULT = {
    user: { openid: 'o' },
    token: { access_token: 't', expires_in: 7_200, openid: 'o', create_at: 0 },
    openid: 'o',
    scope: 'snsapi_base',
    phone: { ip: '', socket: { remoteAddress: '' }, headers: {} },
  };

  it('of 20,000 open codes fills a fixed number of lists, and displaces no result', async () => {
    const cache = new CountedCache(MAX_LISTS + MAX_RESULTS);
    const records = new TicketRecords(cache);
    const results = new Results(cache, records, false);
    await results.keep(name(0), RESULT);
    for (let at = 1; at <= 20_000; at++) await records.take(name(at), 'a phone with an id of its own');
    const stored = [...cache.sizes.values()].reduce((sum, size) => sum + size, 0);
    expect(cache.sizes.size).toBeLessThanOrEqual(MAX_LISTS + 1);
    expect(stored).toBeLessThan(2_500_000);
    expect(await records.read(name(20_000))).toMatchObject({ others: 0 });
    expect(await results.collect(name(0), undefined)).toMatchObject({ openid: 'o' });
  });

  it('of requests for one ticket locks its list, which holds tickets of others, only to change it', async () => {
    const cache = new CountedCache(MAX_LISTS);
    const records = new TicketRecords(cache);
    const locksOf = async (work: () => Promise<unknown>): Promise<number> => {
      const before = cache.locks;
      for (let at = 0; at < 20; at++) await work();
      return cache.locks - before;
    };
    expect(await locksOf(() => records.take(name(1), 'phone'))).toBe(1);
    expect(await locksOf(() => records.end(name(2), 'cancelled'))).toBe(1);
    expect(await locksOf(() => records.take(name(2), 'phone'))).toBe(0);
    // The tenth other phone ends the ticket.
    expect(await locksOf(() => records.take(name(1), 'other phones'))).toBe(10);
    expect(await records.take(name(1), 'phone')).toMatchObject({ phone: 'phone', others: 10, end: 'over' });
  });

  it('of requests for a new ticket at once changes it once for each phone', async () => {
    const records = new TicketRecords(new LocalCache(MAX_LISTS));
    const phones = ['a', 'b', 'b', 'a', 'c'].map((phone) => records.take(name(1), phone));
    expect((await Promise.all(phones)).map(({ phone }) => phone)).toEqual(Array(5).fill('a'));
    expect(await records.read(name(1))).toMatchObject({ phone: 'a', others: 3 });
  });

  it('of finished logins is refused before it pushes one out, and for a minute only', async () => {
    const results = new Results(
      new LocalCache(MAX_RESULTS),
      new TicketRecords(new LocalCache(MAX_LISTS)),
      false,
    );
    for (let at = 0; at < MAX_RESULTS; at++) await results.keep(name(at), RESULT);
    await expect(results.keep(name(MAX_RESULTS), RESULT)).rejects.toMatchObject({ kind: 'busy' });
    expect(await results.isKept(name(0))).toBe(true);
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 61_000);
    // The cache looks at the clock once in a millisecond.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await results.keep(name(MAX_RESULTS), RESULT);
    expect(await results.isKept(name(MAX_RESULTS))).toBe(true);
    jest.mocked(Date.now).mockRestore();
  });

  const CODES = FULL ? 20_000 : 2_000;

  it(`of ${CODES} codes keeps a few hundred bytes of each at most, and leaves the code of another user waiting for its scan`, async () => {
    const measured = await startMeasuredApp(emulator, { auth: { scanLogin: true } });
    const { official } = emulator.apps;
    const tickets = new Tickets(official, 'wechat tap');
    const pc = { headers: { 'User-Agent': DESKTOP_CHROME } };
    const flood = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at++) {
        if (at % 10 === 0) await measured.send('/login', pc);
        const state = `0${crypto.randomBytes(16).toString('hex')}`;
        const { text } = tickets.issue(state, '', 'snsapi_base', 300_000);
        expect((await measured.send(`/scan/${text}`)).status).toBe(200);
      }
    };
    try {
      await flood(200);
      const before = await measured.heap();
      const shown = await measured.send('/login', pc);
      await flood(CODES);
      expect((await measured.heap()) - before).toBeLessThan(1_000_000 + CODES * 500);
      const status = await measured.send('/scan', { headers: { ...pc.headers, Cookie: shown.cookies } });
      expect(JSON.parse(status.body)).toEqual({ status: 'waiting' });
    } finally {
      await measured.close();
    }
  }, 300_000);
});
