import { excerpt, shownValue } from '../world/printable';

/** The part of JSON Schema (2020-12) that describes configurations and the bodies of the control API. */
export interface JsonSchema {
  readonly title?: string;
  readonly description?: string;
  readonly type?: TypeName | readonly TypeName[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  /** The value fits one of them. */
  readonly anyOf?: readonly JsonSchema[];
  /** `password`: messages do not repeat the value. */
  readonly format?: 'password';
}

/** A callback domain: `host`, `host:port` or `host/path`. */
export const DOMAIN_PATTERN = /^[^/:?#\s]+(?::\d+)?(?:\/[^?#\s]*)?$/;
/** 16 bytes in base64. */
export const KEY_PATTERN = /^[A-Za-z0-9+/]{22}==$/;
/** The patterns that a schema may name by their source, so that none is built while the emulator runs. */
const PATTERNS: readonly RegExp[] = [DOMAIN_PATTERN, KEY_PATTERN];

type TypeName = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';

/**
 * What is wrong with a value: one sentence for each wrong field, with its path, the value and a remedy. Empty
 * if the value fits.
 */
export function problemsOf(schema: JsonSchema, value: unknown, path: string): string[] {
  if (schema.anyOf) return problemsOfChoice(schema, value, path);
  if (!hasType(schema, value) || !isAllowed(schema, value)) {
    return [`${path || 'The value'} is ${shown(schema, value)}. Give ${remedyFor(schema)}.`];
  }
  if (Array.isArray(value)) return problemsOfList(schema, value, path);
  return typeof value === 'object' && value !== null ? problemsOfObject(schema, value, path) : [];
}

function hasType({ type }: JsonSchema, value: unknown): boolean {
  if (type === undefined) return true;
  return [type].flat().some((name) => TYPE_CHECKS[name](value));
}

const TYPE_CHECKS: Readonly<Record<TypeName, (value: unknown) => boolean>> = {
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && !Number.isNaN(value),
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
};

function isAllowed(schema: JsonSchema, value: unknown): boolean {
  if (schema.enum && !schema.enum.includes(value)) return false;
  if ('const' in schema && schema.const !== value) return false;
  if (typeof value === 'number') return schema.minimum === undefined || value >= schema.minimum;
  if (typeof value !== 'string') return true;
  if (value.length < (schema.minLength ?? 0)) return false;
  return PATTERNS.every((pattern) => pattern.source !== schema.pattern || pattern.test(value));
}

/**
 * An object is compared with the choice whose first field it has; if there is none, with the first choice
 * that is an object.
 */
function problemsOfChoice(schema: JsonSchema, value: unknown, path: string): string[] {
  const choices = schema.anyOf ?? [];
  const attempts = choices.map((choice) => problemsOf(choice, value, path));
  if (attempts.some((problems) => problems.length === 0)) return [];
  const objects = choices.filter(({ type }) => type === 'object');
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const hasFirst = ({ required: [first = ''] = [] }: JsonSchema) => isObject && Object.hasOwn(value, first);
  const meant = isObject ? (objects.find(hasFirst) ?? objects[0]) : undefined;
  if (meant) return problemsOf(meant, value, path);
  return [`${path} is ${shown(schema, value)}. Give ${remedyFor(schema)}.`];
}

function problemsOfList(
  { items, minItems = 0 }: JsonSchema,
  list: readonly unknown[],
  path: string,
): string[] {
  if (list.length < minItems) return [`${path} is empty. Give at least ${minItems}.`];
  return items ? list.flatMap((each, index) => problemsOf(items, each, `${path}[${index}]`)) : [];
}

function problemsOfObject(schema: JsonSchema, object: object, path: string): string[] {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const given = Object.entries(object).filter(([, value]) => value !== undefined);
  const missing = required
    .filter((name) => !given.some(([each]) => each === name))
    .map((name) => `${join(path, name)} is missing. Give ${remedyFor(properties[name] ?? {})}.`);
  const wrong = given.flatMap(([name, value]) => {
    if (Object.hasOwn(properties, name)) return problemsOf(properties[name] ?? {}, value, join(path, name));
    if (typeof additionalProperties === 'object')
      return problemsOf(additionalProperties, value, join(path, name));
    return additionalProperties ? [] : [unknownField(name, path, Object.keys(properties))];
  });
  return [...missing, ...wrong];
}

function unknownField(name: string, path: string, known: readonly string[]): string {
  const of = path === '' ? '' : ` of ${path}`;
  const remedy = known.length === 0 ? 'Send no fields.' : `The fields are ${known.join(', ')}.`;
  return `${excerpt(JSON.stringify(name))} is not a field${of}. ${remedy}`;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** A text in place of an app may be its credentials, such as `appid:secret`, so its type is shown alone. */
function shown(schema: JsonSchema, value: unknown): string {
  const isScalar = value !== '' && !(typeof value === 'object');
  return isScalar && holdsSecret(schema) ? `of type ${typeof value}` : shownValue(value);
}

function holdsSecret({ format, properties = {}, items, anyOf = [] }: JsonSchema): boolean {
  const inner = [...Object.values(properties), ...anyOf, ...(items ? [items] : [])];
  return format === 'password' || inner.some(holdsSecret);
}

/** What to give instead, in words. */
function remedyFor(schema: JsonSchema): string {
  if (schema.description !== undefined && !schema.enum) return lowerFirst(schema.description);
  if (schema.enum) return `one of ${schema.enum.map((each) => JSON.stringify(each)).join(', ')}`;
  if (schema.anyOf) return schema.anyOf.map(remedyFor).join(', or ');
  if ('const' in schema) return JSON.stringify(schema.const);
  return [schema.type ?? 'a value']
    .flat()
    .map((name) => TYPE_WORDS[name] ?? name)
    .join(' or ');
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
};

function lowerFirst(sentence: string): string {
  const [first = ''] = sentence.split(/\.(?: |$)/);
  return /^(?:An?|The|True|False|One) /.test(first) ? first.charAt(0).toLowerCase() + first.slice(1) : first;
}
