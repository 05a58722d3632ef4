// No page of the library, the emulator or the example app is wider than the window, however long a name is.
import type { Browser, Page } from 'playwright-core';
import { startApp, type TestApp } from './support/app';
import { describeInChromium, launchChromium, openWindow } from './support/browsers/chromium';
import { IPHONE_WECHAT } from './support/browsers/user-agents';
import { emulator, environmentOf, useEmulator } from './support/emulator';
import { startExample, type ExampleApp } from './support/processes/example-app';
import { useWarnings } from './support/warnings';

// Chromium needs a while on a busy machine.
jest.setTimeout(120_000);

/** The names have no space, so that a browser breaks them only if a style allows it. */
const LATIN = 'Wolfeschlegelsteinhausenbergerdorff'.repeat(2).slice(0, 64);
const CHINESE = '这个昵称非常非常长总共有八十个汉字没有任何空格'.repeat(4).slice(0, 80);

const WINDOWS = [320, 375, 1280].flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
);

/** The pages that are wider than the window, and the buttons and headings that overflow their parent. */
function tooWide(page: Page, { width, colorScheme }: (typeof WINDOWS)[number]): Promise<string[]> {
  // The code is a string, because these tests have no types of the DOM.
  return page.evaluate<string[]>(`(() => {
    const found = [];
    const where = location.href + ' (${width}, ${colorScheme}): ';
    if (innerWidth !== ${width} || !matchMedia('(prefers-color-scheme: ${colorScheme})').matches)
      found.push(where + 'the window has another shape');
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) found.push(where + scrollWidth + ' > ' + clientWidth);
    for (const each of document.querySelectorAll('button, h1')) {
      const parent = each.parentElement.getBoundingClientRect();
      const { left, right, width } = each.getBoundingClientRect();
      if (width > 0 && getComputedStyle(each).position !== 'fixed' && (left < parent.left - 1 || right > parent.right + 1))
        found.push(where + each.outerHTML.slice(0, 80));
    }
    return found;
  })()`);
}

describeInChromium('pages with long names', () => {
  // Keeps the stack of the error in onLogin below from being printed.
  useWarnings();
  useEmulator({
    apps: [
      { type: 'official', appId: 'wx00000000000000a1', appSecret: 'a'.repeat(32), name: CHINESE },
      { type: 'website', appId: 'wx00000000000000b2', appSecret: 'b'.repeat(32), name: LATIN },
    ],
    users: [
      { id: 'latin', nickname: LATIN },
      { id: 'chinese', nickname: CHINESE, snapshot: true },
    ],
  });
  let browser: Browser;
  let app: TestApp;
  let example: ExampleApp;

  beforeAll(async () => {
    browser = await launchChromium();
    app = await startApp(emulator, {
      auth: {
        onLogin: () => {
          throw new Error(`${LATIN} ${LATIN}${LATIN}`);
        },
      },
    });
    example = await startExample(environmentOf(emulator));
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
    await example.stop();
  });

  it.each(['zh-CN', 'en'])('fit into every window: %s', async (locale) => {
    const inWechat = await openWindow(browser, { locale, userAgent: IPHONE_WECHAT });
    const outside = await openWindow(browser, { locale });
    const phone = await inWechat.newPage();
    const desk = await outside.newPage();
    const found: string[] = [];
    /** Gives the window one shape after another: that takes less time than to open the page in each of them. */
    const look = async (page: Page): Promise<void> => {
      await page.waitForLoadState();
      for (const shape of WINDOWS) {
        const { width, colorScheme } = shape;
        await page.setViewportSize({ width, height: width < 600 ? 812 : 800 });
        await page.emulateMedia({ colorScheme });
        found.push(...(await tooWide(page, shape)));
      }
    };

    for (const person of ['latin', 'chinese']) {
      await inWechat.clearCookies();
      await phone.goto(`${example.url}/me`);
      await look(phone); // the consent page
      await phone.check(`input[value=${person}]`);
      await phone.click('button[value=allow]');
      if (person === 'chinese') {
        await look(phone); // the snapshot page
        await phone.click('button[value=full]');
        await phone.check(`input[value=${person}]`);
        await phone.click('button[value=allow]');
      }
      await phone.waitForURL((url) => url.pathname === '/me');
      expect(await phone.textContent('h1')).toBe(person === 'latin' ? LATIN : CHINESE);
      await look(phone); // the profile
      await phone.goto(example.url);
      await look(phone);
      await phone.click('#ask');
      await phone.locator('#response').waitFor();
      await look(phone);
    }
    await desk.goto(`${example.url}/login?returnTo=/me`);
    await look(desk); // the QR code
    const [confirm] = await Promise.all([
      outside.waitForEvent('page'),
      desk.click('a[href*="/connect/confirm"]'),
    ]);
    await look(confirm);
    await desk.goto(`${example.url}/scan-login`);
    await look(desk);
    await desk.goto(`${example.url}/none`);
    await look(desk); // the page for an address that does not exist
    await inWechat.clearCookies();
    await phone.goto(`${app.url}/me`);
    await phone.click('button[value=allow]');
    await phone.locator('pre').first().waitFor();
    await look(phone); // the error page of the library, with the message for the developer
    await phone.goto(`${app.url}/callback?code=x&state=0${'a'.repeat(32)}`);
    await look(phone);
    await desk.goto(`${app.url}/login?flow=official&returnTo=/${LATIN}`);
    await look(desk);
    await desk.goto(emulator.url);
    await look(desk); // the home page of the emulator
    await inWechat.close();
    await outside.close();
    expect(found).toEqual([]);
  });
});
