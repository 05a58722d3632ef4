// `npm run example` prints a message before it builds; the example app does not serve some addresses.
import { execSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { read } from './docs/pages';
import { Browser } from './support/browser';
import { startExample, type ExampleApp } from './support/processes/example-app';

let example: ExampleApp;
beforeAll(async () => {
  example = await startExample();
});
afterAll(() => example.stop());

describe('npm run example', () => {
  it('says what it does before it builds', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: { example: string } };
    const [first = '', second = ''] = scripts.example.split(' && ');
    expect(execSync(first, { encoding: 'utf8' })).toMatch(/^Building the package[^]*\n正在构建/);
    expect(second).toBe('npm run --silent build');
  });
});

describe('the example app', () => {
  it('serves its styles and scripts from a folder whose name has a space and Chinese characters', async () => {
    const root = path.resolve(__dirname, '..');
    const folder = mkdtempSync(path.join(tmpdir(), '示例 app-'));
    mkdirSync(path.join(folder, 'node_modules'));
    symlinkSync(root, path.join(folder, 'node_modules/express-wechat-auth'));
    for (const name of ['cookie-session', 'escape-html', 'express', 'weui'])
      symlinkSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name));
    cpSync(path.join(root, 'example-app'), folder, { recursive: true });
    const elsewhere = await startExample({}, path.join(folder, 'app.mjs'));
    const browser = Browser.onDesktop(elsewhere.url);
    const files = ['/weui.css', '/assets/app.css', '/assets/home.js'];
    const statuses = await Promise.all(files.map(async (file) => (await browser.get(file)).status));
    await elsewhere.stop();
    rmSync(folder, { recursive: true });
    expect(statuses).toEqual([200, 200, 200]);
  });
});

describe('the page of the scan login', () => {
  it('and the link to it are left out if there is only a website app', async () => {
    const website = await startExample({
      WECHAT_WEBSITE_APP_ID: 'wx0123456789abcdef',
      WECHAT_WEBSITE_APP_SECRET: '0123456789abcdef0123456789abcdef',
    });
    const browser = Browser.onDesktop(website.url);
    const home = await browser.get('/');
    const page = await browser.get('/scan-login');
    await website.stop();
    expect([home.status, page.status]).toEqual([200, 404]);
    expect(home.body).not.toContain('scan-login');
    expect((await Browser.onDesktop(example.url).get('/')).body).toContain('href="/scan-login"');
  });

  it('asks to be opened on a PC where it is open on a phone, which cannot scan its own screen', async () => {
    const { body } = await Browser.inWechat(example.url).get('/scan-login');
    expect(body).toContain('请在电脑上打开本页 · Open this page on a PC');
    expect((await Browser.onDesktop(example.url).get('/scan-login')).body).not.toContain('请在电脑上打开');
  });
});

describe('a page that the example app does not have', () => {
  it.each([
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN', '没有这个页面'],
    ['en-GB,en;q=0.9,zh;q=0.8', 'en', 'No such page'],
    ['fr', 'zh-CN', '没有这个页面'],
  ])('says so to a browser that prefers %s', async (accepted, lang, title) => {
    const missing = await Browser.onDesktop(example.url).get('/<b>none</b>', {
      headers: { 'Accept-Language': accepted },
    });
    expect([missing.status, missing.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(missing.body).toContain(`<html lang="${lang}">`);
    expect(missing.body).toContain(`<h1>${title}</h1>`);
    expect(missing.body).not.toContain('none');
    expect(missing.headers.vary).toMatch(/^Accept, ?Accept-Language$/);
  });

  it('leads to the home page', async () => {
    const browser = Browser.onDesktop(example.url);
    const { body } = await browser.get('/assets/none.js');
    const [, home = ''] = /<a class="weui-btn[^"]*" href="([^"]*)"/.exec(body) ?? [];
    expect([home, (await browser.get(home)).status]).toEqual(['/', 200]);
  });

  it.each([
    ['GET', '*/*'],
    ['GET', 'application/json, text/plain, */*'],
    ['POST', 'application/json'],
    ['GET', 'image/avif'],
  ])('is an error in JSON for a script: %s, Accept: %s', async (method, accepted) => {
    const missing = await Browser.onDesktop(example.url).request('/api/none', {
      method,
      headers: { Accept: accepted, 'Accept-Language': 'en' },
    });
    expect([missing.status, missing.json()]).toEqual([404, { error: 'not_found', message: 'No such page' }]);
  });
});
