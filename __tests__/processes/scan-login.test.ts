// A scan login over two processes with one Redis: each step may reach another process.
import { Browser } from '../support/browser';
import { describeOnRedis } from '../support/redis';
import { ask, codeOn, confirm, scanOptions, type ScanStatus } from '../support/browsers/scan-login';
import { SESSION_NAMES } from '../support/sessions';
import { startTwoApps, type TwoApps } from './two-apps';

describeOnRedis.each(SESSION_NAMES)('a scan login at two processes, with %s', (sessions) => {
  let apps: TwoApps;
  let first: string;
  let second: string;
  beforeAll(async () => {
    apps = await startTwoApps({ sessions, auth: scanOptions() });
    [first, second] = apps.urls;
  });
  afterAll(() => apps.close());

  const at = (process: string, address: string): string => {
    const { pathname, search } = new URL(address, process);
    return process + pathname + search;
  };

  it('is shown by one, confirmed at the other, and collected at the first', async () => {
    const pc = Browser.onDesktop(first);
    const phone = Browser.inWechat(second);
    const code = codeOn(await pc.get('/login?returnTo=/me'));
    expect(code.url.startsWith(`${apps.url}/scan/`)).toBe(true);
    const callback = await confirm(phone, apps.emulator, at(second, code.url));
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });
    expect((await Browser.inWechat(first).get(at(first, code.url))).status).toBe(409);
    expect((await phone.get(at(second, callback))).body).toContain('请回到电脑继续');
    expect((await phone.get(at(first, callback))).body).toContain('请回到电脑继续');
    const logins = apps.logins();
    expect(await ask(pc, at(first, code.statusURL))).toEqual({ status: 'confirmed', location: '/me' });
    expect(apps.logins()).toBe(logins + 1);
    expect((await pc.get(at(second, '/me'))).json()).toMatchObject({ nickname: '小明' });
  });

  it('goes to one of many polls at both, and is not collected after a logout at the other', async () => {
    const pc = Browser.onDesktop(first);
    const phone = Browser.inWechat(second);
    const code = codeOn(await pc.get('/login?returnTo=/me'));
    await phone.get(at(second, await confirm(phone, apps.emulator, at(second, code.url))));
    const cookie = pc.cookies();
    const polls = await Promise.all(
      [first, second, first, second].map(
        async (process) => (await pc.get(at(process, code.statusURL), { cookie })).json() as ScanStatus,
      ),
    );
    expect(polls.map(({ status }) => status).sort()).toEqual(['confirmed', 'expired', 'expired', 'expired']);

    const other = Browser.onDesktop(first);
    const next = codeOn(await other.get('/login'));
    const before = other.cookies();
    await phone.get(at(second, await confirm(phone, apps.emulator, at(second, next.url))));
    await other.get(at(second, '/logout'));
    expect((await other.get(at(first, next.statusURL), { cookie: before })).json()).toEqual({
      status: 'expired',
    });
  });

  it('tells the PC at one that the user cancelled at the other', async () => {
    const pc = Browser.onDesktop(first);
    const phone = Browser.inWechat(second);
    const code = codeOn(await pc.get('/login'));
    const question = await phone.get(at(second, code.url));
    await phone.request(question.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin' },
      body: 'action=cancel',
    });
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'cancelled' });
  });
});
