// The doctor on an app behind a relay: it looks at both sides.
import type http from 'node:http';
import { checkConfiguration } from '../../../../lib/cli/doctor/checks/configuration';
import type { Finding } from '../../../../lib/cli/doctor/report/check-list';
import { WECHAT } from '../../../../lib/oauth/endpoints';
import { startApp, type AppOptions } from '../../../support/app';
import { environmentOf, emulator, useEmulator } from '../../../support/emulator';
import { HOSTS, listen, type Running } from '../../../support/hosts';
import { startRelay } from '../../../relay/relay-site';
import { examine, type Env, type Report } from '../run-doctor';

useEmulator();

beforeEach(() => jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined));

const running: Running[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(running.splice(0).map((each) => each.close()));
});

async function keep<T extends Running>(started: Promise<T>): Promise<T> {
  const each = await started;
  running.push(each);
  return each;
}

/** An app that uses this relay, and the doctor that is given both. */
async function examineBehind(relay: string, options: AppOptions = {}, env: Env = {}): Promise<Report> {
  const app = await keep(startApp(emulator, { ...options, auth: { relay, ...options.auth } }));
  return examine(['--url', app.url], { ...environmentOf(emulator), WECHAT_RELAY: relay, ...env });
}

/** What a hand-written relay does with `to`. */
const handWritten = (
  respond: (to: string, res: http.ServerResponse, others: string) => void,
): Promise<Running> =>
  keep(
    listen((req, res) => {
      const { searchParams } = new URL(req.url ?? '', 'http://relay');
      const to = searchParams.get('to') ?? '';
      searchParams.delete('to');
      respond(to, res, searchParams.toString());
      res.end();
    }),
  );

const redirect = (res: http.ServerResponse, to: string, others: string): void => {
  res.writeHead(302, { Location: `${to}?${others}` });
};

