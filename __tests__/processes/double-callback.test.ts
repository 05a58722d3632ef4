import { Browser, agree, type BrowserResponse } from '../support/browser';
import { exchangedCodes, redirectsToWechat } from '../support/login';
import { describeOnRedis } from '../support/redis';
import { IPHONE_WECHAT } from '../support/browsers/user-agents';
import { servedBy, startTwoApps, type TwoApps } from './two-apps';

interface CallbackPair {
  readonly browser: Browser;
  readonly responses: readonly BrowserResponse[];
  /** The codes that were exchanged, and how often onLogin was called. */
  readonly codes: readonly string[];
  readonly logins: number;
}

describeOnRedis('two simultaneous callbacks of one login, at two processes', () => {
  let apps: TwoApps;
  beforeAll(async () => {
    apps = await startTwoApps();
  });
  afterAll(() => apps.close());

  const callBackTwice = async (
    kind: 'same-code' | 'different-codes',
    before: () => unknown = () => undefined,
    { atOnce = true } = {},
  ): Promise<CallbackPair> => {
    const { emulator } = apps;
    const browser = Browser.inWechat(apps.url);
    const [codesBefore, loginsBefore] = [exchangedCodes(emulator).length, apps.logins()];
    const login = await browser.get('/login?returnTo=/me');
    emulator.switches.doubleCallback = kind;
    const addresses: (string | undefined)[] = [...(await emulator.authorizeTwice(login.location))];
    emulator.switches.doubleCallback = 'off';
    before();
    const open = (address = ''): Promise<BrowserResponse> => browser.get(address, { keepCookies: false });
    const responses: BrowserResponse[] = [];
    if (atOnce) responses.push(...(await Promise.all(addresses.map(open))));
    else for (const address of addresses) responses.push(await open(address));
    expect(new Set(responses.map(servedBy)).size).toBe(2);
    const codes = exchangedCodes(emulator).slice(codesBefore);
    return { browser, responses, codes, logins: apps.logins() - loginsBefore };
  };

  /** Continues the login in a browser that got only this one of the two responses. */
  const finishLogin = async (
    browser: Browser,
    response: BrowserResponse | undefined,
  ): Promise<BrowserResponse> => {
    if (!response) throw new Error('there were not two responses');
    const tab = new Browser(apps.url, IPHONE_WECHAT, await browser.jar.clone());
    for (const set of response.headers['set-cookie'] ?? []) tab.jar.setCookieSync(set, apps.url);
    let last = response;
    // A login may be restarted twice: see restartOf().
    for (let restarts = 0; redirectsToWechat(apps.emulator, last) && restarts < 2; restarts++)
      last = await tab.follow(await agree(apps.emulator, last.location));
    return last.status === 302 ? tab.follow(last.location) : last;
  };

  const kinds = ['same-code', 'different-codes'] as const;

  it.each(kinds.flatMap((kind) => [0, 300].map((delay) => ({ kind, delay }))))(
    'each log the browser in, with one onLogin, and one exchange for each code ($kind, WeChat responds $delay ms late)',
    async ({ kind, delay }) => {
      // WeChat marks the code as used at once, and responds late: if the other process exchanged it too,
      // WeChat would refuse the code before the first process gets its token.
      const late = (): unknown => delay > 0 && apps.emulator.fail('access_token', { delay });
      const { browser, responses, codes, logins } = await callBackTwice(kind, late);
      expect(responses.map(({ status, location }) => [status, location])).toEqual([
        [302, '/me#'],
        [302, '/me#'],
      ]);
      expect([codes.length, logins]).toEqual([kind === 'same-code' ? 1 : 2, 1]);
      for (const response of responses) {
        const me = await finishLogin(browser, response);
        expect([me.status, me.json()]).toEqual([200, expect.objectContaining({ nickname: '小明' })]);
      }
    },
  );

  it.each(kinds)('each log the browser in if one comes after the other has finished (%s)', async (kind) => {
    const { browser, responses, codes, logins } = await callBackTwice(kind, undefined, { atOnce: false });
    for (const response of responses) {
      expect([response.status, response.location]).toEqual([302, '/me#']);
      const me = await finishLogin(browser, response);
      expect([me.status, me.json()]).toEqual([200, expect.objectContaining({ nickname: '小明' })]);
    }
    expect([codes.length, logins]).toEqual([kind === 'same-code' ? 1 : 2, 1]);
  });

  it.each([true, false].flatMap((atOnce) => [0, 1].map((reached) => ({ atOnce, reached }))))(
    'log the browser in if WeChat refuses the first of two codes (at once: $atOnce, response $reached reaches the browser)',
    async ({ atOnce, reached }) => {
      const refuse = (): unknown => apps.emulator.fail('access_token', { errcode: 40029 }, { times: 1 });
      const { browser, responses } = await callBackTwice('different-codes', refuse, { atOnce });
      expect(responses.filter((each) => redirectsToWechat(apps.emulator, each))).toHaveLength(1);
      const me = await finishLogin(browser, responses[reached]);
      expect([me.status, me.json()]).toEqual([200, expect.objectContaining({ nickname: '小明' })]);
    },
  );

  it.each(kinds.flatMap((kind) => [0, 1].map((reached) => ({ kind, reached }))))(
    'restart the login together if WeChat refuses the code ($kind, response $reached reaches the browser)',
    async ({ kind, reached }) => {
      const times = kind === 'same-code' ? 1 : 2;
      const refuse = (): unknown => apps.emulator.fail('access_token', { errcode: 40029 }, { times });
      const { browser, responses, codes } = await callBackTwice(kind, refuse);
      expect(codes).toHaveLength(kind === 'same-code' ? 1 : 2);
      expect(new Set(responses.map(({ location }) => location)).size).toBe(1);
      const me = await finishLogin(browser, responses[reached]);
      expect([me.status, me.json()]).toEqual([200, expect.objectContaining({ nickname: '小明' })]);
    },
  );
});
