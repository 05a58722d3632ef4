// Runs the doctor against servers that attack it with text that a terminal obeys, or with texts that take
// long to process.
import type http from 'node:http';
import { run } from '../../../lib/cli/run';
import { listen, type Running } from '../../support/hosts';
import { collectGarbage } from '../../support/operations/collect-garbage';
import { doctor, examine, type Env } from './run-doctor';

/** Would set the title of a terminal, clear the screen, forge a line, and reverse text. */
const HOSTILE = '\u001b]0;owned\u0007\u009b2J\r\nforged\u2028line\u202e';
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;

/** The flags that choose how the doctor prints its report. */
const OUTPUTS = ['--json', '--lang en', '--lang zh'];

const running: Running[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(running.splice(0).map((each) => each.close()));
});

async function serve(listener: http.RequestListener): Promise<string> {
  const server = await listen(listener);
  running.push(server);
  return server.url;
}

interface WechatTexts {
  readonly page?: string;
  readonly errmsg?: string;
  /** If given, the token response is not JSON, and has this content type. */
  readonly tokenType?: string;
}

/** A WeChat whose page and errmsg the test chooses. */
async function serveWechat({
  page = '<html>',
  errmsg = 'invalid code',
  tokenType,
}: WechatTexts): Promise<Env> {
  const url = await serve((req, res) => {
    const isAPI = req.url?.startsWith('/sns/') ?? false;
    const isToken = tokenType !== undefined && req.url?.startsWith('/sns/oauth2/access_token');
    res.setHeader('Content-Type', isToken ? tokenType : isAPI ? 'text/plain' : 'text/html; charset=utf-8');
    res.end(isAPI && !isToken ? JSON.stringify({ errcode: 40013, errmsg }) : page);
  });
  return {
    WECHAT_OPEN_URL: url,
    WECHAT_API_URL: url,
    WECHAT_APP_ID: 'wx0123456789abcdef',
    WECHAT_APP_SECRET: '0123456789abcdef0123456789abcdef',
    WECHAT_BASE_URL: 'https://h5.example.com',
  };
}

/** The login route of an app: a redirect to WeChat with these parameters, and a cookie. */
function redirectToWechat(
  res: http.ServerResponse,
  { WECHAT_OPEN_URL: open = '' }: Env,
  parameters: Record<string, string>,
): void {
  const query = new URLSearchParams({
    appid: 'wx0123456789abcdef',
    response_type: 'code',
    scope: 'snsapi_userinfo',
    state: `0${'0123456789abcdef'.repeat(2)}`,
    ...parameters,
  });
  res.statusCode = 302;
  res.setHeader('Location', `${open}/connect/oauth2/authorize?${query.toString()}#wechat_redirect`);
  res.setHeader('Cache-Control', 'no-store');
  res.end();
}

