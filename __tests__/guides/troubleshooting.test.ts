// The guide quotes the texts that users see and search for. They must be those that WeChat, the emulator, the
// pages and the errors really have.
import cookieSession from 'cookie-session';
import { OAuth, requireWechatUser, wechatAuth } from '../../lib';
import { PageRefusal } from '../../lib/emulator';
import { anchorsOf, proseOf } from '../docs/pages';
import { failure } from '../oauth/oauth-fixture';
import { emulated, startApp, type TestRequest } from '../support/app';
import type { Middleware } from '../support/hosts';
import { Browser, agree } from '../support/browser';
import { SAME_ORIGIN, codeOn, confirm, scanOptions, tap } from '../support/browsers/scan-login';
import { emulator, useEmulator } from '../support/emulator';
import { codeOf, run } from './guide';

/** Quotations that are not ours: marks of the guide, and words of WeChat. */
const OF_OTHERS = ['不确定', '据观察', '已获得', '重置', '微信用户', '系统错误'];

/** WeChat documents this message, and the emulator never sends it. */
const NOT_EMULATED = [40164];

const LOST = `/callback?code=x&state=1${'a'.repeat(32)}`;

/** The pages of the package and of the emulator that the guide quotes, in one language. */
async function shownPages(language: 'zh' | 'en'): Promise<string> {
  const headers = { 'Accept-Language': language };
  const app = await startApp(emulator, { auth: { website: undefined } });
  const websiteAlone = await startApp(emulator, { auth: { appId: undefined, appSecret: undefined } });
  const withoutSession = await startApp(emulator, { session: null });
  const withScan = await startApp(emulator, { auth: scanOptions() });
  try {
    const browser = Browser.inWechat(app.url);
    const pages = [
      await Browser.inWechat(withoutSession.url).get('/login', { headers }),
      await browser.get(LOST, { headers }),
      await browser.get('/callback?code=authdeny&state=x', { headers }),
      await browser.get('/callback?code=x&state=of-another-site', { headers }),
      await Browser.onDesktop(app.url).get('/login', { headers }),
      await Browser.inWechat(websiteAlone.url).get('/login', { headers }),
    ];
    const { location } = await browser.get('/login');
    pages.push(await Browser.onDesktop(emulator.url).get(location, { headers }));
    pages.push(await browser.get(await agree(emulator, location, 'snapshot'), { headers }));
    const phone = Browser.inWechat(withScan.url);
    const onPC = await Browser.onDesktop(withScan.url).get('/login?flow=scan', { headers });
    const { url } = codeOn(onPC);
    const question = await phone.get(url);
    const withoutCookies = Browser.inWechat(withScan.url);
    pages.push(onPC, await tap(withoutCookies, question, 'confirm', { ...SAME_ORIGIN, ...headers }));
    pages.push(await phone.get(await confirm(phone, emulator, url), { headers }));
    const gone = Browser.inWechat(app.url);
    await gone.get(await agree(emulator, (await gone.get('/login')).location, 'gone'));
    pages.push(await gone.get('/me'));
    return pages.map(({ body }) => body).join('\n');
  } finally {
    await app.close();
    await websiteAlone.close();
    await withoutSession.close();
    await withScan.close();
  }
}

/** The message of an app whose session does not fit into a cookie. */
async function messageOfLargeCookie(): Promise<string> {
  const app = await startApp(emulator, {
    auth: { onLogin: (req) => void ((req as TestRequest).session['data'] = 'x'.repeat(4_096)) },
  });
  try {
    return (await Browser.inWechat(app.url).logIn(emulator, '/me')).body;
  } finally {
    await app.close();
  }
}

/** The message of an app that uses the emulator in production. */
async function messageOfEmulatorInProduction(): Promise<string> {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  try {
    const { appId = '', appSecret = '', endpoints } = emulated(emulator);
    const oauth = new OAuth({ appid: appId, appsecret: appSecret, ...(endpoints && { endpoints }) });
    return (await failure(oauth.getAccessToken('code'))).message;
  } finally {
    process.env['NODE_ENV'] = before;
  }
}

async function messageOfErrcode(errcode: number): Promise<string> {
  const { appId, appSecret } = emulator.apps.official;
  const oauth = new OAuth({ appid: appId, appsecret: appSecret, endpoints: emulator.endpoints });
  const undo = emulator.fail('access_token', { errcode }, { times: Infinity });
  const { message } = await failure(oauth.getAccessToken('code'));
  undo();
  return message;
}

