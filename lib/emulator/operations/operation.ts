import type { FaultPlan } from '../faults/fault-plan';
import type { JsonSchema } from '../schemas/json-schema';
import type { World } from '../world/world';

/** The state that the operations read and change. */
export interface Services {
  readonly world: World;
  readonly faults: FaultPlan;
}

/**
 * One thing that a test can do with an emulator, by a method of the Node API or by a request of the control
 * API.
 */
export interface Operation<Input extends object, Output> {
  /** The member of the Node API that carries it out; undefined if only HTTP clients need the operation. */
  readonly node?: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** May have one parameter, such as `{uuid}`, which is a field of the input. */
  readonly path: `/_emulator/${string}`;
  readonly summary: string;
  /** The JSON object in the body of the request. @default no fields */
  readonly input?: JsonSchema;
  /** The JSON object in the body of the response. */
  readonly output: JsonSchema;
  readonly run: (input: Input, services: Services) => Output;
  /** The JSON of the response. @default what `run` returns */
  readonly respond?: (output: Awaited<Output>, services: Services) => object;
}

/** Checks the types of one operation, and returns it. */
export function operation<Input extends object, Output>(
  description: Operation<Input, Output>,
): Operation<Input, Output> {
  return description;
}

/** The path names something that does not exist. Over HTTP the response has status 404. */
export class NotFound extends Error {
  override readonly name = 'NotFound';
}

/** An object with these fields and no others. */
export function fields(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = Object.keys(properties),
): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}

export const NOTHING = fields({});
