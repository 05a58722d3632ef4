// `npm run example` prints a message before it builds; the example app does not serve some addresses.
import { execSync } from 'node:child_process';
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

describe('the page of the scan login', () => {
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
