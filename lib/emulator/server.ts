import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { deliverFault } from './faults/deliver-fault';
import type { FaultPlan } from './faults/fault-plan';
import type { OutgoingResponse } from './http/outgoing-response';
import {
  BodyTooLarge,
  receiveRequest,
  type IncomingRequest,
  type ReceivedRequest,
} from './http/incoming-request';
import { send } from './http/send';
import { refusalFor, routeRequest } from './routes';
import { record, type RecordedRequest } from './world/request-log';
import type { World } from './world/world';

export interface ServerOptions {
  readonly port: number;
  readonly host: string;
  readonly https: { readonly key: string | Buffer; readonly cert: string | Buffer } | undefined;
}

/** On every answer, so that a client in production can refuse what no WeChat said. */
const EMULATOR_HEADER = { name: 'X-Emulated-WeChat', value: 'express-wechat-auth' } as const;

function isEmulatorPath(path: string): boolean {
  return path === '/' || /^\/(emulator|mmopen)\/|^\/favicon/.test(path);
}

function recordRequest(read: ReceivedRequest, world: World): IncomingRequest {
  const { method, path, query, form, headers } = read;
  const entry: RecordedRequest = {
    method,
    path,
    query: { ...query },
    form: { ...form },
    headers: { ...headers },
    at: world.clock.now(),
  };
  if (!isEmulatorPath(path)) record(world.requests, entry);
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
  const incoming = recordRequest(await receiveRequest(message, around), world);
  const planned = faults.take(incoming.path);
  if (!planned) {
    send(response, await routeRequest(incoming, world));
    return;
  }
  await deliverFault(planned, {
    response,
    signal: gone.signal,
    work: () => routeRequest(incoming, world),
    refuse: (errcode, errmsg) => refusalFor(incoming, world, errcode, errmsg),
  });
}

function textResponse(status: number, text: string): OutgoingResponse {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    body: `${text}\n`,
  };
}

/** A request whose client has gone is nobody's trouble; any other failure is a fault of the emulator and says so. */
function sendFailure(error: unknown, response: ServerResponse): void {
  if (response.destroyed || response.socket?.destroyed) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error instanceof BodyTooLarge) {
    send(response, textResponse(413, error.message));
    return;
  }
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  send(response, textResponse(500, `The emulator failed: ${reason}`));
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

/** Listens; the world learns its address. Returns the way to close, which also ends what is still open. */
export async function startServer(
  world: World,
  faults: FaultPlan,
  options: ServerOptions,
): Promise<() => Promise<void>> {
  const listener: RequestListener = (message, response) => {
    response.setHeader(EMULATOR_HEADER.name, EMULATOR_HEADER.value);
    serve(message, response, world, faults).catch((error: unknown) => sendFailure(error, response));
  };
  const server = options.https ? createSecureServer(options.https, listener) : createServer(listener);
  await listen(server, options.port, options.host);
  const { port } = server.address() as AddressInfo;
  world.url = `${options.https ? 'https' : 'http'}://${reachableHost(options.host)}:${port}`;
  let closed: Promise<void> | undefined;
  return () =>
    (closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }));
}
