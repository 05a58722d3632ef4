import { AppRegistry } from './app-registry';
import type { EmulatorApp } from './apps';
import { BoundedMap } from './bounded-map';
import { OffsetClock } from './clock';
import { CodeBook } from './credentials/codes';
import { MinuteQuota } from './credentials/minute-quota';
import { QrLogins } from './credentials/qr-logins';
import { OwnHosts } from './own-hosts';
import type { RecordedRequest } from './request-log';
import { DEFAULT_SWITCHES, type EmulatorSwitches } from './switches';
import { setSwitches } from './switch-values';
import { TokenBook } from './credentials/tokens';
import { UserRegistry, type EmulatorUser } from './people/users';

export interface WorldOptions {
  readonly apps?: readonly EmulatorApp[] | undefined;
  readonly users?: readonly EmulatorUser[] | undefined;
  readonly switches?: Partial<EmulatorSwitches> | undefined;
  readonly names?: readonly string[] | undefined;
  readonly host?: string | undefined;
}

/** The state of one emulator: apps, people, issued credentials, switches and the clock. */
export class World {
  readonly apps: AppRegistry;
  readonly users: UserRegistry;
  readonly switches: EmulatorSwitches;
  readonly hosts: OwnHosts;
  readonly clock = new OffsetClock();
  readonly codes = new CodeBook(this.clock);
  readonly tokens = new TokenBook(this.clock);
  /** The openids of the people who pressed 允许. An openid is different at each official account. */
  readonly consents = new BoundedMap<true>(10_000);
  readonly qrLogins = new QrLogins(this.clock);
  /** jscode2session allows 100 calls a minute for each user (小程序登录, 频率限制). */
  readonly miniProgramCalls = new MinuteQuota(this.clock, 100);
  readonly requests: RecordedRequest[] = [];
  /** The emulator's own address. It is set when the server listens. */
  url = '';

  constructor(options: WorldOptions) {
    this.apps = new AppRegistry(options.apps);
    this.users = new UserRegistry(options.users);
    this.hosts = new OwnHosts([
      ...(options.names ?? []),
      ...(options.host === undefined ? [] : [options.host]),
    ]);
    this.switches = { ...DEFAULT_SWITCHES };
    setSwitches(this.switches, { ...options.switches });
  }
}