describe('the doctor, on text that a terminal would obey', () => {
  const page = `<h4 class="weui_msg_title">${HOSTILE}</h4>`;

  async function hostileApp(env: Env): Promise<string> {
    return serve((req, res) => {
      if (req.url?.startsWith('/MP_')) {
        res.setHeader('Content-Type', 'x\u009b2J');
        res.end('Ab12Cd34Ef56Gh78');
        return;
      }
      res.setHeader('Set-Cookie', 'session\u009b2J=1; Path=/\u009b2J');
      redirectToWechat(res, env, { appid: HOSTILE, redirect_uri: HOSTILE, scope: HOSTILE });
    });
  }

  it.each(OUTPUTS)('prints none of it: %s', async (flags) => {
    const env = await serveWechat({ page, errmsg: HOSTILE });
    const url = await hostileApp(env);
    const { out, err } = await doctor(
      ['--url', url, '--verification-file', 'MP_verify_Ab12Cd34Ef56Gh78.txt', ...flags.split(' ')],
      env,
    );
    expect(out.split('\n').filter((line) => UNPRINTABLE.test(line))).toEqual([]);
    expect(err).toBe('');
  });

  it('prints the printable part of it, so that a person can search for that', async () => {
    const env = await serveWechat({ page, errmsg: HOSTILE });
    const { check } = await examine(
      ['--url', await hostileApp(env), '--verification-file', 'MP_verify_Ab12Cd34Ef56Gh78.txt'],
      env,
    );
    for (const id of ['credentials', 'login-page', 'login-in-wechat', 'redirect-uri'])
      expect(check(id).detail).toContain('\ufffd]0;owned\ufffd\ufffd2J  forged line');
    for (const id of ['session-cookie', 'verification-file']) expect(check(id).detail).toContain('\ufffd2J');
  });

  it('prints none of it from a response that it does not expect', async () => {
    const url = await serve((_req, res) => {
      res.setHeader('Content-Type', 'text/\u009b2J');
      res.setHeader('Location', `x:${HOSTILE.replace(/[^\u0020-\u007e\u0080-\u00ff]/g, '')}`);
      res.statusCode = 302;
      res.end();
    });
    const { out } = await doctor(['--url', url], { WECHAT_OPEN_URL: url, WECHAT_API_URL: url });
    expect(out.split('\n').filter((line) => UNPRINTABLE.test(line))).toEqual([]);
  });

  it('prints none of it from the message of an error', async () => {
    const { check, out } = await examine([], await serveWechat({ tokenType: 'text/\u009b2J' }));
    expect(check('credentials').detail).toContain('\ufffd2J');
    expect(out.split('\n').filter((line) => UNPRINTABLE.test(line))).toEqual([]);
  });

  it.each([
    ['a command', ['\u009b2J\u202e']],
    ['a flag of a command', ['doctor', '--login', '\u009b2J\u202e']],
    ['a file', ['doctor', '--env-file', '\u009b2J\u202e']],
  ])('prints none of it from %s', async (_, args) => {
    const err: string[] = [];
    await run(args, {
      env: {},
      out: () => undefined,
      err: (line) => err.push(line),
      stopped: new Promise(() => undefined),
    });
    expect(err[0]).toContain('\ufffd2J\ufffd');
    expect(err.filter((line) => UNPRINTABLE.test(line))).toEqual([]);
  });
});

describe('the doctor, on servers that echo the AppSecret', () => {
  it.each(OUTPUTS)('prints none of it: %s', async (flags) => {
    const secret = 'deadbeefdeadbeefdeadbeefdeadbeef';
    const page = `<h4 class="weui_msg_title">${secret}</h4>`;
    const env = { ...(await serveWechat({ page, errmsg: secret })), WECHAT_APP_SECRET: secret };
    const url = await serve((_req, res) => {
      res.setHeader('Set-Cookie', `${secret}=1; Path=/${secret}`);
      redirectToWechat(res, env, {
        appid: secret,
        redirect_uri: `https://h5.example.com/${secret}`,
        scope: secret,
      });
    });
    const { out, err } = await doctor(['--url', url, ...flags.split(' ')], env);
    expect(out).toContain('***');
    expect(out + err).not.toContain(secret);
  });
});

describe('the doctor, on pages and messages that are made to take long', () => {
  const SIZE = 500_000;

  it.each<[string, WechatTexts]>([
    ['a message of blanks', { errmsg: `${' '.repeat(SIZE)}x` }],
    ['a message of commas', { errmsg: `${','.repeat(SIZE)}x` }],
    ['a message of many request ids', { errmsg: 'rid:'.repeat(SIZE / 4) }],
    ['a page of names', { page: 'weui_msg_title'.repeat(SIZE / 14) }],
    ['a page of tags without an end', { page: '<h4 class="weui_msg_title"'.repeat(SIZE / 26) }],
    ['a page of titles without an end', { page: `weui_msg_title>${'x'.repeat(30)}`.repeat(SIZE / 45) }],
    ['a page of empty titles', { page: '<h4 class="weui_msg_title"> </h4>'.repeat(SIZE / 33) }],
    ['a title of blanks', { page: `<h4 class="weui_msg_title">${' '.repeat(SIZE)}</h4>` }],
    ['a title without width', { page: `<h4 class="weui_msg_title">${'\u0301'.repeat(SIZE / 2)}</h4>` }],
    ['a page of blanks', { page: ' '.repeat(SIZE) }],
  ])('spends little time on %s', async (_, texts) => {
    const env = await serveWechat(texts);
    const app = await serve((_req, res) => res.end(texts.page ?? texts.errmsg));
    // V8 collects garbage in threads of its own, whose time cpuUsage() counts, too.
    collectGarbage();
    const started = process.cpuUsage();
    const { out } = await doctor(['--url', app], env, { columns: 80 });
    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
    expect(out.length).toBeLessThan(20_000);
  });
});

