import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../http/answer';
import { bytesOf, send, writeHead } from '../http/send';
import { wireJson, type WireValue } from '../http/wire-json';
import type { EmulatorFault } from './fault';
import type { PlannedFault } from './fault-plan';

/** A request that is to meet a fault. */
export interface Victim {
  readonly response: ServerResponse;
  /** Aborts when the client has gone, and with it every wait. */
  readonly signal: AbortSignal;
  /** The right answer; asking for it does the endpoint's work. */
  readonly work: () => Promise<Answer>;
  readonly refuse: (errcode: number, errmsg?: string) => Answer;
}

const BUSY = -1;
// Long enough for the bytes before a reset to be read: a reset discards what the reader has not taken.
const BEFORE_RESET_MS = 20;

const TRUNCATE = 0.5;
const half = (bytes: Buffer): Buffer => bytes.subarray(0, Math.ceil(bytes.length * TRUNCATE));

function cut(socket: Socket | null): void {
  if (socket === null) return;
  if ('encrypted' in socket) socket.destroy();
  else socket.resetAndDestroy();
}

async function resetInside({ response, signal }: Victim, right: Answer): Promise<void> {
  const body = writeHead(response, right);
  response.write(half(body));
  await sleep(BEFORE_RESET_MS, undefined, { signal });
  cut(response.socket);
}

async function drip({ response, signal }: Victim, right: Answer, msPerByte: number): Promise<void> {
  const body = writeHead(response, right);
  for (const byte of body) {
    response.write(Buffer.of(byte));
    await sleep(msPerByte, undefined, { signal });
  }
  response.end();
}

function patched(right: Answer, patch: Extract<EmulatorFault, { patch: unknown }>['patch']): Answer {
  const before = { ...right.json };
  const after = typeof patch === 'function' ? patch(before) : { ...before, ...patch };
  return { ...right, body: wireJson(after as WireValue) };
}

const gatewayPage = '<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>';

function replacement(fault: EmulatorFault, right: Answer, refuse: Victim['refuse']): Answer {
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
    return { status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: gatewayPage };
  if ('body' in fault)
    return { status: 200, headers: { 'Content-Type': fault.contentType ?? 'text/plain' }, body: fault.body };
  if ('redirect' in fault) return { status: 302, headers: { Location: fault.redirect }, body: '' };
  if ('patch' in fault) return patched(right, fault.patch);
  return right;
}

async function happen(fault: EmulatorFault, victim: Victim, right: Answer): Promise<void> {
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
export async function deliver(planned: PlannedFault, victim: Victim): Promise<void> {
  const { fault, workDone } = planned;
  const late = typeof fault === 'object' && 'delay' in fault ? fault.delay : 0;
  const right = workDone ? await victim.work() : victim.refuse(BUSY);
  await sleep(planned.delay + late, undefined, { signal: victim.signal });
  await happen(fault, victim, right);
}
