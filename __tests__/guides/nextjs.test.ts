// Runs the code of docs/guides/nextjs.md. A handler that shows what Express passes on stands in for Next.js.
import type http from 'node:http';
import ts from 'typescript';
import { agree, Browser, type BrowserResponse } from '../support/browser';
import { environmentOf, emulator, useEmulator } from '../support/emulator';
import { redirectsToWechat, sessionOf, statesOf } from '../support/login';
import { blocksOfGuide, codeOf, run, type RunningGuide } from './guide';

/** The headers of the fetches by which Next.js loads a page for `<Link>`, and posts to a server action. */
const FETCH = { Accept: '*/*', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Site': 'same-origin' };
const LINK = { ...FETCH, RSC: '1', 'Next-Url': '/' };
const FETCHES: Readonly<Record<string, Record<string, string>>> = {
  'the prefetch of a <Link>': { ...LINK, 'Next-Router-Prefetch': '1' },
  'the prefetch of a part of a page': { ...LINK, 'Next-Router-Segment-Prefetch': '/_tree' },
  'the click on a <Link>': LINK,
  'the fetch of the pages router': { ...FETCH, 'x-nextjs-data': '1' },
};

type Request = http.IncomingMessage & { readonly session: object };
type Page = (context: { readonly req: Request; readonly resolvedUrl: string }) => Promise<unknown>;

/** A block as a module; `given` are the values that it gets from Next.js and from Node. */
function moduleOf(code: string, given: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const { outputText } = ts.transpileModule(code.replace(/^import .* from 'next\/.*';$/m, ''), {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      jsx: ts.JsxEmit.React,
    },
  });
  const exports: Record<string, unknown> = {};
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code of our own page
  const script = new Function('exports', ...Object.keys(given), outputText) as (...values: unknown[]) => void;
  script(exports, ...Object.values(given));
  return exports;
}

/** The two forms of `app/wechat-user.js`: behind the custom server, and beside Express. */
const [BEHIND = '', BESIDE = ''] = blocksOfGuide('nextjs')
  .filter(({ code }) => code.startsWith('// app/wechat-user.js'))
  .map(({ code }) => code);

/** What a server component learns from the headers of a request. */
async function wechatUser(
  code: string,
  sent: http.IncomingHttpHeaders,
  fetch?: (address: string, options: RequestInit) => Promise<Response>,
): Promise<unknown> {
  const get = (name: string): string | null => (sent[name] as string | undefined) ?? null;
  const component = moduleOf(code, { headers: () => Promise.resolve({ get }), fetch });
  return (component['wechatUser'] as () => Promise<unknown>)();
}

async function respond(req: Request, res: http.ServerResponse): Promise<void> {
  const [path = ''] = (req.url ?? '').split('?');
  const page = moduleOf(codeOf('nextjs', 'pages/orders.jsx'))['getServerSideProps'] as Page;
  const body =
    path === '/session'
      ? req.session
      : path.endsWith('orders.json')
        ? await page({ req, resolvedUrl: '/orders?page=2' })
        : { path, user: await wechatUser(BEHIND, req.headers) };
  res.end(JSON.stringify(body));
}

