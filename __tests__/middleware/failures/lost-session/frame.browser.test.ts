// A login in a frame of another site, in Chromium.
import type http from 'node:http';
import type { Browser } from 'playwright-core';
import { startApp, type TestApp } from '../../../support/app';
import { describeInChromium, launchChromium, openWindow, PHONE } from '../../../support/browsers/chromium';
import { IPHONE_WECHAT } from '../../../support/browsers/user-agents';
import { emulator, useEmulator } from '../../../support/emulator';
import { listen, type Running } from '../../../support/hosts';
import { SESSION_NAMES, SESSIONS } from '../../../support/sessions';
import { useWarnings } from '../../../support/warnings';

describeInChromium('a login in Chromium', () => {
  useEmulator();
  let chromium: Browser;
  const running: (TestApp | Running)[] = [];
  const warnings = useWarnings();

  beforeAll(async () => {
    chromium = await launchChromium();
  });
  afterAll(() => chromium.close());
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.close()));
  });

  /** Opens the login as WeChat would, without a consent page. */
  async function open(app: TestApp, isFramed: boolean): Promise<string> {
    const page = `<iframe src="${app.url}/login?returnTo=/me"></iframe>`;
    const other = await listen(((_req, res) => {
      res.setHeader('Content-Type', 'text/html');
      res.end(page);
    }) satisfies http.RequestListener);
    running.push(app, other);
    const window = await openWindow(chromium, { ...PHONE, userAgent: IPHONE_WECHAT });
    try {
      const tab = await window.newPage();
      // For browsers, localhost and 127.0.0.1 are two sites.
      const address = isFramed
        ? other.url.replace('127.0.0.1', 'localhost')
        : `${app.url}/login?returnTo=/me`;
      await tab.goto(address, { waitUntil: 'networkidle' });
      return tab.url();
    } finally {
      await window.close();
    }
  }

  it.each(SESSION_NAMES)(
    'is lost in a frame of another site, and the console names the frame (%s)',
    async (kind) => {
      const app = await startApp(emulator, { session: SESSIONS[kind](), auth: { scope: 'snsapi_base' } });
      await open(app, true);
      expect(warnings.map(({ code }) => code)).toEqual(['WECHAT_FRAME']);
      expect(warnings[0]?.message).toContain('target="_top"');
    },
  );

  it.each(SESSION_NAMES)('succeeds in a window of its own, without a warning (%s)', async (kind) => {
    const app = await startApp(emulator, { session: SESSIONS[kind](), auth: { scope: 'snsapi_base' } });
    expect(await open(app, false)).toMatch(/\/me/);
    expect(warnings).toEqual([]);
  });
});
