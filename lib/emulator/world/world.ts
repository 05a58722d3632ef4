import { AppRegistry } from './apps/app-registry';
import type { EmulatorApp } from './apps/apps';
import { BoundedMap } from './bounded-map';
import { OffsetClock } from './clock';
import { AccountTokens } from './credentials/account-tokens';
import { IssuedCodes } from './credentials/codes';
import { MinuteQuota } from './credentials/minute-quota';
import { QrLogins } from './credentials/qr-logins';
import { Notices } from './notices';
import { OwnHosts } from './own-hosts';
import type { RecordedRequest } from './request-log';
import { DEFAULT_SWITCHES, type EmulatorSwitches } from './switches';
import { setSwitches } from './switch-values';
import { IssuedTokens } from './credentials/tokens';
import { UserRegistry, type EmulatorUser } from './people/users';

export interface WorldOptions {
  readonly apps?: readonly EmulatorApp[] | undefined;
  readonly users?: readonly EmulatorUser[] | undefined;
  readonly switches?: Partial<EmulatorSwitches> | undefined;
  readonly names?: readonly string[] | undefined;
  readonly host?: string | undefined;
  /** The address for browsers and phones. @default the address on which the emulator listens */
  readonly publicURL?: string | undefined;
  /** Writes a line for the developer. @default nothing is written */
  readonly log?: ((line: string) => void) | undefined;
}

/** The state of one emulator: apps, people, issued credentials, switches and the clock. */
export class World {
  readonly apps: AppRegistry;
  readonly users: UserRegistry;
  readonly switches: EmulatorSwitches;
  readonly hosts: OwnHosts;
  readonly notices: Notices;
  readonly clock = new OffsetClock();
  readonly codes = new IssuedCodes(this.clock, (most) => this.#warnOfForgotten('authorization codes', most));
  readonly tokens = new IssuedTokens(this.clock, (most) => this.#warnOfForgotten('tokens', most));
  /** Access tokens of accounts (`cgi-bin/token`), by AppID. */
  readonly accountTokens = new AccountTokens(this.clock);
  /** The accounts' tickets (`cgi-bin/ticket/getticket`), by AppID and type. */
  readonly tickets = new AccountTokens(this.clock);
  /** The `component_access_token`s of third-party platforms. */
  readonly componentTokens = new AccountTokens(this.clock);
  /** The openids of people whose profile an app may get. An openid is different at each official account. */
  readonly consents = new BoundedMap<true>(50_000);
  readonly qrLogins = new QrLogins(this.clock, (most) => this.#warnOfForgotten('QR codes', most));
  /** jscode2session allows 100 calls a minute for each user (小程序登录, 频率限制). */
  readonly miniProgramCalls = new MinuteQuota(this.clock, 100);
  readonly requests: RecordedRequest[] = [];
  /** The emulator's own address. It is set when the server listens. */
  url = '';
  readonly #publicURL: string | undefined;
  readonly #initialSwitches: EmulatorSwitches;

  constructor(options: WorldOptions) {
    const { names = [], host, publicURL, log = () => undefined } = options;
    this.apps = new AppRegistry(options.apps);
    this.users = new UserRegistry(options.users);
    this.#publicURL = publicURL === undefined ? undefined : new URL(publicURL).origin;
    const machines = [host, publicURL && new URL(publicURL).host].filter((each) => each !== undefined);
    this.hosts = new OwnHosts(names, machines);
    this.notices = new Notices(log);
    this.switches = { ...DEFAULT_SWITCHES };
    setSwitches(this.switches, { ...options.switches });
    this.#initialSwitches = { ...this.switches };
  }

  /** The address for browsers and phones: the configured one, otherwise the emulator's own. */
  get publicURL(): string {
    return this.publicOrigin(this.url);
  }

  /** The configured address for browsers and phones, otherwise the origin by which a client asked. */
  publicOrigin(asked: string): string {
    return this.#publicURL ?? asked;
  }

  /** Everything as at the start. Objects that a test holds, such as `switches`, stay the same objects. */
  reset(): void {
    for (const each of [this.apps, this.users, this.clock]) each.reset();
    for (const each of [this.codes, this.tokens, this.consents, this.qrLogins]) each.clear();
    for (const each of [this.accountTokens, this.tickets, this.componentTokens]) each.clear();
    for (const each of [this.miniProgramCalls, this.notices]) each.clear();
    Object.assign(this.switches, this.#initialSwitches);
    this.requests.length = 0;
  }

  #warnOfForgotten(what: string, most: number): void {
    this.notices.once(
      `forgets ${what}`,
      `The emulator keeps ${most} ${what} and now forgets the oldest, some of which are still valid.`,
    );
  }
}
