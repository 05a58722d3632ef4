// An emulated WeChat behind a TCP proxy, which treats connections in ways that no HTTP server would.
import https from 'node:https';
import net, { type AddressInfo, type LookupFunction, type Socket } from 'node:net';
import tls from 'node:tls';
import type { WechatAuthOptions } from '../../lib/index';
import { createEmulator, selfSignedCertificate, type Emulator } from '../../lib/emulator/index';
import { pathOf, type Call } from '../support/contract';
import type { ConnectionFault, Fault } from './faults';

export const TRANSPORTS = ['http', 'tls'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** A fault that a call is about to meet. */
export interface ActiveFault {
  readonly fault: Fault;
  readonly call: Call;
  /** The calls before it, in order: they succeed. */
  readonly before: readonly Call[];
  /** Called once the calls before it are under way, so that only the faulty call meets a short timeout. */
  readonly onReady: () => void;
}

const CERTIFICATES = {
  good: selfSignedCertificate(['localhost']),
  'certificate for another name': selfSignedCertificate(['elsewhere.example']),
  'certificate of an unknown authority': selfSignedCertificate(['localhost']),
  'expired certificate': inThePast(() => selfSignedCertificate(['localhost'])),
} as const;
const CONTEXTS = new Map(
  Object.entries(CERTIFICATES).map(([name, pem]) => [name, tls.createSecureContext(pem)]),
);
const TRUSTED = ['good', 'certificate for another name', 'expired certificate'] as const;
// Created once: parsing certificates costs more than the rest of a connection.
const TRUSTING = tls.createSecureContext({ ca: TRUSTED.map((name) => CERTIFICATES[name].cert) });

const LOOKUP_ERRORS = new Map<ConnectionFault | undefined, string>([
  ['unknown name', 'ENOTFOUND'],
  ['failing name servers', 'EAI_AGAIN'],
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
  #requests: Partial<Record<string, number>> = {};
  #active: ActiveFault | undefined;
  /** How many more requests or connections meet the fault. */
  #remaining = 0;
  #undo = (): void => undefined;
  /** How many connections succeed before the faulty one. */
  #goodConnections = 0;
  #connectionFault: ConnectionFault | undefined;
  #onClose = (): void => undefined;

  private constructor(emulator: Emulator, transport: Transport) {
    this.emulator = emulator;
    const secure = tls.createServer({
      SNICallback: (_name, done) =>
        done(null, CONTEXTS.get(this.#connectionFault ?? '') ?? CONTEXTS.get('good')),
    });
    secure.on('secureConnection', (socket) => this.#forward(socket));
    secure.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#server = net.createServer((socket) => {
      this.#open.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          this.#open.delete(socket);
          this.#onClose();
        });
      if (transport === 'http') this.#forward(socket);
      else if (this.#connectionFault === 'no TLS') socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n');
      else if (this.#connectionFault === 'closed in the handshake') socket.destroy();
      else if (this.#connectionFault === 'silent handshake') socket.resume();
      else secure.emit('connection', socket);
    });
    // One connection for each call, so that a connection can fail for one call alone.
    if (transport === 'tls')
      this.#agent = new https.Agent({ secureContext: TRUSTING, keepAlive: false, maxCachedSessions: 0 });
  }

  static async open(transport: Transport): Promise<FaultyWechat> {
    const wechat = new FaultyWechat(await createEmulator(), transport);
    await new Promise<void>((resolve) => wechat.#server.listen(0, '127.0.0.1', resolve));
    return wechat;
  }

  /** The options by which an app reaches this WeChat. */
  get options(): Pick<WechatAuthOptions, 'endpoints' | 'http'> {
    const { port } = this.#server.address() as AddressInfo;
    const open = this.emulator.url;
    if (!this.#agent) return { endpoints: { open, api: `http://127.0.0.1:${port}` } };
    return {
      endpoints: { open, api: `https://localhost:${port}` },
      http: { httpsAgent: this.#agent, lookup: this.#lookup as never },
    };
  }

  inject(active: ActiveFault): void {
    const { fault, call, before, onReady } = active;
    this.#active = active;
    this.#remaining = fault.once ? 1 : Infinity;
    this.#goodConnections = before.length;
    this.#requests = {};
    if (before.length === 0) onReady();
    if (!('emulator' in fault.injection)) return;
    const { emulator: planned } = fault.injection;
    const wechat = {
      url: this.emulator.url,
      otherOpenid: this.emulator.openid('follower', this.emulator.apps.official.appId),
    };
    this.#undo = this.emulator.fail(call, typeof planned === 'function' ? planned(wechat) : planned, {
      times: this.#remaining,
    });
  }

  removeFault(): void {
    this.#active = undefined;
    this.#connectionFault = undefined;
    this.#undo();
    this.#undo = () => undefined;
  }

  /** How many requests of this call have arrived since the fault was injected. */
  requestsOf(call: Call): number {
    return this.#requests[pathOf(call)] ?? 0;
  }

  /** Waits until at most this many connections are open. */
  async waitForConnections(most: number): Promise<void> {
    while (this.#open.size > most) await new Promise<void>((resolve) => (this.#onClose = resolve));
  }

  /** Closes all connections, also those of agents that an OAuth no longer uses since its options changed. */
  closeConnections(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async close(): Promise<void> {
    this.#agent?.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.closeConnections();
    });
    await this.emulator.close();
  }

  readonly #lookup: LookupFunction = (_name, options, done) => {
    this.#chooseConnectionFault();
    if (this.#connectionFault === 'silent name servers') return;
    const code = LOOKUP_ERRORS.get(this.#connectionFault);
    // Nothing listens at the second loopback address.
    const address = this.#connectionFault === 'refused' ? '127.0.0.2' : '127.0.0.1';
    const error = code ? Object.assign(new Error(`getaddrinfo ${code}`), { code }) : null;
    if (error) done(error, '');
    else if (options.all) done(null, [{ address, family: 4 }]);
    else done(null, address, 4);
  };

  #chooseConnectionFault(): void {
    this.#connectionFault = undefined;
    if (!this.#active || !('connection' in this.#active.fault.injection)) return;
    if (this.#goodConnections > 0) {
      this.#goodConnections -= 1;
    } else if (this.#remaining > 0) {
      this.#remaining -= 1;
      this.#connectionFault = this.#active.fault.injection.connection;
    }
  }

  /** Reads the request line of each request, and forwards the request unless the active fault takes over. */
  #forward(socket: Socket): void {
    const { port } = new URL(this.emulator.url);
    const upstream = net.connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined).on('close', () => upstream.destroy());
    upstream.on('error', () =>
      socket instanceof tls.TLSSocket ? socket.destroy() : socket.resetAndDestroy(),
    );
    upstream.pipe(socket);
    socket.on('data', (request: Buffer) => {
      const path = /^GET ([^? ]+)/.exec(request.toString('latin1', 0, 100))?.[1] ?? '';
      this.#requests[path] = (this.#requests[path] ?? 0) + 1;
      const { fault, call, before, onReady } = this.#active ?? {};
      const last = before?.at(-1);
      if (last && path === pathOf(last)) onReady?.();
      if (fault && call && 'socket' in fault.injection && path === pathOf(call))
        fault.injection.socket(socket);
      else upstream.write(request);
    });
  }
}
