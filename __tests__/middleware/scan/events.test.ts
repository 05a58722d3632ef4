// The events and debug lines of a scan login: the same as of other flows, and without its secrets.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { format } from 'node:util';
import createDebug from 'debug';
import { startApp, type TestApp } from '../../support/app';
import { Browser } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';
import {
  ask,
  codeOn,
  confirm,
  devices,
  formToken,
  scan,
  scanOptions,
  showCode,
  tap,
  pinOn,
  sendPin,
} from '../../support/browsers/scan-login';

useEmulator({ switches: { recentLogin: 'ask', denial: 'authdeny' } });

const CHANNELS = ['login.started', 'login.succeeded', 'login.restarted', 'login.failed', 'logout'] as const;
type Message = Readonly<Record<string, unknown>>;
let events: [string, Message][] = [];
const listen = (message: unknown, name: string | symbol): void => {
  events.push([String(name).replace('express-wechat-auth:', ''), message as Message]);
};

let lines: string[] = [];
let app: TestApp;

beforeAll(async () => {
  for (const name of CHANNELS) subscribe(`express-wechat-auth:${name}`, listen);
  createDebug.enable('wechat-auth:*');
  jest.spyOn(createDebug, 'log').mockImplementation((...parameters) => {
    lines.push(format(...(parameters as unknown[])));
  });
  jest.spyOn(process, 'emitWarning').mockImplementation((warning) => {
    lines.push(String(warning));
  });
  app = await startApp(emulator, { auth: scanOptions({ confirm: 'pin' }) });
});
beforeEach(() => {
  events = [];
  lines = [];
});
afterAll(async () => {
  for (const name of CHANNELS) unsubscribe(`express-wechat-auth:${name}`, listen);
  createDebug.disable();
  jest.restoreAllMocks();
  await app.close();
});

describe('a scan login', () => {
  it('starts once and succeeds once, with one id, on the PC', async () => {
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    const pin = pinOn(await scan(phone, emulator, code.url));
    await sendPin(pc, code.statusURL, pin);
    expect(events.map(([name]) => name)).toEqual(['login.started', 'login.succeeded']);
    const [[, started], [, succeeded]] = events as [[string, Message], [string, Message]];
    const { appId } = emulator.apps.official;
    expect(started).toEqual({ id: started['id'], flow: 'scan', appid: appId, scope: 'snsapi_userinfo' });
    expect(succeeded).toMatchObject({ ...started });
    expect(code.statusURL).toContain(String(started['id']));
    expect(lines.join('\n')).toContain('scan login started');
    expect(lines.join('\n')).toContain('scan login finished');
  });

  it('reports a failure on the phone with the flow, and the PC may still be logged in', async () => {
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    const { location } = await tap(phone, await phone.get(code.url), 'confirm');
    await phone.get((await emulator.authorize(location, { allow: false })) ?? '');
    expect(events.map(([name]) => name)).toEqual(['login.started', 'login.failed']);
    expect(events[1]?.[1]).toMatchObject({ flow: 'scan', kind: 'access_denied' });
    expect(events[1]?.[1]).not.toHaveProperty('id');
    const pin = pinOn(await scan(phone, emulator, code.url));
    expect((await sendPin(pc, code.statusURL, pin)).json()).toMatchObject({ status: 'confirmed' });
  });

  it('reports a logout of its user', async () => {
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    const pin = pinOn(await scan(phone, emulator, code.url));
    await sendPin(pc, code.statusURL, pin);
    events = [];
    await pc.get('/logout');
    expect(events).toEqual([['logout', { flow: 'scan', appid: emulator.apps.official.appId }]]);
  });
});

describe('the secrets of a scan login', () => {
  it('are in no debug line, warning, event, header or error', async () => {
    const { pc, phone } = devices(app);
    const page = await pc.follow('/me');
    const code = codeOn(page);
    const question = await phone.get(code.url);
    const token = formToken(question);
    const forged = await phone.request(code.url, {
      method: 'POST',
      headers: { Origin: 'https://evil.example' },
    });
    const callback = await confirm(phone, emulator, code.url);
    emulator.fail('access_token', { errcode: 40125 });
    const failed = await phone.get(callback);
    const done = await scan(phone, emulator, code.url);
    const pin = pinOn(done);
    const wrong = await sendPin(pc, code.statusURL, pin === '0000' ? '0001' : '0000');
    const confirmed = await sendPin(pc, code.statusURL, pin);
    const over = await phone.get(code.url);
    const texts = [
      ...lines,
      JSON.stringify(events),
      ...app.errors.map(String),
      ...[page, question, forged, failed, done, wrong, confirmed, over].map(({ headers }) =>
        JSON.stringify({ ...headers, 'set-cookie': undefined }),
      ),
      wrong.body,
      confirmed.body,
      over.body,
      JSON.stringify(emulator.requests),
    ];
    for (const secret of [code.ticket, code.ticket.slice(0, 20), token])
      expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    expect(lines.filter((line) => new RegExp(`\\b${pin}\\b`).test(line))).toEqual([]);
  });

  it('leave with no Referer', async () => {
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    expect((await phone.get(code.url)).headers['referrer-policy']).toBe('same-origin');
    expect((await Browser.onDesktop(app.url).get(code.url)).headers['referrer-policy']).toBe('same-origin');
    expect((await phone.get(`${code.url}x`)).headers['referrer-policy']).toBe('same-origin');
    const callback = await confirm(phone, emulator, code.url);
    expect((await phone.get(callback)).headers['referrer-policy']).toBe('no-referrer');
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });
  });

  it('are stored by no cache', async () => {
    const { pc, phone } = devices(app);
    const page = await pc.follow('/me');
    const code = codeOn(page);
    for (const response of [page, await phone.get(code.url), await pc.get(code.statusURL)])
      expect(response.headers['cache-control']).toBe('no-store');
  });
});
