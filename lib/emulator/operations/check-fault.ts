import { assertSendable } from '../faults/assert-sendable';
import { conditionsOf, endpointPath, isOfPlatform } from '../faults/endpoints';
import type { EmulatorFault, FaultMatch, FaultOptions } from '../faults/fault';
import { problemsOf } from '../schemas/json-schema';
import { badInput } from '../world/bad-input';
import { shownValue } from '../world/printable';
import type { World } from '../world/world';
import { FAULT_FIELDS } from './fields';
import { fields } from './operation';

/** A fault as the control API receives it: JSON has no Infinity. */
export interface FaultInput extends Omit<FaultOptions, 'times'> {
  readonly endpoint: string;
  readonly fault: EmulatorFault;
  readonly times?: number | 'Infinity' | undefined;
}

export const FAULT_INPUT = fields(FAULT_FIELDS, ['endpoint', 'fault']);

/**
 * Refuses a fault that would never happen, or that no response can have.
 *
 * @throws Error if the endpoint, the app or the user does not exist.
 * @throws TypeError that names the wrong fields, or the condition that no request can fit.
 */
export function checkFault(input: FaultInput, world: World): void {
  const { endpoint, fault, delay, match = {} } = input;
  // The types of the Node API do not check a caller in JavaScript.
  const problems = problemsOf(FAULT_INPUT, asJSON(input), '');
  if (problems.length > 0) throw badInput(new TypeError(problems.join(' ')));
  checkMatch(match, endpointPath(endpoint), world);
  assertSendable(fault, delay);
}

/**
 * The input as JSON would hold it. Only the Node API takes a function, bytes, and a fault that happens 0
 * times.
 */
function asJSON({ fault, times, ...others }: FaultInput): object {
  const count = times === Infinity ? 'Infinity' : times;
  return { ...others, fault: faultAsJSON(fault), ...(times !== 0 && { times: count }) };
}

function faultAsJSON(fault: EmulatorFault | null): unknown {
  if (typeof fault !== 'object' || fault === null) return fault;
  if ('patch' in fault && typeof fault.patch === 'function') return { ...fault, patch: {} };
  return 'body' in fault && Buffer.isBuffer(fault.body) ? { ...fault, body: '' } : fault;
}

function checkMatch(match: FaultMatch, path: string, world: World): void {
  const { app, user } = match;
  const possible = conditionsOf(path);
  for (const name of ['user', 'code'] as const) {
    if (match[name] === undefined || possible[name]) continue;
    const given = shownValue(match[name]);
    throw badInput(
      new TypeError(`match.${name} is ${given}, but no request to ${path} has a ${name}. Leave it out.`),
    );
  }
  if (user !== undefined) world.users.get(user);
  if (app === undefined) return;
  if (!isOfPlatform(path)) world.apps.get(app);
  else if (!world.apps.hasPlatform(app))
    throw badInput(
      new Error(`The emulator has no platform ${shownValue(app)}. List it in the components of an app.`),
    );
}
