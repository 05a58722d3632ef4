import { PRESET_APPS, type EmulatorApp, type EmulatorApps } from './apps';
import { assertUnique } from './unique';

const MASK = '********';

/** The apps of one emulator: the configured ones, and preset ones for the kinds that are missing. */
export class AppRegistry {
  readonly all: readonly EmulatorApp[];
  readonly byKind: EmulatorApps;
  readonly #configured: readonly EmulatorApp[];

  constructor(configured: readonly EmulatorApp[] = []) {
    assertUnique('apps', configured, (app) => app.appId);
    this.#configured = configured;
    this.byKind = appsByKind(configured);
    this.all = [...new Set([...configured, ...(Object.values(this.byKind) as EmulatorApp[])])];
  }

  /**
   * The secret as a page may show it. The secret of a developer's own app is masked, because it may be real.
   */
  shownSecret(app: EmulatorApp): string {
    return this.#configured.includes(app) ? MASK : app.appSecret;
  }

  /** Masks the secrets of the developer's own apps in a text. */
  withoutSecrets(text: string): string {
    // The longest secret comes first, because one secret may begin with another.
    const secrets = this.#configured.map((app) => app.appSecret).sort((a, b) => b.length - a.length);
    return secrets.reduce((rest, secret) => rest.replaceAll(secret, MASK), text);
  }

  find(appId: string | undefined): EmulatorApp | undefined {
    return this.all.find((app) => app.appId === appId);
  }

  /** @throws Error that names the known apps if there is none with this AppID. */
  get(appId: string): EmulatorApp {
    const app = this.find(appId);
    if (app) return app;
    const known = this.all.map((each) => each.appId).join(', ');
    throw new Error(`The emulator has no app ${JSON.stringify(appId)}. Its apps are ${known}.`);
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
