import type { IncomingMessage, ServerResponse } from 'node:http';
import { deliverFault } from './faults/deliver-fault';
import { faultSubject } from './fault-subject';
import { describeFault } from './faults/fault-plan';
import { admitRequest } from './http/admit-request';
import { FormError } from './http/form-error';
import {
  BodyTooLarge,
  receiveRequest,
  type IncomingRequest,
  type ReceivedRequest,
} from './http/incoming-request';
import { ownError } from './http/outgoing-response';
import { send } from './http/send';
import type { Services } from './operations/operation';
import { changesState, refusalFor, routeRequest } from './routes';
import { printable } from './world/printable';
import { logEntry, record, type RecordedRequest } from './world/request-log';
import type { World } from './world/world';

/** Every response has this header, so that a client in production can refuse an emulator's responses. */
const EMULATOR_HEADER = { name: 'X-Emulated-WeChat', value: 'express-wechat-auth' } as const;

/** Serves one request. `reset` resets its TCP connection, for planned faults. Never throws. */
export function serveRequest(
  message: IncomingMessage,
  response: ServerResponse,
  services: Services,
  reset: () => void,
): void {
  response.setHeader(EMULATOR_HEADER.name, EMULATOR_HEADER.value);
  serve(message, response, services, reset).catch((error: unknown) => sendFailure(error, message, response));
}

async function serve(
  message: IncomingMessage,
  response: ServerResponse,
  services: Services,
  reset: () => void,
): Promise<void> {
  const { world, faults } = services;
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
    send(response, await routeRequest(incoming, services));
    return;
  }
  entry.fault = describeFault(planned.fault);
  await deliverFault(planned, {
    response,
    signal,
    reset,
    respond: () => routeRequest(incoming, services),
    refuse: (errcode, errmsg) => refusalFor(incoming, world, errcode, errmsg),
  });
}

function recordRequest(received: ReceivedRequest, world: World): [IncomingRequest, RecordedRequest] {
  const [entry, warn] = logEntry(received, world.clock.now());
  if (!belongsToEmulator(received.path)) record(world.requests, entry);
  return [{ ...received, warn }, entry];
}

/**
 * Whether a request is not one to WeChat: it is for the home page, the control API, an asset or a drawn
 * picture.
 */
function belongsToEmulator(path: string): boolean {
  return path === '/' || /^\/(_?emulator|mmopen)\/|^\/favicon/.test(path);
}

/**
 * Responds to a request that failed, unless the client has closed the connection. A body that is too large
 * and a wrong form value are the client's errors; any other error is a bug of the emulator.
 */
function sendFailure(error: unknown, { url = '/' }: IncomingMessage, response: ServerResponse): void {
  if (response.destroyed || response.socket?.destroyed) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error instanceof BodyTooLarge || error instanceof FormError) {
    send(response, ownError(url, error instanceof FormError ? 400 : 413, error.message));
    return;
  }
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = reason.split('\n').map(printable);
  send(response, ownError(url, 500, `The emulator failed: ${lines.join('\n')}`));
}
