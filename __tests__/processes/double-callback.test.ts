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
  ): Promise<CallbackPair> => {
    const { emulator } = apps;
    const browser = Browser.inWechat(apps.url);
    const [codesBefore, loginsBefore] = [exchangedCodes(emulator).length, apps.logins()];
    const login = await browser.get('/login?returnTo=/me');
    emulator.switches.doubleCallback = kind;
    const addresses: (string | undefined)[] = [...(await emulator.authorizeTwice(login.location))];
    emulator.switches.doubleCallback = 'off';
    before();
    const responses = await Promise.all(
      addresses.map((address = '') => browser.get(address, { keepCookies: false })),
    );
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
    if (!redirectsToWechat(apps.emulator, response)) return tab.follow(response.location);
    return tab.follow(await agree(apps.emulator, response.location));
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
