import { readableFault, type FaultEntry } from '../faults/fault-plan';
import type { JsonSchema } from '../schemas/json-schema';
import { checkFault, FAULT_INPUT, type FaultInput } from './check-fault';
import { FAULT, FAULT_FIELDS } from './fields';
import { fields, NotFound, NOTHING, operation, type Services } from './operation';

const FAULT_ENTRY: JsonSchema = fields(
  { ...FAULT_FIELDS, id: { type: 'string' }, fault: { anyOf: [FAULT, { type: 'object' }] } },
  ['id', 'endpoint', 'fault', 'times', 'after', 'delay', 'workDone'],
);

export const FAULT_LIST: JsonSchema = { type: 'array', items: FAULT_ENTRY };

export const FAULT_OPERATIONS = {
  addFault: operation({
    node: 'fail',
    method: 'POST',
    path: '/_emulator/faults',
    summary: 'Makes requests to an endpoint fail.',
    input: FAULT_INPUT,
    output: fields({ id: { type: 'string' } }),
    run: addFault,
    respond: ({ id }) => ({ id }),
  }),
  clearFaults: operation({
    node: 'clearFaults',
    method: 'DELETE',
    path: '/_emulator/faults',
    summary: 'Withdraws all planned faults.',
    output: NOTHING,
    run: (_: object, { faults }: Services) => {
      faults.clear();
    },
    respond: () => ({}),
  }),
  removeFault: operation({
    node: 'fail',
    method: 'DELETE',
    path: '/_emulator/faults/{id}',
    summary: 'Withdraws one planned fault.',
    output: NOTHING,
    run: ({ id }: { readonly id: string }, { faults }) => faults.remove(id),
    respond: (existed) => {
      if (existed) return {};
      throw new NotFound('There is no planned fault with this id. It may have affected all its requests.');
    },
  }),
};

/** @throws Error or TypeError for a fault that would never happen, or that no response can have. */
function addFault(input: FaultInput, { world, faults }: Services): FaultEntry {
  checkFault(input, world);
  const { endpoint, fault, times, ...options } = input;
  const count = times === undefined ? {} : { times: Number(times) };
  return faults.add(endpoint, fault, { ...options, ...count });
}

/** The planned faults as JSON. */
export function faultList({ faults }: Services): object[] {
  return faults.list().map((entry) => ({
    ...entry,
    fault: readableFault(entry.fault),
    times: Number.isFinite(entry.times) ? entry.times : 'Infinity',
  }));
}
