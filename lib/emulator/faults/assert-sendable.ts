import { validateHeaderName, validateHeaderValue } from 'node:http';
import { inspect } from 'node:util';
import { badInput } from '../world/bad-input';
import { MAX_SHOWN, printable } from '../world/printable';
import type { EmulatorFault } from './fault';

/** A timer of Node with a longer delay fires at once (TIMEOUT_MAX). This is about 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Refuses a fault that no HTTP response can have, while the test plans it: otherwise the request that meets
 * the fault would get the emulator's own error 500.
 *
 * @throws TypeError that names the value and a remedy.
 */
export function assertSendable(fault: EmulatorFault, delay = 0): void {
  checkTime('delay', delay);
  if (typeof fault !== 'object') return;
  if ('drip' in fault) checkTime('fault.drip', fault.drip);
  if ('delay' in fault) checkTime('fault.delay plus delay', fault.delay + delay);
  if ('redirect' in fault) checkHeader('Location', fault.redirect, 'fault.redirect');
  if ('body' in fault && !('status' in fault))
    checkHeader('Content-Type', fault.contentType ?? '', 'fault.contentType');
  if ('status' in fault) checkStatus(fault);
}

function checkTime(name: string, ms: number): void {
  if (ms >= 0 && ms <= LONGEST_TIMER_MS) return;
  throw wrong(name, ms, `Give a number of milliseconds from 0 to ${LONGEST_TIMER_MS}.`);
}

function checkStatus({ status, headers = {} }: Extract<EmulatorFault, { status: number }>): void {
  if (!Number.isInteger(status) || status < 200 || status > 999)
    throw wrong('fault.status', status, 'Give an HTTP status from 200 to 999.');
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value, 'fault.headers');
}

function checkHeader(name: string, value: string, field: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw wrong(
      field,
      field === 'fault.headers' ? { [name]: value } : value,
      'An HTTP header cannot contain this value.',
    );
  }
}

function wrong(field: string, value: unknown, remedy: string): TypeError {
  const shown = printable(inspect(value, { breakLength: Infinity }).slice(0, MAX_SHOWN));
  return badInput(new TypeError(`${field} is ${shown}. ${remedy}`));
}
