import { run } from '../../../lib/cli/run';
import { createEmulator } from '../../../lib/emulator/index';
import { OPTIONS } from '../../../lib/cli/doctor/doctor-flags';
import { widthOf } from '../../../lib/cli/doctor/report/width';
import { doctor, examine } from './run-doctor';
import { listen } from '../../support/hosts';
import { environmentOf, emulator, useEmulator } from '../../support/emulator';

useEmulator();

const SECRET = 'deadbeefdeadbeefdeadbeefdeadbeef';

describe('express-wechat-auth doctor', () => {
  it('exits with 0 if nothing is wrong, and prints a line for each check', async () => {
    const { exit, out, err } = await doctor([], environmentOf(emulator));
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out).toMatch(/✔ Official account: AppID +wx0f1c1a10e0000001\n/);
    expect(out).toMatch(/– Official account: login page +not checked: the callback address is not\s+known/);
    const passed = out.match(/^ {2}✔ /gm)?.length;
    expect(out).toMatch(new RegExp(`\\n${passed} passed, 4 skipped$`));
    expect(out.match(/^ {2}– /gm)).toHaveLength(4);
    expect(out).not.toContain('✖');
  });

  it('exits with 1 if a check failed, and says what to do', async () => {
    const { exit, out } = await doctor([], { ...environmentOf(emulator), WECHAT_APP_SECRET: SECRET });
    expect(exit).toBe(1);
    expect(out).toMatch(
      /✖ Official account: credentials +WeChat responds 40125 invalid appsecret\n +→ The AppSecret does not belong/,
    );
    expect(out).toMatch(/\n1 failed, /);
  });

  it('exits with 0 if there are only warnings', async () => {
    emulator.fail('access_token', { errcode: -1 }, { times: 2 });
    const { exit, out } = await doctor([], environmentOf(emulator));
    expect(exit).toBe(0);
    expect(out).toMatch(/! Official account: credentials +WeChat responds -1 system error/);
    expect(out).toMatch(/\n2 with a warning, /);
  });

  it('prints Chinese in a Chinese locale, or with --lang zh', async () => {
    const english = await doctor(['--lang', 'en'], { ...environmentOf(emulator), LANG: 'zh_CN.UTF-8' });
    expect(english.out).toContain('Clock of this machine');
    for (const env of [
      { LANG: 'zh_CN.UTF-8' },
      { LC_ALL: 'zh_TW', LANG: 'en_US.UTF-8' },
      { LC_MESSAGES: 'zh' },
    ]) {
      const { out } = await doctor([], { ...environmentOf(emulator), ...env });
      expect(out).toMatch(/✔ 本机时钟 +与服务器一致\n/);
    }
    expect((await doctor([], { ...environmentOf(emulator), LANG: 'zhxx' })).out).toContain('Clock');
    expect((await doctor(['--lang', 'zh'], environmentOf(emulator))).out).toMatch(/\d+ 项正常/);
  });

  it.each(['en', 'zh'])(
    'fits a terminal of 80 columns, with all details in one column (%s)',
    async (lang) => {
      const { out } = await doctor(
        [
          '--lang',
          lang,
          '--app-secret',
          'short',
          '--base-url',
          'https://h5.example.com:8443/?a=1',
          '--url',
          'http://127.0.0.1:1',
        ],
        {
          WECHAT_APP_ID: 'gh_0123456789ab',
          WECHAT_WEBSITE_APP_ID: SECRET,
          WECHAT_OPEN_URL: emulator.url,
          WECHAT_API_URL: emulator.url,
        },
        { columns: 80 },
      );
      // eslint-disable-next-line no-control-regex -- the colours
      const lines = out.replace(/\u001b\[\d+m/g, '').split('\n');
      expect(lines.filter((line) => widthOf(line) > 80)).toEqual([]);
      const starts = lines.flatMap((line) => {
        const row = /^( {2}[✔✖!–] \S.*? {2,})\S/.exec(line);
        return row ? [widthOf(row[1] ?? '')] : [];
      });
      expect(starts.length).toBeGreaterThan(8);
      expect(new Set(starts).size).toBe(1);
      expect(
        lines
          .filter((line) => line.startsWith('    '))
          .every((line) => widthOf(/^ */.exec(line)?.[0] ?? '') >= (starts[0] ?? 0)),
      ).toBe(true);
      // No line begins with closing punctuation.
      expect(lines.filter((line) => /^ *[，。；：）」]/.test(line))).toEqual([]);
    },
  );

  it('prints colours to a terminal only, and not if NO_COLOR is set', async () => {
    const env = environmentOf(emulator);
    const isColoured = async (more: Record<string, string>, columns?: number): Promise<boolean> =>
      (await doctor([], { ...env, ...more }, columns === undefined ? {} : { columns })).out.includes(
        '\u001b[',
      );
    expect(await isColoured({}, 80)).toBe(true);
    expect(await isColoured({ NO_COLOR: '1' }, 80)).toBe(false);
    expect(await isColoured({ TERM: 'dumb' }, 80)).toBe(false);
    expect(await isColoured({})).toBe(false);
  });

  it('prints one JSON document and nothing else with --json', async () => {
    const { out, exit, err } = await doctor(['--json', '--lang', 'zh'], {
      ...environmentOf(emulator),
      WECHAT_APP_SECRET: SECRET,
    });
    const report = JSON.parse(out) as { ok: boolean; checks: Record<string, unknown>[] };
    expect({ exit, err, ok: report.ok, names: Object.keys(report) }).toEqual({
      exit: 1,
      err: '',
      ok: false,
      names: ['ok', 'checks'],
    });
    for (const check of report.checks)
      expect(Object.keys(check)).toEqual(['id', 'status', 'title', 'detail', 'remedy']);
    expect(report.checks.find(({ id }) => id === 'credentials')).toMatchObject({
      status: 'failed',
      title: '服务号凭据',
      remedy: expect.stringContaining('开发密钥') as string,
    });
    expect(report.checks.find(({ id }) => id === 'clock')).toMatchObject({ status: 'ok', remedy: null });
    expect(JSON.parse((await doctor(['--json'], environmentOf(emulator))).out)).toMatchObject({ ok: true });
  });

  it('prefers flags to the environment, and ignores empty variables', async () => {
    const flags = [
      '--app-id',
      emulator.apps.official.appId,
      '--open-url',
      emulator.url,
      '--api-url',
      emulator.url,
    ];
    const { statuses, check } = await examine(flags, {
      WECHAT_APP_ID: 'gh_wrong',
      WECHAT_APP_SECRET: emulator.apps.official.appSecret,
      WECHAT_WEBSITE_APP_ID: ' ',
      WECHAT_BASE_URL: '',
    });
    expect(statuses).toMatchObject({ 'app-id': 'ok', credentials: 'ok', 'base-url': 'skipped' });
    expect(statuses).not.toHaveProperty('website-app-id');
    expect(check('app-id').detail).toBe(emulator.apps.official.appId);
  });

  it('warns of a secret in a flag, but not of one on the standard input', async () => {
    const { appId, appSecret } = emulator.apps.official;
    const { website } = emulator.apps;
    const env = {
      WECHAT_APP_ID: appId,
      WECHAT_WEBSITE_APP_ID: website.appId,
      WECHAT_OPEN_URL: emulator.url,
      WECHAT_API_URL: emulator.url,
    };
    const byFlag = await examine(['--app-secret', appSecret, '--website-app-secret', website.appSecret], env);
    expect(byFlag.statuses).toMatchObject({
      'secret-in-flag': 'warning',
      credentials: 'ok',
      'website-credentials': 'ok',
    });
    const { out } = await doctor(['--app-secret', '-', '--website-app-secret', '-', '--json'], env, {
      input: `${appSecret}\r\n${website.appSecret}\n`,
    });
    const report = JSON.parse(out) as { ok: boolean; checks: { id: string }[] };
    expect(report.ok).toBe(true);
    expect(report.checks.map(({ id }) => id)).not.toContain('secret-in-flag');
    expect(
      await doctor(['--app-secret', '-', '--website-app-secret', '-'], env, { input: `${appSecret}\n` }),
    ).toMatchObject({
      exit: 2,
      err: expect.stringContaining(
        '--website-app-secret is -, but the standard input has no line for it',
      ) as string,
    });
  });

  it('never prints a secret, no matter how it is given or who echoes it', async () => {
    const { official, website } = emulator.apps;
    const runs = [
      await doctor([], { ...environmentOf(emulator), WECHAT_APP_SECRET: SECRET }),
      await doctor(['--json'], {
        ...environmentOf(emulator),
        WECHAT_APP_ID: SECRET,
        WECHAT_APP_SECRET: official.appId,
      }),
      await doctor(['--app-secret', SECRET, SECRET]),
      await doctor([`--appsecret=${SECRET}`]),
      await doctor(['--app-secret', `-${SECRET}`]),
      await doctor([`--json=${SECRET}`]),
      await doctor(['--json'], {
        ...environmentOf(emulator),
        WECHAT_APP_ID: `"${SECRET}"`,
        WECHAT_WEBSITE_APP_ID: `${SECRET}aa`,
        WECHAT_BASE_URL: `https://u:${SECRET}@h5.example.com`,
      }),
      await doctor(['--json'], {
        ...environmentOf(emulator),
        WECHAT_OPEN_URL: `https://u:${SECRET}@h5.example.com`,
        WECHAT_API_URL: `https://h5.example.com/?secret=${SECRET}`,
      }),
      await doctor(['--url', `http://u:${SECRET}@127.0.0.1:1`]),
    ];
    emulator.fail('access_token', { errcode: 40013, errmsg: `invalid appid, secret=${SECRET}` });
    runs.push(await doctor([], { ...environmentOf(emulator), WECHAT_APP_SECRET: SECRET }));
    for (const { out, err } of runs) {
      expect(out + err).not.toContain(SECRET);
      expect(out + err).not.toContain(official.appSecret);
      expect(out + err).not.toContain(website.appSecret);
      expect(out + err).not.toBe('');
    }
    // The secret is not sent as an AppID either, because servers on the way log addresses.
    expect(emulator.requests.filter(({ query }) => query['appid'] === SECRET)).toEqual([]);
  });

  it('explains every flag with --help', async () => {
    const { exit, out } = await doctor(['--help']);
    expect(exit).toBe(0);
    for (const flag of Object.keys(OPTIONS)) expect(out).toMatch(new RegExp(`^ {2}--${flag} `, 'm'));
    expect(out.split('\n').filter((line) => line.length > 120)).toEqual([]);
    const commands = await new Promise(
      (resolve) =>
        void run(['--help'], { env: {}, out: resolve, err: resolve, stopped: new Promise(() => undefined) }),
    );
    expect(commands).toMatch(/doctor {5}check a configuration/);
  });

  it.each<[string, string[], RegExp]>([
    ['an unknown flag', ['--app-ids', 'x'], /Unknown option '--app-ids'/],
    ['a flag with an underscore', ['--app_id', 'x'], /Unknown option '--app…'/],
    ['a flag of one letter', ['-p', '80'], /Unknown option '-p'/],
    ['a flag in capitals', ['--URL', 'x'], /Unknown option '--URL'/],
    ['a secret that is written together with its flag', ['--app-secretabcdef0'], /'--app-secret…'/],
    ['a flag without its value', ['--url'], /--url needs a value/],
    ['a value for a flag that takes none', ['--json=yes'], /--json takes no value/],
    ['an argument without a flag', ['http://127.0.0.1'], /does not belong to any flag/],
    [
      'a text that is not an address',
      ['--url', '127.0.0.1:3000'],
      /--url must be an http: or https: address/,
    ],
    ['a route without a slash', ['--login', 'login'], /--login is "login"; it must be a path/],
    ['an unknown language', ['--lang', 'fr'], /--lang is "fr"; it must be zh or en/],
    ['a time limit that is not a number', ['--timeout', '5s'], /--timeout is "5s"/],
    ['a time limit longer than the run', ['--timeout', '50001'], /it must be milliseconds from 1 to 50000/],
    [
      'a name that is not that of a verification file',
      ['--verification-file', '../x'],
      /--verification-file is "..\/x"/,
    ],
    [
      'the token of a platform that is not named',
      ['--component-access-token', 'x'],
      /--component-access-token is given without --component-app-id/,
    ],
  ])('refuses %s with status 2', async (_, args, message) => {
    const { exit, out, err } = await doctor(args);
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    expect(err).toMatch(message);
    expect(err).toMatch(/Try express-wechat-auth doctor --help$/);
  });

  it('stops at once on Ctrl+C, while it waits for a response', async () => {
    let onRequest = (): void => undefined;
    const requested = new Promise<void>((resolve) => (onRequest = resolve));
    const silent = await listen(() => onRequest());
    const err: string[] = [];
    let stop = (): void => undefined;
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    const status = run(['doctor', '--open-url', silent.url, '--api-url', silent.url], {
      env: {},
      out: () => undefined,
      err: (line) => err.push(line),
      stopped,
    });
    await requested;
    stop();
    expect(await status).toBe(1);
    expect(err).toEqual(['express-wechat-auth: stopped before all checks were made']);
    await silent.close();
  });

  it('stops at once on Ctrl+C, while it waits for a secret on the standard input', async () => {
    const err: string[] = [];
    const status = await run(['doctor', '--app-secret', '-'], {
      env: {},
      out: () => undefined,
      err: (line) => err.push(line),
      stopped: Promise.resolve(),
      input: () => new Promise(() => undefined),
    });
    expect([status, err]).toEqual([1, ['express-wechat-auth: stopped before all checks were made']]);
  });

  it('does not wait forever for a secret on the standard input', async () => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const spy = jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(100));
    const err: string[] = [];
    const status = await run(['doctor', '--app-secret', '-'], {
      env: {},
      out: () => undefined,
      err: (line) => err.push(line),
      stopped: new Promise(() => undefined),
      input: () => new Promise(() => undefined),
    });
    spy.mockRestore();
    expect([status, err[0]]).toEqual([2, 'express-wechat-auth: The standard input did not end within 50 s']);
  });

  it('treats a flag with an empty value, such as that of a variable that is not set, as missing', async () => {
    const env = { ...environmentOf(emulator), WECHAT_APP_ID: '' };
    const given = ['--app-id', '', '--base-url', '', '--website-app-secret', ''];
    const { check, statuses } = await examine(given, env);
    expect(check('app-id')).toMatchObject({ detail: 'is missing', remedy: 'Set WECHAT_APP_ID.' });
    expect(check('base-url').detail).toBe('not given');
    expect(statuses['website-app-secret']).toBe('ok');
    expect(statuses).not.toHaveProperty(['secret-in-flag']);
  });

  it('runs without AbortSignal.any(), which Node 20.0 does not have', async () => {
    const any = Object.getOwnPropertyDescriptor(AbortSignal, 'any') ?? {};
    Object.defineProperty(AbortSignal, 'any', { ...any, value: undefined });
    try {
      expect(await doctor([], environmentOf(emulator))).toMatchObject({ exit: 0, err: '' });
    } finally {
      Object.defineProperty(AbortSignal, 'any', any);
    }
  });

  it('sends an emulator the requests that it would send WeChat', async () => {
    const other = await createEmulator();
    await examine([], environmentOf(other));
    const paths = other.requests.map(({ path }) => path).sort();
    await other.close();
    expect(paths).toEqual([
      '/connect/oauth2/authorize',
      '/sns/auth',
      '/sns/oauth2/access_token',
      '/sns/oauth2/access_token',
    ]);
  });
});
