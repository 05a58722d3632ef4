// Makes the pictures of the READMEs: a QR code login of the example app, in Chromium, against the emulator.
// `npm run picture` needs Chromium at /usr/bin/chromium, or CHROMIUM with its path, and a font with Chinese characters.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEmulator } from 'express-wechat-auth/emulator';
import { chromium } from 'playwright-core';
import { startExample } from '../../__tests__/support/processes/example-app.js';

const HERE = path.dirname(fileURLToPath(import.meta.url));

/** Locale of the browser → file, the words below the three pages, and the names in them. */
const PICTURES = {
  en: {
    file: 'login.png',
    steps: ['scan', 'allow', 'logged in'],
    shop: 'Corner Shop',
    people: ['Ming', 'Hong', 'Robert'],
  },
  'zh-CN': {
    file: 'login.zh-CN.png',
    steps: ['扫码', '允许', '登录完成'],
    shop: '小店',
    people: ['小明', '小红', '李雷'],
  },
};

const DESK = { width: 620, height: 540 };
const PHONE = { width: 300, height: 540 };

/** The example app with this emulator in place of WeChat. @param {import('express-wechat-auth/emulator').Emulator} wechat */
function startShop({ apps: { official, website }, url }) {
  return startExample({
    WECHAT_OPEN_URL: url,
    WECHAT_API_URL: url,
    WECHAT_APP_ID: official.appId,
    WECHAT_APP_SECRET: official.appSecret,
    WECHAT_WEBSITE_APP_ID: website.appId,
    WECHAT_WEBSITE_APP_SECRET: website.appSecret,
  });
}

/**
 * Logs in as a person does, and returns a screenshot of each page.
 *
 * @param {import('playwright-core').Browser} browser @param {string} locale @param {string} url
 */
async function screenshots(browser, locale, url) {
  const context = await browser.newContext({ viewport: DESK, locale, deviceScaleFactor: 1.5 });
  const desk = await context.newPage();
  await desk.goto(`${url}/login?returnTo=/me`);
  const qrCode = await desk.screenshot();
  const link = desk.locator('a[href*="/connect/confirm"]');
  const [phone] = await Promise.all([context.waitForEvent('page'), link.click()]);
  await phone.setViewportSize(PHONE);
  await phone.waitForLoadState();
  const consent = await phone.screenshot();
  await phone.click('button[value=allow]');
  await desk.waitForURL((address) => address.pathname === '/me');
  await desk.waitForLoadState('networkidle');
  const profile = await desk.screenshot();
  await context.close();
  return [qrCode, consent, profile];
}

/**
 * The three pages beside each other.
 *
 * @param {import('playwright-core').Browser} browser @param {readonly Buffer[]} pages
 * @param {{ file: string, steps: readonly string[] }} picture
 */
async function compose(browser, pages, { file, steps }) {
  const page = await browser.newPage({ viewport: { width: 1000, height: 400 }, deviceScaleFactor: 1.5 });
  const figures = pages.map((image, index) => {
    const isPhone = index === 1;
    const { width } = isPhone ? PHONE : DESK;
    const source = `data:image/png;base64,${image.toString('base64')}`;
    return `<figure><img class="${isPhone ? 'phone' : 'desk'}" width="${width * 0.6}" src="${source}">
      <figcaption>${index + 1} · ${steps[index]}</figcaption></figure>`;
  });
  await page.setContent(`<style>
    body { margin: 0; padding: 16px; background: #fff; font: 16px system-ui, 'Noto Sans CJK SC', sans-serif }
    main { display: inline-flex; gap: 14px; align-items: center; color: #576b95 }
    figure { margin: 0; text-align: center }
    img { display: block; border: 1px solid #d0d7de; border-radius: 8px; box-shadow: 0 1px 6px #0001 }
    .desk { border-top: 12px solid #e6e9ed } .phone { border: 6px solid #333; border-radius: 18px }
    figcaption { margin-top: 10px }
  </style><main>${figures.join('<span>→</span>')}</main>`);
  await page
    .locator('main')
    .evaluate((main) => Promise.all([...main.querySelectorAll('img')].map((img) => img.decode())));
  const box = await page.locator('main').boundingBox();
  if (!box) throw new Error('the picture is empty');
  const size = { x: 0, y: 0, width: box.width + 32, height: box.height + 32 };
  await page.setViewportSize({ width: Math.ceil(size.width), height: Math.ceil(size.height) });
  await page.screenshot({ path: path.join(HERE, file), clip: size });
  await page.close();
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});
try {
  for (const [locale, picture] of Object.entries(PICTURES)) {
    const wechat = await createEmulator({
      apps: [{ type: 'website', appId: 'wx5a0b000000000001', appSecret: 'a'.repeat(32), name: picture.shop }],
      users: picture.people.map((nickname, index) => ({ id: `user${index * 3}`, nickname })),
    });
    const example = await startShop(wechat);
    await compose(browser, await screenshots(browser, locale, example.url), picture);
    await example.stop();
    await wechat.close();
    console.log(`docs/picture/${picture.file}`);
  }
} finally {
  await browser.close();
}