describe('the doctor, on pages that are too long', () => {
  it('prints the first 60 characters of a title', async () => {
    const env = await serveWechat({ page: `<h4 class="weui_msg_title">${'x'.repeat(10_000)}</h4>` });
    const { check, out } = await examine([], env);
    expect(check('login-page').detail).toContain(`${'x'.repeat(60)}…`);
    expect(out).not.toContain('x'.repeat(61));
  });

  it('reads at most 512 kB of a page', async () => {
    const env = await serveWechat({});
    const lengths = { '/fits': 512 * 1024, '/longer': 512 * 1024 + 1 };
    const url = await serve((req, res) => res.end('x'.repeat(lengths[req.url as keyof typeof lengths])));
    const reachable = async (path: string): Promise<unknown> =>
      (await examine(['--url', url, '--login', path], env)).check('app-reachable');
    expect(await reachable('/fits')).toMatchObject({ status: 'ok' });
    expect(await reachable('/longer')).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(/: the response is larger than 512 kB$/) as string,
    });
  });
});

describe('the doctor, on a redirect URI that is not an address', () => {
  it.each([
    'not an address',
    'javascript:alert(1)',
    'x:/callback',
    'file:///callback',
    'http://',
    '//h5/callback',
  ])('reports it: %s', async (redirectURI) => {
    const env = await serveWechat({});
    for (const more of [{}, { WECHAT_BASE_URL: '' }]) {
      const url = await serve((_req, res) => redirectToWechat(res, env, { redirect_uri: redirectURI }));
      const { exit, err, check } = await examine(['--url', url], { ...env, ...more });
      expect({ exit, err }).toEqual({ exit: 1, err: '' });
      expect(check('redirect-uri').status).toBe('failed');
      expect(check('redirect-uri').detail).toBe(
        `is "${redirectURI}", which is not an http: or https: address`,
      );
      expect(check('callback').status).toBe('skipped');
    }
  });

  it('reports it if only the restarted login has such a URI', async () => {
    const env = { ...(await serveWechat({})), WECHAT_BASE_URL: '' };
    const url = await serve((req, res) => {
      const own = `http://${req.headers.host ?? ''}/callback`;
      redirectToWechat(res, env, { redirect_uri: req.url?.startsWith('/callback') ? 'x:y' : own });
    });
    const { exit, err, check } = await examine(['--url', url], env);
    expect({ exit, err }).toEqual({ exit: 1, err: '' });
    expect(check('redirect-uri').status).toBe('ok');
    expect(check('callback')).toMatchObject({
      status: 'failed',
      detail: 'the app restarted the login with the redirect URI "x:y", which is not an address',
    });
  });

  it('sends no request to another host, whatever the redirect URI is', async () => {
    const env = { ...(await serveWechat({})), WECHAT_BASE_URL: '' };
    const requested: (string | undefined)[] = [];
    const other = await serve((req, res) => {
      requested.push(req.url);
      res.end();
    });
    const { host } = new URL(other);
    const url = await serve((req, res) => {
      const own = `http://${req.headers.host ?? ''}`;
      const isRestart = req.url?.startsWith('/callback');
      redirectToWechat(res, env, {
        redirect_uri: isRestart ? `${own}//${host}/callback` : `${own}/callback`,
      });
    });
    await examine(['--url', url], env);
    expect(requested).toEqual([]);
  });
});

describe('the doctor, on servers that do not respond', () => {
  it('ends within a minute, and reports each of them', async () => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const limits: number[] = [];
    jest.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      limits.push(ms);
      // The first one is the limit of the whole run.
      return timeout(limits.length === 1 ? 300 : ms);
    });
    const url = await serve(() => undefined);
    const started = Date.now();
    const { exit, check } = await examine(['--timeout', '50000', '--url', url], {
      WECHAT_OPEN_URL: url,
      WECHAT_API_URL: url,
    });
    expect(Date.now() - started).toBeLessThan(5_000);
    expect(limits[0]).toBeLessThanOrEqual(55_000);
    expect(limits).toContain(50_000);
    expect(exit).toBe(1);
    for (const id of ['open-reachable', 'api-reachable', 'app-reachable'])
      expect(check(id)).toMatchObject({
        status: 'failed',
        detail: expect.stringMatching(/timeout$/) as string,
      });
  });
});
