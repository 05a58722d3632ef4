import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OutgoingResponse } from '../http/outgoing-response';
import { bytesOf, send, writeHead } from '../http/send';
import { wechatJSON, type JsonValue } from '../http/wechat-json';
import type { EmulatorFault } from './fault';
import type { PlannedFault } from './fault-plan';

/** A request that is to meet a fault. */
export interface FaultTarget {
  readonly response: ServerResponse;
  /** Aborts when the client has gone, and with it every wait. */
  readonly signal: AbortSignal;
  /** The right answer; asking for it does the endpoint's work. */
  readonly work: () => Promise<OutgoingResponse>;
  readonly refuse: (errcode: number, errmsg?: string) => OutgoingResponse;
}

const BUSY = -1;
// Long enough for the bytes before a reset to be read: a reset discards what the reader has not taken.
const BEFORE_RESET_MS = 20;

const TRUNCATE = 0.5;
function half(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.ceil(bytes.length * TRUNCATE));
}

function cut(socket: Socket | null): void {
  if (socket === null) return;
  if ('encrypted' in socket) socket.destroy();
  else socket.resetAndDestroy();
}

async function resetInside({ response, signal }: FaultTarget, right: OutgoingResponse): Promise<void> {
  const body = writeHead(response, right);
  response.write(half(body));
  await sleep(BEFORE_RESET_MS, undefined, { signal });
  cut(response.socket);
}

async function drip(
  { response, signal }: FaultTarget,
  right: OutgoingResponse,
  msPerByte: number,
): Promise<void> {
  const body = writeHead(response, right);
  for (const byte of body) {
    response.write(Buffer.of(byte));
    await sleep(msPerByte, undefined, { signal });
  }
  response.end();
}

function patched(
  right: OutgoingResponse,
  patch: Extract<EmulatorFault, { patch: unknown }>['patch'],
): OutgoingResponse {
  const before = { ...right.json };
  const after = typeof patch === 'function' ? patch(before) : { ...before, ...patch };
  return { ...right, body: wechatJSON(after as JsonValue) };
}

const GATEWAY_PAGE = '<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>';

function replacement(
  fault: EmulatorFault,
  right: OutgoingResponse,
  refuse: FaultTarget['refuse'],
): OutgoingResponse {
  if (fault === 'truncated') return { ...right, body: half(bytesOf(right)) };
  if (typeof fault === 'string') return { ...right, body: '' };
  if ('errcode' in fault) return refuse(fault.errcode, fault.errmsg);
  if ('status' in fault) {
    return {
      status: fault.status,
      headers: { 'Content-Type': 'text/html', ...fault.headers },
      body: fault.body ?? '',
    };
  }
  if ('html' in fault)
    return { status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: GATEWAY_PAGE };
  if ('body' in fault)
    return { status: 200, headers: { 'Content-Type': fault.contentType ?? 'text/plain' }, body: fault.body };
  if ('redirect' in fault) return { status: 302, headers: { Location: fault.redirect }, body: '' };
  if ('patch' in fault) return patched(right, fault.patch);
  return right;
}

async function applyFault(fault: EmulatorFault, victim: FaultTarget, right: OutgoingResponse): Promise<void> {
  const { response } = victim;
  if (fault === 'silence') return;
  if (fault === 'reset') {
    cut(response.socket);
    return;
  }
  if (fault === 'reset-inside') return resetInside(victim, right);
  if (typeof fault === 'object' && 'drip' in fault) return drip(victim, right, fault.drip);
  send(response, replacement(fault, right, victim.refuse));
}

/** Answers wrongly, as planned. */
export async function deliverFault(planned: PlannedFault, victim: FaultTarget): Promise<void> {
  const { fault, workDone } = planned;
  const late = typeof fault === 'object' && 'delay' in fault ? fault.delay : 0;
  const right = workDone ? await victim.work() : victim.refuse(BUSY);
  await sleep(planned.delay + late, undefined, { signal: victim.signal });
  await applyFault(fault, victim, right);
}
