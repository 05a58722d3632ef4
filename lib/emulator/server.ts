import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { deliver } from './faults/deliver';
import type { FaultPlan } from './faults/fault-plan';
import type { Answer } from './http/answer';
import { BodyTooLarge, readIncoming, type Incoming, type ReadRequest } from './http/incoming';
import { send } from './http/send';
import { refuse, route } from './routes';
import { record, type RecordedRequest } from './world/request-log';
import type { World } from './world/world';

export interface ServerOptions {
  readonly port: number;
  readonly host: string;
  readonly https: { readonly key: string | Buffer; readonly cert: string | Buffer } | undefined;
}

/** On every answer, so that a client in production can refuse what no WeChat said. */
const MARK = { name: 'X-Emulated-WeChat', value: 'express-wechat-auth' } as const;

const ofTheEmulator = (path: string): boolean =>
  path === '/' || /^\/(emulator|mmopen)\/|^\/favicon/.test(path);

function note(read: ReadRequest, world: World): Incoming {
  const { method, path, query, form, headers } = read;
  const entry: RecordedRequest = {
    method,
    path,
    query: { ...query },
    form: { ...form },
    headers: { ...headers },
    at: world.clock.now(),
  };
  if (!ofTheEmulator(path)) record(world.requests, entry);
  return { ...read, warn: (text) => (entry.warning = text) };
}

async function serve(
  message: IncomingMessage,
  response: ServerResponse,
  world: World,
  faults: FaultPlan,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const around = { secure: world.url.startsWith('https:'), origin: world.url, signal: gone.signal };
  const incoming = note(await readIncoming(message, around), world);
  const planned = faults.take(incoming.path);
  if (!planned) {
    send(response, await route(incoming, world));
    return;
  }
  await deliver(planned, {
    response,
    signal: gone.signal,
    work: () => route(incoming, world),
    refuse: (errcode, errmsg) => refuse(incoming, world, errcode, errmsg),
  });
}

const words = (status: number, text: string): Answer => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  body: `${text}\n`,
});

/** A request whose client has gone is nobody's trouble; any other failure is a fault of the emulator and says so. */
function fail(error: unknown, response: ServerResponse): void {
  if (response.destroyed || response.socket?.destroyed) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error instanceof BodyTooLarge) {
    send(response, words(413, error.message));
    return;
  }
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  send(response, words(500, `The emulator failed: ${reason}`));
}

const listening = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });

const reachable = (host: string): string => {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
};

/** Listens; the world learns its address. Returns the way to close, which also ends what is still open. */
export async function startServer(
  world: World,
  faults: FaultPlan,
  options: ServerOptions,
): Promise<() => Promise<void>> {
  const listener: RequestListener = (message, response) => {
    response.setHeader(MARK.name, MARK.value);
    serve(message, response, world, faults).catch((error: unknown) => fail(error, response));
  };
  const server = options.https ? createSecureServer(options.https, listener) : createServer(listener);
  await listening(server, options.port, options.host);
  const { port } = server.address() as AddressInfo;
  world.url = `${options.https ? 'https' : 'http'}://${reachable(options.host)}:${port}`;
  let closed: Promise<void> | undefined;
  return () =>
    (closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }));
}
