import { PRESET_APPS, type EmulatorApp, type EmulatorApps } from './apps';
import { badInput } from '../bad-input';
import { shownValue } from '../printable';
import { assertUnique } from '../unique';

const MASK = '********';

/** The apps of one emulator: the configured ones, and preset ones for the kinds that are missing. */
export class AppRegistry {
  readonly byKind: EmulatorApps;
  readonly #configured: readonly EmulatorApp[];
  /** The apps that a test added while the emulator ran. */
  #added: readonly EmulatorApp[] = [];
  #all: readonly EmulatorApp[] = [];

  constructor(configured: readonly EmulatorApp[] = []) {
    assertUnique('apps', 'appId', configured, (app) => app.appId);
    this.#configured = configured;
    this.byKind = appsByKind(configured);
    this.reset();
  }

  get all(): readonly EmulatorApp[] {
    return this.#all;
  }

  /** @throws Error if there is an app with this AppID already. */
  add(app: EmulatorApp): void {
    assertUnique('apps', 'appId', [...this.#all, app], ({ appId }) => appId);
    this.#added = [...this.#added, app];
    this.#all = [...this.#all, app];
  }

  /** Removes the apps that were added. */
  reset(): void {
    this.#added = [];
    this.#all = [...new Set([...this.#configured, ...(Object.values(this.byKind) as EmulatorApp[])])];
  }

  /**
   * The secret as a page may show it. The secret of a developer's own app is masked, because it may be real.
   */
  shownSecret(app: EmulatorApp): string {
    return this.#own().includes(app) ? MASK : app.appSecret;
  }

  /** Masks the secrets of the developer's own apps in a text. */
  withoutSecrets(text: string): string {
    // The longest secret comes first, because one secret may begin with another.
    const secrets = this.#own()
      .map((app) => app.appSecret)
      .sort((a, b) => b.length - a.length);
    return secrets.reduce((rest, secret) => rest.replaceAll(secret, MASK), text);
  }

  #own(): readonly EmulatorApp[] {
    return [...this.#configured, ...this.#added];
  }

  find(appId: string | undefined): EmulatorApp | undefined {
    return this.all.find((app) => app.appId === appId);
  }

  /** @throws Error that names the known apps if there is none with this AppID. */
  get(appId: string): EmulatorApp {
    const app = this.find(appId);
    if (app) return app;
    const known = this.all.map((each) => each.appId).join(', ');
    throw badInput(new Error(`The emulator has no app ${shownValue(appId)}. Its apps are ${known}.`));
  }

  /** Whether an app has authorized the third-party platform with this AppID. */
  hasPlatform(appId: string): boolean {
    return this.all.some((app) => app.components?.includes(appId));
  }
}

/** The first configured app of each kind, or the preset one. */
function appsByKind(configured: readonly EmulatorApp[]): EmulatorApps {
  const first = (kind: keyof EmulatorApps): EmulatorApp => configured.find(KINDS[kind]) ?? PRESET_APPS[kind];
  return {
    official: first('official'),
    website: first('website'),
    miniProgram: first('miniProgram'),
    unbound: first('unbound'),
  };
}

const KINDS = {
  official: (app: EmulatorApp) => app.type === 'official',
  website: (app: EmulatorApp) => app.type === 'website',
  miniProgram: (app: EmulatorApp) => app.type === 'miniprogram',
  unbound: (app: EmulatorApp) => app.type === 'official' && app.openPlatform === undefined,
};
