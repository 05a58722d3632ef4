import { worksIn } from '../../../lib/oauth/flows';
import { browserKind } from '../../../lib/middleware/http/user-agent';
import { startApp, type TestApp } from '../../support/app';
import { Browser } from '../../support/browser';
import * as agents from '../../support/browsers/user-agents';
import { emulator, useEmulator } from '../../support/emulator';

/** The end of the login route: a page of WeChat, or our page that says where to log in. */
type End = 'official' | 'website' | 'in WeChat' | 'on a computer';

interface Row {
  readonly kind: 'wechat' | 'computer' | 'phone';
  /** With an official account and a website app; with one of them alone. */
  readonly ends: Readonly<Record<'both' | 'official' | 'website', End>>;
}

const IN_WECHAT: Row = {
  kind: 'wechat',
  ends: { both: 'official', official: 'official', website: 'on a computer' },
};
const ON_COMPUTER: Row = {
  kind: 'computer',
  ends: { both: 'website', official: 'in WeChat', website: 'website' },
};
const ON_PHONE: Row = {
  kind: 'phone',
  ends: { both: 'in WeChat', official: 'in WeChat', website: 'website' },
};

const APPLE = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const CHROMIUM = 'AppleWebKit/537.36 (KHTML, like Gecko)';

const ROWS: readonly (readonly [name: string, userAgent: string, row: Row])[] = [
  ['WeChat on an iPhone', agents.IPHONE_WECHAT, IN_WECHAT],
  ['WeChat on Android', agents.ANDROID_WECHAT, IN_WECHAT],
  ['WeChat on Windows', agents.WINDOWS_WECHAT, IN_WECHAT],
  [
    'WeChat on a Mac',
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${CHROMIUM} Chrome/132.0.0.0 Safari/537.36 MicroMessenger/6.8.0(0x16080000) NetType/WIFI MacWechat/3.8.10(0x13080a11) XWEB/1227 Flue`,
    IN_WECHAT,
  ],
  [
    'WeChat on HarmonyOS',
    `Mozilla/5.0 (Phone; OpenHarmony 5.0) ${CHROMIUM} Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile MicroMessenger/8.0.13.55(0xF3800D37) NetType/WIFI Language/zh_CN`,
    IN_WECHAT,
  ],
  [
    'WeChat on an iPad',
    `Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) ${APPLE} Mobile/15E148 MicroMessenger/8.0.50(0x1800323c) NetType/WIFI Language/zh_CN`,
    IN_WECHAT,
  ],
  ['a web-view of a mini program', agents.MINI_PROGRAM_WEB_VIEW, IN_WECHAT],
  [
    "WeChat's developer tools",
    `Mozilla/5.0 (iPhone; CPU iPhone OS 15_0 like Mac OS X) ${APPLE} Version/15.0 Mobile/15E148 Safari/604.1 wechatdevtools/1.06.2412050 MicroMessenger/8.0.5 Language/zh_CN webview/`,
    IN_WECHAT,
  ],
  ['WeCom on an iPhone', agents.WECOM, ON_PHONE],
  [
    'WeCom on Android',
    `Mozilla/5.0 (Linux; Android 14; 22021211RC Build/UKQ1; wv) ${CHROMIUM} Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 wxwork/4.1.32 MicroMessenger/7.0.1 NetType/WIFI Language/zh Lang/zh ColorScheme/Light`,
    ON_PHONE,
  ],
  [
    'WeCom on Windows',
    `Mozilla/5.0 (Windows NT 10.0; WOW64) ${CHROMIUM} Chrome/122.0.0.0 Safari/537.36 wxwork/4.1.33 (MicroMessenger/6.2) WindowsWechat  MailPlugin_Electron WeMail embeddisk wwmver/3.26.33.609`,
    ON_COMPUTER,
  ],
  [
    'WeCom on a Mac',
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${APPLE} wxwork/4.1.30 (MicroMessenger/6.2) WeMail Version/mac`,
    ON_COMPUTER,
  ],
  [
    'HarmonyOS on a phone',
    `Mozilla/5.0 (Phone; OpenHarmony 5.0) ${CHROMIUM} Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.0.4.300`,
    ON_PHONE,
  ],
  [
    'HarmonyOS on a tablet',
    `Mozilla/5.0 (Tablet; OpenHarmony 5.0) ${CHROMIUM} Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.0.4.300`,
    ON_COMPUTER,
  ],
  [
    'HarmonyOS on a PC',
    `Mozilla/5.0 (PC; OpenHarmony 5.0) ${CHROMIUM} Chrome/132.0.0.0 Safari/537.36 ArkWeb/5.0.0.36`,
    ON_COMPUTER,
  ],
  [
    'HarmonyOS 4 on a phone',
    `Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN01; HMSCore 6.13.0.302) ${CHROMIUM} Chrome/99.0.4844.88 HuaweiBrowser/14.0.5.303 Mobile Safari/537.36`,
    ON_PHONE,
  ],
  [
    'HarmonyOS 4 on a tablet',
    `Mozilla/5.0 (Linux; Android 12; HarmonyOS; DBY-W09; HMSCore 6.13.0.302) ${CHROMIUM} Chrome/99.0.4844.88 HuaweiBrowser/14.0.5.303 Safari/537.36`,
    ON_COMPUTER,
  ],
  [
    'Safari on an iPad that asks for desktop sites',
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${APPLE} Version/18.5 Safari/605.1.15`,
    ON_COMPUTER,
  ],
  [
    'Safari on an iPad that asks for mobile sites',
    `Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) ${APPLE} Version/17.5 Mobile/15E148 Safari/604.1`,
    ON_COMPUTER,
  ],
  [
    'Chrome on an Android tablet',
    `Mozilla/5.0 (Linux; Android 14; SM-X910) ${CHROMIUM} Chrome/138.0.0.0 Safari/537.36`,
    ON_COMPUTER,
  ],
  [
    'Firefox on an Android tablet',
    'Mozilla/5.0 (Android 14; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0',
    ON_COMPUTER,
  ],
  ['Safari on an iPhone', agents.PHONE_SAFARI, ON_PHONE],
  [
    'Safari on an iPod',
    `Mozilla/5.0 (iPod touch; CPU iPhone OS 15_8 like Mac OS X) ${APPLE} Version/15.6 Mobile/15E148 Safari/604.1`,
    ON_PHONE,
  ],
  [
    'Chrome on an iPhone',
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${APPLE} CriOS/138.0.7204.119 Mobile/15E148 Safari/604.1`,
    ON_PHONE,
  ],
  [
    'Chrome on an Android phone',
    `Mozilla/5.0 (Linux; Android 10; K) ${CHROMIUM} Chrome/138.0.0.0 Mobile Safari/537.36`,
    ON_PHONE,
  ],
  [
    'Firefox on an Android phone',
    'Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0',
    ON_PHONE,
  ],
  [
    'QQ Browser on an Android phone',
    `Mozilla/5.0 (Linux; U; Android 13; zh-cn; M2102K1C Build/TKQ1) ${CHROMIUM} Version/4.0 Chrome/109.0.5414.86 MQQBrowser/15.1 Mobile Safari/537.36 COVC/046517`,
    ON_PHONE,
  ],
  ['Chrome on Windows', agents.DESKTOP_CHROME, ON_COMPUTER],
  [
    'Edge on Windows',
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROMIUM} Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0`,
    ON_COMPUTER,
  ],
  ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', ON_COMPUTER],
  [
    'the 360 browser on Windows',
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROMIUM} Chrome/132.0.0.0 Safari/537.36 QIHU 360SE`,
    ON_COMPUTER,
  ],
  ['no browser we know', '', ON_COMPUTER],
];