describe.each(['docs/guides/troubleshooting.md', 'docs/zh-CN/guides/troubleshooting.md'])('%s', (file) => {
  useEmulator();
  /** The pages of this language that a message links to, each with its anchor. */
  const linkedFrom = (message: string): string[][] =>
    [...message.matchAll(/blob\/main\/([^#\s]+)#?(\S*)/g)]
      .map((link) => link.slice(1))
      .filter(([page = '']) => page.includes('/zh-CN/') === file.includes('/zh-CN/'));
  const headings = [...proseOf(file).matchAll(/^### (.+)$/gm)].map(([, heading = '']) => heading).join('\n');

  it('has a heading for every errcode that people search for', () => {
    const numbers = [
      10003, 10004, 10005, 10006, 10009, 10016, 40001, 40013, 40029, 40030, 40125, 40163, 40164,
    ];
    const rest = [40226, 40243, 42001, 42002, 45009, 45011, 48001, 50002, -1];
    const missing = [...numbers, ...rest].filter((code) => !new RegExp(`(?<!\\d)${code}\\b`).test(headings));
    expect(missing).toEqual([]);
  });

  it('has the messages of WeChat’s error pages as users see them', async () => {
    const { appId } = emulator.apps.official;
    const { appId: websiteId } = emulator.apps.website;
    const authorize = (query: Record<string, string>): string =>
      `${emulator.url}/connect/oauth2/authorize?${new URLSearchParams({
        appid: appId,
        redirect_uri: 'https://h5.example.com/callback',
        response_type: 'code',
        scope: 'snsapi_userinfo',
        state: 'a',
        ...query,
      }).toString()}#wechat_redirect`;
    const qr = (query: Record<string, string>): string =>
      authorize({ appid: websiteId, scope: 'snsapi_login', ...query }).replace(
        'oauth2/authorize',
        'qrconnect',
      );
    const shown = await Promise.all(
      [
        authorize({ appid: websiteId }),
        authorize({ scope: 'snsapi_login' }),
        authorize({ state: 'a'.repeat(235) }),
        qr({ appid: 'wx0000000000000000' }),
        qr({ scope: 'snsapi_userinfo' }),
        qr({ redirect_uri: 'h5.example.com' }),
      ].map((address) =>
        emulator.authorize(address).then(
          () => 'no error page',
          (error: unknown) => (error instanceof PageRefusal ? error.text : String(error)),
        ),
      ),
    );
    const known = headings.replace(/\s/g, '');
    expect(
      shown.filter((text) => !known.includes(text.replace(/[，,。].*$/, '').replace(/\s/g, ''))),
    ).toEqual([]);
  });

  it('quotes messages of errors as they are', async () => {
    const quoted = headings.split('\n').filter((heading) => heading.includes('…'));
    expect(quoted).toHaveLength(2);
    const messages = [await messageOfLargeCookie(), await messageOfEmulatorInProduction()];
    const patterns = quoted.map(
      (heading) => new RegExp(heading.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '\\S+')),
    );
    expect(messages.filter((message) => !patterns.some((pattern) => pattern.test(message)))).toEqual([]);
    expect(patterns.filter((pattern) => !messages.some((message) => pattern.test(message)))).toEqual([]);
  });

  it('quotes the errmsg of errcodes as WeChat sends it', async () => {
    const quoted = [...headings.matchAll(/(?<=^|[,、]\s?)(-?\d+) ([a-z][a-z ]+)(?=$|[,、])/gm)]
      .map(([, errcode = '', errmsg = '']) => [Number(errcode), errmsg] as const)
      .filter(([errcode]) => !NOT_EMULATED.includes(errcode));
    expect(quoted.length).toBeGreaterThanOrEqual(8);
    for (const [errcode, errmsg] of quoted)
      expect(await messageOfErrcode(errcode)).toMatch(new RegExp(`^${errmsg}`));
  });

  it('quotes what the console shows, and says which errcodes it does not show', async () => {
    const prose = proseOf(file).replace(/\s*\n\s*/g, ' ');
    const [, start = ''] = /`(\[WECHAT_LOGIN_FAILED\] [^`]*)…`/.exec(prose) ?? [];
    expect(prose).toMatch(/`DEBUG=wechat-auth:\*`[^\n]*40163/);
    const lines: string[] = [];
    jest
      .spyOn(process, 'emitWarning')
      .mockImplementation(
        ((message: string, { code, type }: { code: string; type: string }) =>
          void lines.push(`[${code}] ${type}: ${message}`)) as typeof process.emitWarning,
      );
    const app = await startApp(emulator);
    const browser = Browser.inWechat(app.url);
    for (const errcode of [40163, 40029, 40125]) {
      const undo = emulator.fail('access_token', { errcode }, { times: Infinity });
      await browser.logIn(emulator, '/login');
      undo();
    }
    await app.close();
    jest.restoreAllMocks();
    expect(lines).toEqual([expect.stringContaining('40125')]);
    expect(lines[0]?.startsWith(start)).toBe(true);
  });

  it('quotes the message of a session without a key', () => {
    expect(headings).toContain('.keys required.');
    expect(() => cookieSession({ secret: undefined })).toThrow('.keys required.');
  });

  it('quotes the message of an app without an account, which links to its entry', () => {
    const quoted = 'appId is missing, and so is website';
    expect(headings.split('\n')).toContain(quoted);
    expect(() => wechatAuth({})).toThrow(quoted);
    const linked = (options: object): string[][] => {
      try {
        wechatAuth(options);
      } catch (error) {
        return linkedFrom((error as Error).message);
      }
      throw new Error('no fault');
    };
    const [entry, ...others] = linked({});
    expect([entry?.[0], others]).toEqual([file, []]);
    expect(anchorsOf(file)).toContain(entry?.[1]);
    // The page of the options explains the other faults.
    const options = [file.replace('guides/troubleshooting', 'options'), ''];
    expect(linked({ maxAge: 1 })).toEqual([entry, options]);
    expect(linked({ appId: 'wx1' })).toEqual([options]);
  });

  it('quotes the message of a guard without wechatAuth(), which links to its entry', () => {
    const quoted = 'requireWechatUser() found no req.wechat';
    expect(headings.split('\n')).toContain(quoted);
    const errors: unknown[] = [];
    requireWechatUser()({} as never, {} as never, (error) => errors.push(error));
    const { message } = errors[0] as Error;
    expect(message.startsWith(`${quoted}.`)).toBe(true);
    const [[page, anchor] = [], ...others] = linkedFrom(message);
    expect([page, others]).toEqual([file, []]);
    expect(anchorsOf(file)).toContain(anchor);
  });

  it('quotes our pages, and the emulator’s, as they are', async () => {
    const prose = proseOf(file).replace(/\s*\n\s*/g, ' ');
    const english = [...prose.matchAll(/“([^”]+)”/g)].map(([, text = '']) => text);
    const chinese = [...prose.matchAll(/「([^」]+)」|\bpage (\p{Script=Han}+)/gu)]
      .map(([, text, name]) => text ?? name ?? '')
      .filter((text) => !OF_OTHERS.includes(text));
    expect([...english, ...chinese].length).toBeGreaterThanOrEqual(5);
    const shown = (await shownPages('zh')) + (await shownPages('en'));
    expect([...english, ...chinese].filter((text) => !shown.includes(text))).toEqual([]);
  });
});

describe('a token that WeChat ended early', () => {
  useEmulator();

  it('is replaced by the function of the guide, in the store too', async () => {
    const guide = await run(codeOf('troubleshooting', 'refresh-now.ts'));
    const refreshNow = guide.exports['refreshNow'] as (oauth: OAuth, openid: string) => Promise<string>;
    try {
      const { appId: appid, appSecret: appsecret } = emulator.apps.official;
      const oauth = new OAuth({ appid, appsecret, endpoints: emulator.endpoints });
      const code = emulator.issueCode({ app: appid, scope: 'snsapi_userinfo', user: 'ming' });
      const { openid, access_token } = (await oauth.getAccessToken(code)).data;
      emulator.expireTokens({ user: 'ming', app: appid });
      expect((await oauth.getValidAccessToken(openid)).data.access_token).toBe(access_token);
      const fresh = await refreshNow(oauth, openid);
      expect(fresh).not.toBe(access_token);
      expect((await oauth.getValidAccessToken(openid)).data.access_token).toBe(fresh);
      expect((await oauth.verifyToken(openid, fresh)).errcode).toBe(0);
    } finally {
      await guide.close();
    }
  });
});

describe('the error handler for a user whose token is gone', () => {
  useEmulator();

  /** An app with the handler of the guide. Its user is logged in, and WeChat rejects the refresh token. */
  async function start(): Promise<{ browser: Browser; close: () => Promise<void> }> {
    const guide = await run(codeOf('troubleshooting', 'log-in-again.ts'));
    const app = await startApp(emulator, {
      routes: (host) => {
        host.use('/profile', (req, res, next) => {
          const { user, oauth } = (req as TestRequest).wechat;
          oauth.getUser(user?.openid ?? '').then((profile) => {
            res.end(profile.nickname);
          }, next);
        });
        host.use(guide.exports['logInAgain'] as Middleware);
      },
    });
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    emulator.clock.advance(31 * 24 * 60 * 60 * 1_000);
    return {
      browser,
      close: async () => {
        await app.close();
        await guide.close();
      },
    };
  }

  it('sends a page to the login and back', async () => {
    const { browser, close } = await start();
    // The first request finds the token rejected, and the second finds none.
    for (const attempt of [1, 2]) {
      const { status, location } = await browser.get('/profile');
      expect([attempt, status, location.startsWith(emulator.url)]).toEqual([attempt, 302, true]);
    }
    const { body } = await browser.logIn(emulator, '/profile');
    expect(body).toBe('小明');
    await close();
  });

  it('tells a script where to log in', async () => {
    const { browser, close } = await start();
    const headers = { 'Sec-Fetch-Mode': 'cors', Accept: '*/*' };
    const response = await browser.get('/profile', { headers });
    expect([response.status, response.json()]).toMatchObject([
      401,
      { error: 'unauthenticated', loginURL: '/login?returnTo=%2Fprofile' },
    ]);
    await close();
  });
});
