import { Browser, agree, type BrowserResponse } from '../support/browser';
import { exchanged, goesToWechat } from '../support/login';
import { hasRedis } from '../support/redis';
import { IPHONE_WECHAT } from '../support/browsers/user-agents';
import { servedBy, startTwoApps, type TwoApps } from './two-apps';

const describeOnRedis = hasRedis() ? describe : describe.skip;

interface Hits {
  readonly browser: Browser;
  readonly answers: readonly BrowserResponse[];
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
  ): Promise<Hits> => {
    const { emulator } = apps;
    const browser = Browser.inWechat(apps.url);
    const [codesBefore, loginsBefore] = [exchanged(emulator).length, apps.logins()];
    const login = await browser.get('/login?returnTo=/me');
    emulator.switches.doubleCallback = kind;
    const addresses: (string | undefined)[] = [...(await emulator.authorizeTwice(login.location))];
    emulator.switches.doubleCallback = 'off';
    before();
    const answers = await Promise.all(
      addresses.map((address = '') => browser.get(address, { keepCookies: false })),
    );
    expect(new Set(answers.map(servedBy)).size).toBe(2);
    const codes = exchanged(emulator).slice(codesBefore);
    return { browser, answers, codes, logins: apps.logins() - loginsBefore };
  };

  /** The browser that got only one of the responses, until its login ends. */
  const goOn = async (browser: Browser, answer: BrowserResponse | undefined): Promise<BrowserResponse> => {
    if (!answer) throw new Error('there were not two answers');
    const tab = new Browser(apps.url, IPHONE_WECHAT, await browser.jar.clone());
    for (const set of answer.headers['set-cookie'] ?? []) tab.jar.setCookieSync(set, apps.url);
    if (!goesToWechat(apps.emulator, answer)) return tab.follow(answer.location);
    return tab.follow(await agree(apps.emulator, answer.location));
  };

  const kinds = ['same-code', 'different-codes'] as const;

  it.each(kinds.flatMap((kind) => [0, 300].map((delay) => ({ kind, delay }))))(
    'each log the browser in, with one onLogin, and one exchange for each code ($kind, WeChat responds $delay ms late)',
    async ({ kind, delay }) => {
      // The code is used up, and the other process would learn that long before the first one gets its token.
      const late = (): unknown => delay > 0 && apps.emulator.fail('access_token', { delay });
      const { browser, answers, codes, logins } = await callBackTwice(kind, late);
      expect(answers.map(({ status, location }) => [status, location])).toEqual([
        [302, '/me'],
        [302, '/me'],
      ]);
      expect([codes.length, logins]).toEqual([kind === 'same-code' ? 1 : 2, 1]);
      for (const answer of answers) {
        const me = await goOn(browser, answer);
        expect([me.status, me.json()]).toEqual([200, expect.objectContaining({ nickname: '小明' })]);
      }
    },
  );

  it.each(kinds.flatMap((kind) => [0, 1].map((reached) => ({ kind, reached }))))(
    'restart the login together if WeChat refuses the code ($kind, response $reached reaches the browser)',
    async ({ kind, reached }) => {
      const times = kind === 'same-code' ? 1 : 2;
      const refuse = (): unknown => apps.emulator.fail('access_token', { errcode: 40029 }, { times });
      const { browser, answers, codes } = await callBackTwice(kind, refuse);
      expect(codes).toHaveLength(kind === 'same-code' ? 1 : 2);
      expect(new Set(answers.map(({ location }) => location)).size).toBe(1);
      const me = await goOn(browser, answers[reached]);
      expect([me.status, me.json()]).toEqual([200, expect.objectContaining({ nickname: '小明' })]);
    },
  );
});
