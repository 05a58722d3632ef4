/** Whether a value survives as JSON, which sessions are saved as; if not, which field is at fault. */

/** JSON.stringify recurses, and overflows the stack at some thousand levels. */
const MAX_LEVELS = 500;

/**
 * The fault that keeps a user from being saved as JSON, with the path of the field; `undefined` if there is
 * none. Functions and symbols in fields are not faults: JSON leaves them out.
 */
export function userFault(user: object): string | undefined {
  const { json, fault } = asJSON(user, 'user');
  // A login whose user is falsy would count as none.
  if (fault === undefined && (json === undefined || FALSY.has(json)))
    return `user becomes ${json ?? 'undefined'} as JSON, because its toJSON() returns that`;
  return fault;
}

const FALSY = new Set(['null', 'false', '0', '""']);

/**
 * The value as JSON, or the fault that keeps it from being written.
 *
 * @param name the name of the value itself, with which the path of a field begins
 */
export function asJSON(value: unknown, name: string): { readonly json?: string; readonly fault?: string } {
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined ? {} : { json };
  } catch {
    const walk = { parents: new Set(), faultless: new Set() };
    return { fault: fieldFault(value, name, walk) ?? `${name} cannot be written as JSON` };
  }
}

interface Walk {
  /** The objects around the field, outermost first. */
  readonly parents: Set<unknown>;
  /** Objects without a fault: one that is referred to many times is walked once. */
  readonly faultless: Set<unknown>;
}

function fieldFault(given: unknown, path: string, walk: Walk): string | undefined {
  if (typeof given === 'bigint') return `${path} is a BigInt; make it a string`;
  if (typeof given !== 'object' || given === null) return undefined;
  if (walk.parents.has(given)) return `${path} refers back to an object that contains it (a circle)`;
  if (walk.parents.size >= MAX_LEVELS) return `${path.slice(0, 100)}… has more than ${MAX_LEVELS} levels`;
  if (walk.faultless.has(given)) return undefined;
  walk.parents.add(given);
  const fault = faultOfFields(given, path, walk);
  walk.parents.delete(given);
  if (fault === undefined) walk.faultless.add(given);
  return fault;
}

function faultOfFields(given: object, path: string, walk: Walk): string | undefined {
  let json: unknown;
  try {
    const { toJSON } = given as { toJSON?: unknown };
    json = typeof toJSON === 'function' ? (toJSON as () => unknown).call(given) : given;
  } catch (error) {
    return `the toJSON() of ${path} throws ${nameOf(error)}`;
  }
  if (json !== given) return fieldFault(json, path, walk);
  for (const key of Object.keys(given)) {
    const field = Array.isArray(given) ? `${path}[${key}]` : `${path}.${key}`;
    let inner: unknown;
    try {
      inner = (given as Record<string, unknown>)[key];
    } catch (error) {
      return `reading ${field} throws ${nameOf(error)}`;
    }
    const fault = fieldFault(inner, field, walk);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'a value that is not an error';
}

/** The largest field of a value, found from the outside in, with its size in bytes as JSON. */
export function largestField(value: object, name: string): { readonly path: string; readonly bytes: number } {
  let found = { path: name, bytes: sizeOf(value) };
  let inside: unknown = value;
  while (typeof inside === 'object' && inside !== null) {
    const fields = Object.entries(inside as Record<string, unknown>);
    const sizes = fields.map(([key, field]) => ({ key, field, bytes: sizeOf(field) }));
    const [largest] = sizes.sort((a, b) => b.bytes - a.bytes);
    // If no field is half of the whole, the whole is too large.
    if (!largest || largest.bytes < found.bytes / 2) break;
    found = { path: `${found.path}.${largest.key}`, bytes: largest.bytes };
    inside = largest.field;
  }
  return found;
}

function sizeOf(value: unknown): number {
  const { json = '' } = asJSON(value, '');
  return Buffer.byteLength(json);
}