describe('the doctor, on an app behind a relay', () => {
  it('names the host of a relay that cannot be reached', async () => {
    const { check } = await examineBehind('http://127.0.0.1:1');
    expect(check('relay-own-app')).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(/^127\.0\.0\.1:1: .*ECONNREFUSED/) as string,
    });
  });

  it.each(HOSTS)('reports that neither knows the other, on %s', async (host) => {
    const app = await keep(startApp(emulator, { host }));
    const relay = await keep(
      startRelay(host, '/wechat', { to: ['http://127.0.0.1:1', 'http://localhost:1/callback'] }),
    );
    const { check } = await examine(['--url', app.url], {
      ...environmentOf(emulator),
      WECHAT_RELAY: `${relay.url}/wechat`,
    });
    expect(check('redirect-uri')).toMatchObject({
      status: 'failed',
      remedy: expect.stringMatching(/WECHAT_RELAY/) as string,
    });
    expect(check('relay-own-app')).toMatchObject({
      status: 'failed',
      detail: `the relay refuses ${app.url}/callback`,
      remedy: `Add ${app.url}/callback to the option \`to\` of the wechatRelay() at ${relay.url}/wechat, and restart it.`,
    });
    expect(check('relay-other-hosts').status).toBe('ok');
  });

  it.each(HOSTS)('finds nothing wrong if both know each other, on %s', async (host) => {
    const proxy = await keep(listen((_req, res) => res.end()));
    const base = proxy.url.replace('127.0.0.1', 'localhost');
    const relay = await keep(startRelay(host, '/wechat', { to: [`${base}/auth/callback`] }));
    const address = `${relay.url}/wechat`;
    const app = await keep(
      startApp(emulator, { host, mount: '/auth', auth: { relay: `${address}/`, baseURL: base } }),
    );
    const { bad, statuses, check, exit } = await examine(
      ['--url', app.url, '--mount', '/auth', '--base-url', base, '--relay', address],
      environmentOf(emulator),
    );
    expect({ exit, bad }).toEqual({ exit: 0, bad: [] });
    expect(statuses).toMatchObject({
      relay: 'ok',
      'redirect-uri': 'ok',
      callback: 'ok',
      'relay-own-app': 'ok',
      'relay-other-hosts': 'ok',
      'website-login-page': 'ok',
    });
    expect(check('redirect-uri').detail).toBe(
      `${address}/callback?to=${encodeURIComponent(`${base}/auth/callback`)}`,
    );
    expect(check('relay-own-app').detail).toBe(`${base}/auth/callback`);
  });

  it('finds the public address of the app behind the relay, if it was not given', async () => {
    const relay = await keep(startRelay('Express 5', '', { to: ['https://staging.example.com'] }));
    const { bad, check } = await examineBehind(relay.url, {
      auth: { baseURL: 'https://staging.example.com' },
    });
    expect(check('app-reachable').detail).toContain('https://staging.example.com');
    expect(check('relay-own-app').detail).toBe('https://staging.example.com/callback');
    expect(bad).not.toContain('redirect-uri');
  });

  it('checks the relay without a running app, if the public address is given', async () => {
    const relay = await keep(startRelay('Express 5', '', { to: ['http://localhost:3000/callback'] }));
    const env = {
      ...environmentOf(emulator),
      WECHAT_BASE_URL: 'http://localhost:3000',
      WECHAT_RELAY: relay.url,
    };
    const { statuses } = await examine([], env);
    expect(statuses).toMatchObject({
      'app-reachable': 'skipped',
      'relay-own-app': 'ok',
      'relay-other-hosts': 'ok',
    });
  });

  it('reports that the app has a relay, and the doctor none or another one', async () => {
    const relay = await keep(startRelay('Express 5', '', { to: ['https://staging.example.com'] }));
    const alone = await examineBehind(relay.url, {}, { WECHAT_RELAY: '' });
    expect(alone.check('redirect-uri')).toMatchObject({
      status: 'failed',
      remedy: 'Give the app and the doctor the same relay (WECHAT_RELAY), or give neither of them a relay.',
    });
    expect(alone.statuses).not.toHaveProperty('relay-own-app');
    const other = await examineBehind(relay.url, {}, { WECHAT_RELAY: `${relay.url}/other` });
    expect(other.check('redirect-uri').remedy).toMatch(/the same relay/);
    expect(other.check('relay-own-app')).toMatchObject({ status: 'failed', detail: 'not a relay: HTTP 200' });
    expect(other.check('relay-other-hosts').status).toBe('skipped');
  });

  it.each([
    [404, /^Mount wechatRelay\(\) at this address/],
    [502, /^A proxy responds in place of the relay: start the relay/],
    [504, /^A proxy responds in place of the relay: start the relay/],
  ])('says what to do if the address of the relay responds with %d', async (status, remedy) => {
    const proxy = await keep(
      listen((_req, res) => {
        res.statusCode = status;
        res.end();
      }),
    );
    const { check } = await examineBehind(proxy.url);
    expect(check('relay-own-app')).toMatchObject({
      status: 'failed',
      detail: `not a relay: HTTP ${status}`,
      remedy: expect.stringMatching(remedy) as string,
    });
  });

  it('reports a wrong address behind the right relay like one without a relay', async () => {
    const relay = await keep(startRelay('Express 5', '', { to: ['https://staging.example.com'] }));
    const auth = { relay: relay.url, baseURL: 'https://staging.example.com/shop' };
    const { check } = await examineBehind(
      relay.url,
      { auth },
      { WECHAT_BASE_URL: 'https://staging.example.com' },
    );
    expect(check('redirect-uri')).toMatchObject({
      status: 'failed',
      detail: 'is https://staging.example.com/shop/callback, and not https://staging.example.com/callback',
    });
  });

  it('checks the relay by the rules for callback domains, and no longer the app', () => {
    const app = { appId: undefined, appSecret: undefined };
    const findingsFor = (relay: string): Readonly<Record<string, Finding>> =>
      Object.fromEntries(
        checkConfiguration(
          {
            apps: { official: app, website: app },
            baseURL: 'http://203.0.113.7:3000',
            relay,
            hasSecretInFlag: false,
            isProduction: false,
            ...WECHAT,
          },
          false,
        ).map((finding) => [finding.id, finding]),
      );
    expect(findingsFor('https://auth.example.com/wechat')).toMatchObject({
      'base-url': { status: 'ok' },
      relay: { status: 'ok' },
    });
    for (const [relay, detail] of [
      ['https://auth.example.com:8443/wechat', 'has a port (8443)'],
      ['https://auth.example.com/wechat/callback', 'ends in /callback'],
      ['auth.example.com', 'is not an http: or https: address'],
    ] as const)
      expect(findingsFor(relay)).toMatchObject({ relay: { status: 'failed', detail: { en: detail } } });
    expect(findingsFor('https://auth.example.com/wechat ')).toMatchObject({
      relay: { status: 'warning', remedy: { en: 'Remove these characters (WECHAT_RELAY).' } },
    });
  });

  it.each([
    ['to any address', (to: string) => to, /: https:\/\/relay-check\.invalid\/callback$/],
    [
      'to a host that begins like the app',
      (to: string) => (to.startsWith('http://127.0.0.1') || to.startsWith('https://127.0.0.1.') ? to : ''),
      /: https:\/\/127\.0\.0\.1\.relay-check\.invalid\/$/,
    ],
    [
      'to an address that contains that of the app',
      (to: string) => (to.includes('http://127.0.0.1') ? to : ''),
      /: https:\/\/relay-check\.invalid\/\?http:\/\/127\.0\.0\.1:\d+\/callback$/,
    ],
    [
      'to an address with the app as its user',
      (to: string) => (/^https?:\/\/127\.0\.0\.1:\d+[/@]/.test(to) ? to : ''),
      /: https:\/\/127\.0\.0\.1:\*+@relay-check\.invalid\/callback$/,
    ],
  ])('reports a relay that sends browsers %s', async (_name, target, address) => {
    const relay = await handWritten((to, res, others) => {
      if (target(to) === '') res.writeHead(400);
      else redirect(res, to, others);
    });
    const { check } = await examineBehind(relay.url);
    expect(check('relay-own-app').status).toBe('ok');
    const { status, detail } = check('relay-other-hosts');
    expect(status).toBe('failed');
    expect(detail).toMatch(/^the relay sends codes to an address that is not this app's: /);
    expect(detail).toMatch(address);
  });

  it('cannot tell what a relay does that shows a page for other addresses', async () => {
    const relay = await handWritten((to, res, others) => {
      if (to.startsWith('http://127')) redirect(res, to, others);
    });
    expect((await examineBehind(relay.url)).check('relay-other-hosts')).toMatchObject({
      status: 'warning',
      detail: 'cannot tell: for another address, the relay responds with HTTP 200',
    });
  });

  it('reports a relay that sends the browser somewhere else, drops the code, or is not there', async () => {
    const elsewhere = await handWritten((_to, res) =>
      redirect(res, 'https://www.example.com/x', 'code=SECRET'),
    );
    expect((await examineBehind(elsewhere.url)).check('relay-own-app')).toMatchObject({
      status: 'failed',
      detail: 'the relay redirects to https://www.example.com/x',
    });
    const dropped = await handWritten((to, res) => redirect(res, to, ''));
    expect((await examineBehind(dropped.url)).check('relay-own-app').status).toBe('failed');
    const gone = await listen(() => undefined);
    await gone.close();
    const { check } = await examineBehind(gone.url);
    expect([check('relay-own-app').status, check('relay-other-hosts').status]).toEqual(['failed', 'skipped']);
  });
});
