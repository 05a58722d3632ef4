import { startApp, type TestApp } from '../../support/app';
import { Browser } from '../../support/browser';
import { HOSTS } from '../../support/hosts';
import { emulator, useEmulator } from '../../support/emulator';

const NAME = 'MP_verify_Ab12Cd34Ef56Gh78.txt';
const verificationFiles = { [NAME]: 'Ab12Cd34Ef56Gh78', 'other-1.txt': '中文 & <b>' };

describe.each(HOSTS)('verificationFiles on %s', (host) => {
  useEmulator();
  const apps: TestApp[] = [];
  const start = async (mount = '', authRequired = false): Promise<Browser> => {
    const app = await startApp(emulator, { host, mount, auth: { verificationFiles, authRequired } });
    apps.push(app);
    return Browser.onDesktop(app.url);
  };

  beforeAll(() => {
    jest.spyOn(process, 'emitWarning').mockImplementation();
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await Promise.all(apps.map((app) => app.close()));
  });

  it('are served unchanged as plain text', async () => {
    const browser = await start();
    const file = await browser.get(`/${NAME}`);
    expect(file.status).toBe(200);
    expect(file.body).toBe('Ab12Cd34Ef56Gh78');
    expect(file.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(file.headers['content-length']).toBe('16');
    expect(file.headers['x-content-type-options']).toBe('nosniff');
    expect((await browser.get('/other-1.txt')).body).toBe('中文 & <b>');
    expect((await browser.get(`/${NAME}?t=1`)).body).toBe('Ab12Cd34Ef56Gh78');
  });

  it('are served without a session or a login', async () => {
    const browser = await start('', true);
    const file = await browser.get(`/${NAME}`, { headers: { Accept: '*/*' } });
    expect(file.status).toBe(200);
    expect(file.headers['set-cookie']).toBeUndefined();
  });

  it('are served to HEAD with their length, and other methods are left to the app', async () => {
    const browser = await start();
    const head = await browser.request(`/${NAME}`, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.headers['content-length']).toBe('16');
    expect(head.body).toBe('');
    expect((await browser.request(`/${NAME}`, { method: 'POST' })).body).toBe('home');
  });

  it.each([
    '/mp_verify_ab12cd34ef56gh78.txt',
    '/MP_verify_x.txt',
    `/x/${NAME}`,
    `/${NAME}/`,
    `/${NAME}x`,
    '/__proto__',
    '/constructor',
  ])('are served only under their exact names, not as %s', async (path) => {
    expect((await (await start()).get(path)).body).toBe('home');
  });

  it('are served below a mount path, with one warning', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockClear();
    const browser = await start('/auth');
    expect((await browser.get(`/auth/${NAME}`)).body).toBe('Ab12Cd34Ef56Gh78');
    expect((await browser.get(`/${NAME}`)).body).not.toBe('Ab12Cd34Ef56Gh78');
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /are served below \/auth, but .* at the root of the callback domain, .*Mount wechatAuth\(\) at the root\. 验证文件在 \/auth 之下.*请把 wechatAuth\(\) 挂载在根路径/,
        ),
        {
          type: 'WechatAuthWarning',
          code: 'WECHAT_VERIFICATION_FILE',
          detail: expect.stringContaining('/docs/zh-CN/warnings.md') as string,
        },
      ],
    ]);
    warn.mockClear();
    await (await start()).get(`/${NAME}`);
    expect(warn).not.toHaveBeenCalled();
  });
});
