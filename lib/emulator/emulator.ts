// Imports in this folder only go down:
//   index → emulator → controls, server → serve-request, listen → routes, fault-subject → home, control
//   → operations → connect → pages, sns, faults, assets, tls → http → schemas → world
import { createControls, type EmulatorControls } from './controls';
import { FaultPlan } from './faults/fault-plan';
import { startServer } from './server';
import type { EmulatorApp, EmulatorApps } from './world/apps/apps';
import type { EmulatorClock } from './world/clock';
import { checkOptions } from './schemas/option-checks';
import type { EmulatorUser } from './world/people/users';
import type { RecordedRequest } from './world/request-log';
import { checkedSwitches } from './world/switch-values';
import type { EmulatorSwitches } from './world/switches';
import { World } from './world/world';

/** Options of `createEmulator()`. */
export interface EmulatorOptions {
  /**
   * The port to listen on.
   *
   * @default 0, which means any free port
   */
  readonly port?: number;
  /**
   * The address to listen on. With `0.0.0.0`, phones and all other devices in the network can connect.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string;
  /**
   * Further host names under which clients reach the emulator, such as `['wechat.test']`. Requests for
   * `localhost`, IP addresses, `host`, the host of `publicURL` and WeChat's hosts are always served. Requests
   * for any other host get status 421, because of DNS rebinding.
   *
   * @default none
   */
  readonly names?: readonly string[];
  /**
   * The address under which browsers and phones reach the emulator, such as that of a tunnel or of a port
   * that a container publishes: `https://wechat.example.com`. It is `endpoints.open`, and the addresses of
   * pictures and in QR codes begin with it.
   *
   * @default the address on which the emulator listens
   */
  readonly publicURL?: string;
  /**
   * Serves over TLS, and on the same port over plain http, with this key and certificate.
   * {@link selfSignedCertificate} makes both; {@link keptCertificate} also keeps them.
   *
   * @default plain http only
   */
  readonly https?: {
    /** PEM. */
    readonly key: string | Buffer;
    /** PEM. */
    readonly cert: string | Buffer;
  };
  /**
   * The port of a proxy that leads connections to WeChat's hosts, and to no others, into the emulator. With
   * `HTTPS_PROXY` set to it, and the certificate's authority trusted, an app that cannot be configured with
   * another address for WeChat logs in here. 0 means any free port. Needs the option `https` with a
   * certificate for {@link WECHAT_HOSTS}.
   *
   * @default no proxy
   */
  readonly proxyPort?: number;
  /**
   * The apps that WeChat knows. A preset app takes the place of each kind that is missing.
   *
   * @default the preset apps
   */
  readonly apps?: readonly EmulatorApp[];
  /** The people who can log in. If a test names nobody, the first one logs in. @default the preset people */
  readonly users?: readonly EmulatorUser[];
  /**
   * How WeChat behaves at the start; `switches` of the {@link Emulator} changes it later.
   *
   * @default see {@link EmulatorSwitches}
   */
  readonly switches?: Partial<EmulatorSwitches>;
  /**
   * Gets one line for the developer if the emulator is asked for something that it does not emulate, if it
   * forgets something that is still valid, or if its server fails. A line comes again only after 1,000
   * others, or after `reset()`.
   *
   * @default no lines
   */
  readonly log?: (line: string) => void;
}

/** A running emulator. */
export interface Emulator extends EmulatorControls {
  /** Its address, such as `http://127.0.0.1:8917`. With the option `https`, it begins with `https:`. */
  readonly url: string;
  /** Its address over plain http, which the same port serves with the option `https` too. */
  readonly httpURL: string;
  /** The address of the proxy, for `HTTPS_PROXY`; undefined without the option `proxyPort`. */
  readonly proxyURL: string | undefined;
  /** For the library's option `endpoints`. Both are `url`, except with the option `publicURL`. */
  readonly endpoints: {
    /** The address of the login pages, for browsers. */
    readonly open: string;
    /** The address of the APIs, for servers. */
    readonly api: string;
  };
  /** The first app of each kind. */
  readonly apps: EmulatorApps;
  /** All people, in the order of the option `users`. */
  readonly users: readonly EmulatorUser[];
  /**
   * How WeChat behaves. The emulator reads the switches at each request, so a test can change them at any
   * time. A name that is not a switch, and a value that it does not have, throw a TypeError.
   */
  readonly switches: EmulatorSwitches;
  /** The last 1000 requests to WeChat, newest last. Set `.length = 0` to clear it. */
  readonly requests: RecordedRequest[];
  /** The clock by which codes, tokens and QR codes expire. */
  readonly clock: EmulatorClock;
  /** Closes the server and every open connection, long polls included. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Starts an emulator. Never do so in production: with an emulator anybody can log in as anybody.
 *
 * @throws TypeError that names every wrong option with its value and a remedy.
 * @throws Error if `users` is empty, if two apps or two users have the same id, or if it cannot listen.
 *
 * @example
 * const wechat = await createEmulator();
 * const { appId, appSecret } = wechat.apps.official;
 * app.use(wechatAuth({ appId, appSecret, endpoints: wechat.endpoints }));
 * // …
 * await wechat.close();
 */
export async function createEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  checkOptions(options);
  const world = new World(options);
  const services = { world, faults: new FaultPlan() };
  const { port = 0, host = '127.0.0.1', https, proxyPort } = options;
  const { httpURL, proxyURL, ...server } = await startServer(services, { port, host, https, proxyPort });
  return {
    url: world.url,
    httpURL,
    proxyURL,
    endpoints: { open: world.publicURL, api: world.url },
    apps: world.apps.byKind,
    get users() {
      return world.users.all;
    },
    switches: checkedSwitches(world.switches),
    requests: world.requests,
    clock: world.clock,
    ...createControls(services),
    close: () => server.close(),
  };
}
