// An emulated WeChat behind a door of our own, which does with connections what no HTTP server would.
import https from 'node:https';
import net, { type AddressInfo, type LookupFunction, type Socket } from 'node:net';
import tls from 'node:tls';
import type { WechatAuthOptions } from '../../lib/index';
import { createEmulator, selfSignedCertificate, type Emulator } from '../../lib/emulator/index';
import type { Door, Fault } from './faults';
import type { Call } from './rules';

const PATHS: Readonly<Record<Call, string>> = {
  access_token: '/sns/oauth2/access_token',
  userinfo: '/sns/userinfo',
  refresh_token: '/sns/oauth2/refresh_token',
  auth: '/sns/auth',
  jscode2session: '/sns/jscode2session',
};

export type Wire = 'http' | 'tls';

export interface Trouble {
  readonly fault: Fault;
  readonly call: Call;
  /** The calls that go well before, in order. */
  readonly before: readonly Call[];
  /** Called before the call that meets the fault can begin. */
  readonly atHand: () => void;
}

/** Name, then the certificate that is shown under it. */
const CERTIFICATES = {
  good: selfSignedCertificate(['localhost']),
  'another name': selfSignedCertificate(['elsewhere.example']),
  'unknown authority': selfSignedCertificate(['localhost']),
  expired: inThePast(() => selfSignedCertificate(['localhost'])),
} as const;
const CONTEXTS = new Map(
  Object.entries(CERTIFICATES).map(([name, pem]) => [name, tls.createSecureContext(pem)]),
);
// Made once: reading certificates costs more than all the rest of a connection.
const TRUSTING = tls.createSecureContext({
  ca: (['good', 'another name', 'expired'] as const).map((name) => CERTIFICATES[name].cert),
});

const NAME_FAULTS = new Map<Door | undefined, string>([
  ['unknown name', 'ENOTFOUND'],
  ['name servers away', 'EAI_AGAIN'],
]);

function inThePast<T>(work: () => T): T {
  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.UTC(2020, 0));
  try {
    return work();
  } finally {
    now.mockRestore();
  }
}

export class FaultyWechat {
  readonly emulator: Emulator;
  readonly #server: net.Server;
  readonly #open = new Set<Socket>();
  readonly #agent: https.Agent | undefined;
  #asked: Partial<Record<string, number>> = {};
  #trouble: Trouble | undefined;
  #left = 0;
  #undo = (): void => undefined;
  /** How many connections go well before the door is as the trouble says. */
  #good = 0;
  #door: Door | undefined;
  #closed = (): void => undefined;

  private constructor(
    emulator: Emulator,
    readonly wire: Wire,
  ) {
    this.emulator = emulator;
    const secure = tls.createServer({
      SNICallback: (_name, done) => done(null, CONTEXTS.get(this.#door ?? '') ?? CONTEXTS.get('good')),
    });
    secure.on('secureConnection', (socket) => this.#speak(socket));
    secure.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#server = net.createServer((socket) => {
      this.#open.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          this.#open.delete(socket);
          this.#closed();
        });
      if (wire === 'http') this.#speak(socket);
      else if (this.#door === 'no TLS') socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n');
      else if (this.#door === 'shut at once') socket.destroy();
      else if (this.#door === 'silent handshake') socket.resume();
      else secure.emit('connection', socket);
    });
    // One connection a call, so that each call has a door of its own.
    if (wire === 'tls')
      this.#agent = new https.Agent({ secureContext: TRUSTING, keepAlive: false, maxCachedSessions: 0 });
  }

  static async open(wire: Wire): Promise<FaultyWechat> {
    const wechat = new FaultyWechat(await createEmulator(), wire);
    await new Promise<void>((resolve) => wechat.#server.listen(0, '127.0.0.1', resolve));
    return wechat;
  }

  /** How an app comes to this WeChat. */
  get options(): Pick<WechatAuthOptions, 'endpoints' | 'http'> {
    const { port } = this.#server.address() as AddressInfo;
    const open = this.emulator.url;
    if (!this.#agent) return { endpoints: { open, api: `http://127.0.0.1:${port}` } };
    return {
      endpoints: { open, api: `https://localhost:${port}` },
      http: { httpsAgent: this.#agent, lookup: this.#lookup as never },
    };
  }

  meet(trouble: Trouble): void {
    const { fault, call, before, atHand } = trouble;
    this.#trouble = trouble;
    this.#left = fault.once ? 1 : Infinity;
    this.#good = before.length;
    this.#asked = {};
    if (before.length === 0) atHand();
    if (!('emulator' in fault.by)) return;
    const { emulator: planned } = fault.by;
    const there = {
      url: this.emulator.url,
      stranger: this.emulator.openid('follower', this.emulator.apps.official.appId),
    };
    this.#undo = this.emulator.fail(call, typeof planned === 'function' ? planned(there) : planned, {
      times: this.#left,
    });
  }

  heal(): void {
    this.#trouble = undefined;
    this.#door = undefined;
    this.#undo();
    this.#undo = () => undefined;
  }

  asked(call: Call): number {
    return this.#asked[PATHS[call]] ?? 0;
  }

  /** Waits until no more than so many connections are open. */
  async settled(most: number): Promise<void> {
    while (this.#open.size > most) await new Promise<void>((resolve) => (this.#closed = resolve));
  }

  /** Ends the connections of agents that an OAuth gave up when its options changed. */
  hangUp(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async close(): Promise<void> {
    this.#agent?.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.hangUp();
    });
    await this.emulator.close();
  }

  readonly #lookup: LookupFunction = (_name, options, done) => {
    this.#chooseDoor();
    if (this.#door === 'name servers silent') return;
    const failed = NAME_FAULTS.get(this.#door);
    // Nobody listens at the second address of this machine.
    const address = this.#door === 'refused' ? '127.0.0.2' : '127.0.0.1';
    const error = failed ? Object.assign(new Error(`getaddrinfo ${failed}`), { code: failed }) : null;
    if (error) done(error, '');
    else if (options.all) done(null, [{ address, family: 4 }]);
    else done(null, address, 4);
  };

  #chooseDoor(): void {
    this.#door = undefined;
    if (!this.#trouble || !('door' in this.#trouble.fault.by)) return;
    if (this.#good > 0) {
      this.#good -= 1;
    } else if (this.#left > 0) {
      this.#left -= 1;
      this.#door = this.#trouble.fault.by.door;
    }
  }

  /** Reads the first line of each request; hands it on to the emulator, or does what the trouble says. */
  #speak(socket: Socket): void {
    const { port } = new URL(this.emulator.url);
    const upstream = net.connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined).on('close', () => upstream.destroy());
    upstream.on('error', () =>
      socket instanceof tls.TLSSocket ? socket.destroy() : socket.resetAndDestroy(),
    );
    upstream.pipe(socket);
    socket.on('data', (request: Buffer) => {
      const path = /^GET ([^? ]+)/.exec(request.toString('latin1', 0, 100))?.[1] ?? '';
      this.#asked[path] = (this.#asked[path] ?? 0) + 1;
      const { fault, call, before, atHand } = this.#trouble ?? {};
      const last = before?.at(-1);
      if (last && path === PATHS[last]) atHand?.();
      if (fault && call && 'socket' in fault.by && path === PATHS[call]) fault.by.socket(socket);
      else upstream.write(request);
    });
  }
}