describe('the guide to Next.js', () => {
  useEmulator();
  let app: RunningGuide;
  beforeAll(async () => {
    const next = (): object => ({
      prepare: () => undefined,
      getRequestHandler: () => (req: Request, res: http.ServerResponse) => {
        respond(req, res).catch((error: unknown) => res.writeHead(500).end(String(error)));
      },
    });
    app = await run(codeOf('nextjs', 'server.mjs'), {
      given: { next },
      // Functions have no top-level `await`, and next is not installed here.
      replace: [
        ["import next from 'next';\n", ''],
        ['await nextApp.prepare();', 'nextApp.prepare();'],
      ],
      env: (url) => ({ SESSION_KEY: 'test key', ...environmentOf(emulator), WECHAT_BASE_URL: url }),
    });
  });
  afterAll(() => app.close());

  const json = async (response: Promise<BrowserResponse>): Promise<unknown> => (await response).json();

  it.each(Object.entries(FETCHES))(
    '%s gets 401 at the login route, and starts no login',
    async (_, headers) => {
      const browser = Browser.inWechat(app.url);
      const own = await browser.follow('/me?mine');
      const before = await sessionOf(browser);
      for (const path of ['/login?_rsc=1a2b3', '/login?returnTo=%2Fme&_rsc=1a2b3']) {
        const response = await browser.get(path, { headers });
        expect([response.status, response.headers['set-cookie']]).toEqual([401, undefined]);
      }
      // The login that the user started goes on.
      expect(await sessionOf(browser)).toEqual(before);
      expect((await browser.get(await agree(emulator, own.location))).location).toBe('/me?mine#');
      // Then Next.js loads the whole page.
      expect(redirectsToWechat(emulator, await Browser.inWechat(app.url).get('/login'))).toBe(true);
    },
  );

  it.each(Object.entries(FETCHES))(
    '%s gets 401 at a guarded page, which then logs in',
    async (_, headers) => {
      const browser = Browser.inWechat(app.url);
      const response = await browser.get('/me?_rsc=1a2b3', { headers });
      expect([response.status, response.headers['cache-control']]).toEqual([401, 'no-store']);
      expect(await statesOf(browser)).toEqual([]);
      const { status, body } = await browser.logIn(emulator, '/me');
      expect([status, JSON.parse(body)]).toMatchObject([200, { path: '/me', user: { nickname: '小明' } }]);
    },
  );

  it('a server action behind a guard gets 401 without a user, and runs with one', async () => {
    const browser = Browser.inWechat(app.url);
    const act = (): Promise<BrowserResponse> =>
      browser.request('/me', { method: 'POST', headers: { ...FETCH, 'Next-Action': '40f1' }, body: '[]' });
    expect((await act()).status).toBe(401);
    await browser.logIn(emulator, '/me');
    expect((await act()).status).toBe(200);
  });

  it('passes the user on in a header, and none that a browser sent', async () => {
    const browser = Browser.inWechat(app.url);
    const headers = { 'X-Wechat-User': encodeURIComponent('{"openid":"forged"}') };
    expect(await json(browser.get('/', { headers }))).toEqual({ path: '/' });
    await browser.logIn(emulator, '/me');
    const openid = emulator.openid('ming', emulator.apps.official.appId);
    expect(await json(browser.get('/', { headers }))).toMatchObject({ user: { openid, nickname: '小明' } });
  });

  it('getServerSideProps sends a user to the login, and back to the page', async () => {
    const browser = Browser.inWechat(app.url);
    const address = '/_next/data/b1/orders.json?page=2';
    const { redirect } = (await json(
      browser.get(address, { headers: FETCHES['the fetch of the pages router'] ?? {} }),
    )) as {
      redirect: { destination: string; permanent: boolean };
    };
    expect(redirect).toEqual({ destination: '/login?returnTo=%2Forders%3Fpage%3D2', permanent: false });
    expect((await browser.logIn(emulator, redirect.destination)).url).toContain('/orders?page=2');
    expect(await json(browser.get(address))).toEqual({ props: { nickname: '小明' } });
  });

  it('the middleware handles its routes before the pages of the app', async () => {
    const browser = Browser.inWechat(app.url);
    expect(redirectsToWechat(emulator, await browser.get('/login'))).toBe(true);
    expect((await browser.get('/callback')).status).toBe(403);
  });

  it('beside Express, a server component gets the user with the cookie of the visitor', async () => {
    const beside = await run(codeOf('single-page-apps', 'server.ts'), {
      env: (url) => ({ SESSION_KEY: 'test key', ...environmentOf(emulator), WECHAT_BASE_URL: url }),
    });
    const here = (address: string, options: RequestInit): Promise<Response> =>
      fetch(address.replace('http://127.0.0.1:3001', beside.url), options);
    try {
      const browser = Browser.inWechat(beside.url);
      expect(await wechatUser(BESIDE, {}, here)).toBeUndefined();
      await browser.logIn(emulator, '/login?returnTo=%2Fapi%2Fme');
      expect(await wechatUser(BESIDE, { cookie: browser.cookies() }, here)).toMatchObject({
        nickname: '小明',
      });
    } finally {
      await beside.close();
    }
  });
});
