/**
 * What the app keeps of a text from outside is bounded: a short part of each text while the caches fill, and
 * nothing more when they are full. The heap is measured in a process of its own, after garbage collection.
 */
import { emulator, useEmulator } from '../../support/emulator';
import { startMeasuredApp, type MeasuredApp } from '../../support/operations/measured-app';

/** Nearly as long as Node allows the head of a request to be. */
const LONG = 'a'.repeat(12_000);
/**
 * In bytes for each request. It is enough for a login that restarts (two states, each with its pending login and
 * with what was seen of its session, and the entries of its callback), but not for a whole header.
 */
const MAX_KEPT = 4_500;
const REQUESTS = 300;
const REQUESTS_AT_ONCE = 20;

let app: MeasuredApp;

useEmulator();
beforeAll(async () => {
  app = await startMeasuredApp(emulator);
});
afterAll(() => app.close());

type Send = (at: number, app: MeasuredApp) => Promise<unknown>;

async function repeat(times: number, send: (at: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const sendInTurn = async (): Promise<void> => {
    while (next < times) await send(next++);
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, sendInTurn));
}

/** How much the heap grows while this work is done, in bytes. */
async function growth(work: () => Promise<void>): Promise<number> {
  const before = await app.heap();
  await work();
  return (await app.heap()) - before;
}

function withHeader(name: string, value: (at: number) => string): Send {
  return (at, app) => app.send('/login', { headers: { [name]: value(at) } });
}

function unknownState(at: number): string {
  return `0${at.toString(16).padStart(32, '0')}`;
}

const ANONYMOUS_REQUESTS: Readonly<Record<string, Send>> = {
  'GET /login with a long Host header': withHeader('Host', (at) => `${at}.${LONG}`),
  'GET /login with a Host header as long as a name may be': withHeader(
    'Host',
    (at) => `${at}.${LONG.slice(0, 240)}`,
  ),
  'GET /login with a long X-Forwarded-Host header': withHeader(
    'X-Forwarded-Host',
    (at) => `${at}.example.com,${LONG}`,
  ),
  'GET /login with a long User-Agent header': withHeader(
    'User-Agent',
    (at) => `MicroMessenger ${at} ${LONG}`,
  ),
  'GET /login with a long Cookie header': withHeader('Cookie', (at) => `a=${at}${LONG}`),
  'GET /login with a long returnTo': (at, app) => app.send(`/login?returnTo=/${at}${LONG}`),
  'GET /login with a returnTo as long as it may be': (at, app) =>
    app.send(`/login?returnTo=/${at}${LONG.slice(0, 500)}&further=${LONG}`),
  'GET /login below a mount that is a pattern': (at, app) =>
    app.send(`/shops/${LONG.slice(0, 200)}${at}/login?further=${LONG}`),
  'GET /login below a long mount that is a pattern': (at, app) => app.send(`/shops/${LONG}${at}/login`),
  'GET of a long guarded address': (at, app) => app.send(`/me?${at}${LONG}`),
  'GET /callback with a made-up code and a made-up state': (at, app) =>
    app.send(`/callback?code=${at}&state=${unknownState(at)}&further=${LONG}`),
  'GET /callback with a made-up code and the state of a login that the client has started': async (
    at,
    app,
  ) => {
    const { location, cookies } = await app.send('/login');
    const state = new URL(location).searchParams.get('state') ?? '';
    await app.send(`/callback?code=${at}&state=${state}&further=${LONG}`, { headers: { Cookie: cookies } });
  },
  'GET /logout during a login that the client has started': async (_at, app) => {
    const { cookies } = await app.send('/login');
    await app.send(`/logout?further=${LONG}`, { headers: { Cookie: cookies } });
  },
};

describe('the memory that anonymous requests take', () => {
  it.each(Object.entries(ANONYMOUS_REQUESTS))(
    `is at most ${MAX_KEPT} bytes each (%s)`,
    async (_name, send) => {
      await repeat(50, (at) => send(REQUESTS + at, app));
      const bytes = await growth(() => repeat(REQUESTS, (at) => send(at, app)));
      expect(bytes / REQUESTS).toBeLessThan(MAX_KEPT);
    },
  );

  // Calls the caches directly: so many requests would take minutes.
  it('does not grow any more when the caches are full', async () => {
    const fill = (callbacks: number): Promise<void> =>
      app.call({ name: 'fillCaches', argument: String(callbacks) });
    const filling = await growth(() => fill(10_000));
    expect(filling).toBeGreaterThan(10_000 * 500);
    // Fills them once more, because the tables of the caches still grow when they evict their first entries.
    await fill(10_000);
    expect(await growth(() => fill(10_000))).toBeLessThan(filling / 10);
  });
});

describe('the memory that responses of WeChat take', () => {
  const LOGINS = 10;
  const padding = 'x'.repeat(900_000);
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`field${at}`, at]));

  it.each([
    ['a token response with a long unknown field', 'access_token', { further: padding }],
    ['a token response with a long token', 'access_token', { access_token: padding }],
    ['a token response with many fields', 'access_token', many],
    ['a profile with a long unknown field', 'userinfo', { further: padding }],
    ['a profile with a long nickname', 'userinfo', { nickname: padding }],
    ['a profile with many fields', 'userinfo', many],
    [
      'a profile with a long list',
      'userinfo',
      { privilege: Array.from({ length: 10_000 }, () => 'privilege') },
    ],
    ['a long errmsg', 'access_token', { errcode: 40125, errmsg: padding }],
  ] as const)(`is less than 1 MB for ${LOGINS} logins (%s)`, async (_name, endpoint, patch) => {
    const logIn = async (): Promise<void> => {
      const { target, cookies } = await app.startLogin();
      emulator.fail(endpoint, { patch });
      await app.send(target, { headers: { Cookie: cookies } });
    };
    await logIn();
    const bytes = await growth(async () => {
      for (let login = 0; login < LOGINS; login++) await logIn();
    });
    expect(bytes).toBeLessThan(1_000_000);
  });
});
