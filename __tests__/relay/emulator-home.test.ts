// The emulator's home page says where a callback does not pass the relay, although WeChat knows only the relay.
import { PRESET_APPS } from '../../lib/emulator/world/apps/apps';
import { startApp, type TestApp } from '../support/app';
import { Browser } from '../support/browser';
import { emulator, useEmulator } from '../support/emulator';

const { official, website } = PRESET_APPS;
useEmulator({ apps: [official, website].map((app) => ({ ...app, domains: ['auth.example.com'] })) });

let app: TestApp;
afterEach(() => app.close());

/** The warnings on the home page, after a login was started in both browsers. */
async function warningsFor(relay: string | undefined, language: string): Promise<string[]> {
  emulator.requests.splice(0);
  app = await startApp(emulator, { auth: { relay } });
  for (const browser of [Browser.inWechat(app.url), Browser.onDesktop(app.url)]) {
    const { location } = await browser.follow('/login');
    const page = await browser.get(location);
    expect(page.status).toBe(200);
  }
  const home = await Browser.onDesktop(emulator.url).get('/', { headers: { 'Accept-Language': language } });
  return [...home.body.matchAll(/<small>⚠ (.*?)<\/small>/g)].map(([, text = '']) => text);
}

it('warns of each login whose callback leads past the relay', async () => {
  const warnings = await warningsFor(undefined, 'en');
  const host = new URL(app.url).host;
  const text = `is not within the callback domains of`;
  expect(warnings).toEqual(
    [website, official].map(({ appId }): unknown =>
      expect.stringMatching(
        new RegExp(
          `^${host}/callback ${text} ${appId}: auth.example.com. Enter ${host}, too, or let the callback pass through a relay on one of these domains`,
        ),
      ),
    ),
  );
});

it('does not warn of a login through the relay', async () => {
  expect(await warningsFor('https://auth.example.com/wechat', 'en')).toEqual([]);
});
