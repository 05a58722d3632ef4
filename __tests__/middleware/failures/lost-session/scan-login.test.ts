// A scan login whose session is gone, such as at a process that has a session store of its own.
import { startApp, type TestApp } from '../../../support/app';
import { ask, devices, scanOptions, showCode, tap } from '../../../support/browsers/scan-login';
import { emulator, useEmulator } from '../../../support/emulator';
import type { Middleware } from '../../../support/hosts';
import { serverSessions } from '../../../support/sessions';
import { useWarnings } from '../../../support/warnings';

useEmulator();
const warnings = useWarnings();
const codes = (): string[] => warnings.map(({ code }) => code);

describe('a scan login with two processes that share no sessions', () => {
  const stores = [serverSessions(), serverSessions()];
  let process = 0;
  let app: TestApp;
  beforeEach(async () => {
    process = 0;
    const session: Middleware = (req, res, next) => stores[process]?.(req, res, next);
    app = await startApp(emulator, { session, auth: scanOptions() });
  });
  afterEach(() => app.close());

  it('is explained once the page of the PC has missed it twice', async () => {
    const { pc } = devices(app);
    const { statusURL } = await showCode(pc);
    process = 1;
    expect(await ask(pc, statusURL)).toEqual({ status: 'expired' });
    expect(codes()).toEqual([]);
    for (let polls = 1; polls <= 2; polls++)
      expect(await ask(pc, `${statusURL}&missed=1`)).toEqual({ status: 'expired' });
    expect(codes()).toEqual(['WECHAT_SESSION_GONE']);
    expect(warnings[0]?.message).toMatch(/^A login was lost: .*Several processes need one session store/);
  });

  it('is not explained for a poll of another site, nor for a code that has ended', async () => {
    const { pc, phone } = devices(app);
    const { statusURL, url } = await showCode(pc);
    await tap(phone, await phone.get(url), 'cancel');
    expect(await ask(pc, `${statusURL}&missed=1`)).toEqual({ status: 'cancelled' });
    process = 1;
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    expect((await pc.get(`${statusURL}&missed=1`, { headers })).json()).toEqual({ status: 'expired' });
    expect(codes()).toEqual([]);
  });

  it('is explained when the phone confirms, and its session is gone', async () => {
    const { pc, phone } = devices(app);
    const question = await phone.get((await showCode(pc)).url);
    process = 1;
    const response = await tap(phone, question, 'confirm');
    expect(response.body).toContain('无法确认登录');
    expect(codes()).toEqual(['WECHAT_SESSION_GONE']);
  });
});
