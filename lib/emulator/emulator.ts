// The order of this folder: an import only goes down.
//   index → emulator → controls, server → routes → home → connect → pages, sns, faults, assets, tls → http → world
import { createControls, type EmulatorControls } from './controls';
import { FaultPlan } from './faults/fault-plan';
import { startServer } from './server';
import type { EmulatorApp, EmulatorApps } from './world/apps';
import type { EmulatorClock } from './world/clock';
import { checkOptions } from './world/option-checks';
import type { RecordedRequest } from './world/request-log';
import type { EmulatorSwitches } from './world/switches';
import type { EmulatorUser } from './world/people/users';
import { World } from './world/world';

/** Options of `createEmulator()`. */
export interface EmulatorOptions {
  /**
   * The port to listen on.
   *
   * @default 0, any free one
   */
  readonly port?: number;
  /**
   * The address to listen on. `0.0.0.0` lets phones in, and everybody else in the network.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string;
  /** Serves over TLS with this key and certificate; {@link selfSignedCertificate} makes both. */
  readonly https?: {
    /** PEM. */
    readonly key: string | Buffer;
    /** PEM. */
    readonly cert: string | Buffer;
  };
  /** What WeChat's consoles would have issued. Kinds of app that are not among these come from the presets. */
  readonly apps?: readonly EmulatorApp[];
  /** Replaces the preset users; the first one is who logs in where nobody is named. */
  readonly users?: readonly EmulatorUser[];
  /** WeChat's moods at the start; `switches` of the {@link Emulator} changes them later. */
  readonly switches?: Partial<EmulatorSwitches>;
}

/** A running WeChat. */
export interface Emulator extends EmulatorControls {
  /** Such as `http://127.0.0.1:8917`. */
  readonly url: string;
  /** For the `endpoints` option of the library; both are `url`. */
  readonly endpoints: {
    /** Where browsers are sent. */
    readonly open: string;
    /** Where codes and tokens are exchanged. */
    readonly api: string;
  };
  /** The first app of each kind. */
  readonly apps: EmulatorApps;
  /** Everybody, the first one first. */
  readonly users: readonly EmulatorUser[];
  /** Read at each request: assign to change WeChat's mood. */
  readonly switches: EmulatorSwitches;
  /** The last 1000 requests, newest last; clear it with `.length = 0`. */
  readonly requests: RecordedRequest[];
  /** Drives the lifetimes of codes, tokens and QR codes. */
  readonly clock: EmulatorClock;
  /** Ends every connection, long polls too. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts a WeChat of one's own. Never in production: there, anybody could log in as anybody.
 *
 * @throws TypeError that names each wrong option with its value and a remedy.
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
  const faults = new FaultPlan();
  const { port = 0, host = '127.0.0.1', https } = options;
  const close = await startServer(world, faults, { port, host, https });
  return {
    url: world.url,
    endpoints: { open: world.url, api: world.url },
    apps: world.apps.byKind,
    users: world.users.all,
    switches: world.switches,
    requests: world.requests,
    clock: world.clock,
    ...createControls(world, faults),
    close,
  };
}
