import type { ServerResponse } from 'node:http';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import type { OutgoingResponse } from '../http/outgoing-response';
import { bytesOf, send, writeHead } from '../http/send';
import { wechatJSON, type JsonValue } from '../http/wechat-json';
import type { EmulatorFault } from './fault';
import type { PlannedFault } from './fault-plan';

/** The request that a fault affects. */
export interface FaultTarget {
  readonly response: ServerResponse;
  /** Aborts when the client closes the connection, and ends every wait. */
  readonly signal: AbortSignal;
  /** Does the work of the endpoint, such as issuing a token, and returns the real response. */
  readonly respond: () => Promise<OutgoingResponse>;
  /** Resets the TCP connection. */
  readonly reset: () => void;
  /** Returns the error response of the endpoint, which does no work. */
  readonly refuse: (errcode: number, errmsg?: string) => OutgoingResponse;
}

/** WeChat's error for a busy system. */
export const BUSY = -1;

/**
 * Sends a faulty response, or none. If the endpoint must not do its work, there is no real response: its
 * error for a busy system (-1) takes its place.
 */
export async function deliverFault(planned: PlannedFault, target: FaultTarget): Promise<void> {
  const { fault, workDone } = planned;
  const faultDelay = typeof fault === 'object' && 'delay' in fault ? fault.delay : 0;
  const real = workDone ? await target.respond() : target.refuse(BUSY);
  await sleep(planned.delay + faultDelay, undefined, { signal: target.signal });
  await applyFault(fault, target, real);
}

async function applyFault(fault: EmulatorFault, target: FaultTarget, real: OutgoingResponse): Promise<void> {
  const { response } = target;
  if (fault === 'silence') return;
  if (fault === 'reset') return resetOnceRead(target);
  if (fault === 'reset-inside') return resetInsideBody(target, real);
  if (typeof fault === 'object' && 'drip' in fault) return sendByteByByte(target, real, fault.drip);
  send(response, faultyResponse(fault, real, target.refuse));
}

async function resetInsideBody(target: FaultTarget, real: OutgoingResponse): Promise<void> {
  const body = writeHead(target.response, real);
  target.response.write(firstHalf(body));
  await resetOnceRead(target);
}

const TIME_TO_READ_MS = 20;

/**
 * Resets the connection after the client has had time to read the bytes sent so far. Over TLS, these include
 * a session ticket. A client that finds unread bytes and the reset together may lose the bytes, and libuv
 * reports an ordinary end of the connection to it.
 */
async function resetOnceRead({ signal, reset }: FaultTarget): Promise<void> {
  await sleep(TIME_TO_READ_MS, undefined, { signal });
  // In a busy process, the timer and the client may become due together. A client in the same process reads
  // its bytes before the next setImmediate callback.
  await immediate();
  reset();
}

async function sendByteByByte(
  { response, signal }: FaultTarget,
  real: OutgoingResponse,
  msPerByte: number,
): Promise<void> {
  const body = writeHead(response, real);
  for (const byte of body) {
    response.write(Buffer.of(byte));
    await sleep(msPerByte, undefined, { signal });
  }
  response.end();
}

function faultyResponse(
  fault: EmulatorFault,
  real: OutgoingResponse,
  refuse: FaultTarget['refuse'],
): OutgoingResponse {
  if (fault === 'truncated') return { ...real, body: firstHalf(bytesOf(real)) };
  if (typeof fault === 'string') return withType(real.headers['Content-Type'] ?? 'text/plain', '');
  if ('errcode' in fault) return refuse(fault.errcode, fault.errmsg);
  if ('status' in fault) return withType('text/html', fault.body ?? '', fault.status, fault.headers);
  if ('html' in fault) return withType('text/html; charset=utf-8', GATEWAY_PAGE);
  if ('body' in fault) return withType(fault.contentType ?? 'text/plain', fault.body);
  if ('redirect' in fault) return { status: 302, headers: { Location: fault.redirect }, body: '' };
  if ('patch' in fault) return patched(real, fault.patch);
  return real;
}

const GATEWAY_PAGE = '<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>';

function withType(
  contentType: string,
  body: string | Buffer,
  status = 200,
  headers: OutgoingResponse['headers'] = {},
): OutgoingResponse {
  return { status, headers: { 'Content-Type': contentType, ...headers }, body };
}

function patched(real: OutgoingResponse, patch: Extract<EmulatorFault, { patch: unknown }>['patch']) {
  const before = { ...real.json };
  // A function may change the fields in place, and return nothing.
  const after = typeof patch === 'function' ? (patch(before) ?? before) : { ...before, ...patch };
  return { ...real, body: wechatJSON(after as JsonValue) };
}

function firstHalf(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.ceil(bytes.length / 2));
}