describe('browserKind()', () => {
  it.each(ROWS)('knows %s', (_name, userAgent, { kind }) => {
    expect(browserKind({ headers: { 'user-agent': userAgent } })).toBe(kind);
  });

  it.each([
    ['?1', 'phone'],
    ['?0', 'computer'],
    ['', 'computer'],
    ['1', 'computer'],
  ])('reads Sec-CH-UA-Mobile: %s', (hint, kind) => {
    const chrome = `Mozilla/5.0 (X11; Linux x86_64) ${CHROMIUM} Chrome/138.0.0.0 Safari/537.36`;
    expect(browserKind({ headers: { 'user-agent': chrome, 'sec-ch-ua-mobile': hint } })).toBe(kind);
  });

  it('reads the User-Agent of WeChat and of a phone first', () => {
    const hint = (userAgent: string, value: string): string =>
      browserKind({ headers: { 'user-agent': userAgent, 'sec-ch-ua-mobile': value } });
    expect(hint(agents.ANDROID_WECHAT, '?1')).toBe('wechat');
    expect(hint(agents.PHONE_SAFARI, '?0')).toBe('phone');
  });
});

describe('the flow of a browser', () => {
  useEmulator();
  let apps: Readonly<Record<keyof Row['ends'], TestApp>>;
  beforeAll(async () => {
    apps = {
      both: await startApp(emulator),
      official: await startApp(emulator, { auth: { website: undefined } }),
      website: await startApp(emulator, { auth: { appId: undefined, appSecret: undefined } }),
    };
  });
  afterAll(() => Promise.all(Object.values(apps).map((app) => app.close())));

  const endOf = async (
    column: keyof Row['ends'],
    userAgent: string,
    query = '',
  ): Promise<End | undefined> => {
    const { location, body } = await new Browser(apps[column].url, userAgent).get(`/login${query}`);
    if (location.startsWith(`${emulator.url}/connect/oauth2/authorize?`)) return 'official';
    if (location.startsWith(`${emulator.url}/connect/qrconnect?`)) return 'website';
    if (body.includes('<h1>请在微信中打开</h1>')) return 'in WeChat';
    return body.includes('<h1>请在电脑上打开</h1>') ? 'on a computer' : undefined;
  };

  it.each(ROWS)('is the best one for %s', async (_name, userAgent, { ends }) => {
    for (const column of ['both', 'official', 'website'] as const)
      expect([column, await endOf(column, userAgent)]).toEqual([column, ends[column]]);
  });

  it('follows Sec-CH-UA-Mobile', async () => {
    const headers = { 'Sec-CH-UA-Mobile': '?1' };
    const page = await Browser.onDesktop(apps.both.url).get('/login', { headers });
    expect(page.body).toContain('<h1>请在微信中打开</h1>');
  });

  it.each(ROWS)('may be named by a link, if %s can use it', async (_name, userAgent, { kind, ends }) => {
    for (const column of ['both', 'official', 'website'] as const) {
      for (const flow of ['official', 'website'] as const) {
        const isPossible = worksIn(kind, flow) && (column === 'both' || column === flow);
        const expected = isPossible ? flow : ends[column];
        expect([column, flow, await endOf(column, userAgent, `?flow=${flow}`)]).toEqual([
          column,
          flow,
          expected,
        ]);
      }
      expect(await endOf(column, userAgent, '?flow=other')).toBe(ends[column]);
    }
  });
});
