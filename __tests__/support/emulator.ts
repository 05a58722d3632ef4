import { createEmulator, type Emulator, type EmulatorOptions } from '../../lib/emulator';

/** The emulator that useEmulator() starts before the tests of this file, and closes after them. */
export let emulator: Emulator;

export function useEmulator(options?: EmulatorOptions): void {
  beforeAll(async () => {
    emulator = await createEmulator(options);
  });
  afterAll(() => emulator.close());
}

/** The environment variables that hold the credentials of both accounts. */
export function credentialsOf({ apps: { official, website } }: Emulator): Record<string, string> {
  return {
    WECHAT_APP_ID: official.appId,
    WECHAT_APP_SECRET: official.appSecret,
    WECHAT_WEBSITE_APP_ID: website.appId,
    WECHAT_WEBSITE_APP_SECRET: website.appSecret,
  };
}

/** The variables of credentialsOf(), and the address of this emulator in place of WeChat's. */
export function environmentOf(emulated: Emulator): Record<string, string> {
  return { ...credentialsOf(emulated), WECHAT_OPEN_URL: emulated.url, WECHAT_API_URL: emulated.url };
}
