import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { deliverFault } from './faults/deliver-fault';
import { faultSubject } from './fault-subject';
import { describeFault, type FaultPlan } from './faults/fault-plan';
import { admitRequest } from './http/admit-request';
import { FormError } from './http/form-error';
import {
  BodyTooLarge,
  receiveRequest,
  type IncomingRequest,
  type ReceivedRequest,
} from './http/incoming-request';
import { textResponse } from './http/outgoing-response';
import { send } from './http/send';
import { TcpSockets } from './http/tcp-sockets';
import { changesState, refusalFor, routeRequest } from './routes';
import { printable } from './world/printable';
import { logEntry, record, type RecordedRequest } from './world/request-log';
import type { World } from './world/world';

export interface ServerOptions {
  readonly port: number;
  readonly host: string;
  readonly https: { readonly key: string | Buffer; readonly cert: string | Buffer } | undefined;
}

/** Every response has this header, so that a client in production can refuse an emulator's responses. */
const EMULATOR_HEADER = { name: 'X-Emulated-WeChat', value: 'express-wechat-auth' } as const;

/** Starts the server and sets `world.url`. Returns a function that closes it and every open connection. */
export async function startServer(
  world: World,
  faults: FaultPlan,
  options: ServerOptions,
): Promise<() => Promise<void>> {
  const listener = (message: IncomingMessage, response: ServerResponse): void => {
    response.setHeader(EMULATOR_HEADER.name, EMULATOR_HEADER.value);
    const reset = (): void => sockets.reset(message.socket);
    serve(message, response, { world, faults, reset }).catch((error: unknown) =>
      sendFailure(error, response),
    );
  };
  const server = options.https ? createSecureServer(options.https, listener) : createServer(listener);
  const sockets = new TcpSockets(server);
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

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The host for clients on this machine. A wildcard address is only for listening: clients need another. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

interface Services {
  readonly world: World;
  readonly faults: FaultPlan;
  /** Resets the TCP connection of the request. */
  readonly reset: () => void;
}

async function serve(
  message: IncomingMessage,
  response: ServerResponse,
  { world, faults, reset }: Services,
): Promise<void> {
  const admitted = admitRequest(message, changesState(message), world);
  if ('status' in admitted) {
    send(response, admitted);
    return;
  }
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  const { signal } = closed;
  const [incoming, entry] = recordRequest(await receiveRequest(message, { ...admitted, signal }), world);
  const planned = faults.take(incoming.path, () => faultSubject(incoming, world));
  if (!planned) {
    send(response, await routeRequest(incoming, world));
    return;
  }
  entry.fault = describeFault(planned.fault);
  await deliverFault(planned, {
    response,
    signal,
    reset,
    respond: () => routeRequest(incoming, world),
    refuse: (errcode, errmsg) => refusalFor(incoming, world, errcode, errmsg),
  });
}

function recordRequest(received: ReceivedRequest, world: World): [IncomingRequest, RecordedRequest] {
  const [entry, warn] = logEntry(received, world.clock.now());
  if (!belongsToEmulator(received.path)) record(world.requests, entry);
  return [{ ...received, warn }, entry];
}

/** Whether WeChat has no such path: it is the emulator's home page, one of its assets, or a drawn picture. */
function belongsToEmulator(path: string): boolean {
  return path === '/' || /^\/(emulator|mmopen)\/|^\/favicon/.test(path);
}

/**
 * Responds to a request that failed, unless the client has closed the connection. A body that is too large
 * and a wrong form value are the client's errors; any other error is a bug of the emulator.
 */
function sendFailure(error: unknown, response: ServerResponse): void {
  if (response.destroyed || response.socket?.destroyed) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error instanceof BodyTooLarge || error instanceof FormError) {
    send(response, textResponse(error instanceof FormError ? 400 : 413, error.message));
    return;
  }
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = reason.split('\n').map(printable);
  send(response, textResponse(500, `The emulator failed: ${lines.join('\n')}`));
}
