/**
 * Reads the response to one call. It must be JSON without an errcode, have the fields of this call, and be of
 * limited size.
 */
import { WeChatAPIError } from '../../errors';
import { isObject } from '../../is-object';
import { redact } from '../../redact';
import type { ApiEndpoint } from '../endpoints';
import { isUnsafeName } from '../unsafe-names';
import { notFromWechat, type Mask } from './call-errors';
import { integerOf, readJSON } from './read-json';
import type { CheckResponse, ResponseName, Responses } from './response-schemas';
import type { HttpResponse } from './transport';

/** WeChat's responses have at most eleven fields; their names have at most 15 characters. */
const MAX_FIELDS = 32;
const MAX_NAME = 64;

export interface Expected<Name extends ResponseName> {
  readonly endpoint: ApiEndpoint;
  /** The schema that the response must match. */
  readonly name: Name;
  readonly check: CheckResponse;
  /** The secrets that were sent. Called only if something must be masked. */
  readonly secrets: () => Secrets;
}

/** Masked in the response, because WeChat and gateways may echo a value that they refuse. */
export type Secrets = readonly (string | undefined)[];

/**
 * @throws WeChatAPIError if the response has an errcode; WechatAuthError of kind `bad_answer` if it is not a
 * response that WeChat would send.
 */
export function readResponse<Name extends ResponseName>(
  response: HttpResponse,
  { endpoint, name, check, secrets }: Expected<Name>,
): Responses[Name] {
  const { path, secretFields } = endpoint;
  const json = parsed(response, path, (text) => redact(text, secrets()));
  const mask: Mask = (text) =>
    redact(text, [...secrets(), ...secretFields.map((name) => textIn(json, name))]);
  throwErrcode(json, mask);
  if (response.status < 200 || response.status > 299) throw notFromWechat(path, `HTTP ${response.status}`);
  const fields = safeFields(json, path);
  const { data, faults } = check(name, fields);
  if (faults) throw notFromWechat(path, mask(faults.join('; ')));
  // Keeps WeChat's order of the fields, because apps print and store them.
  return { ...(fields as object), ...data };
}

function parsed({ data, headers, status }: HttpResponse, path: string, mask: Mask): unknown {
  try {
    return readJSON(data);
  } catch {
    const { 'content-type': type } = headers;
    const what = `${data.length} bytes (${typeof type === 'string' ? mask(type).slice(0, 60) : 'no type'})`;
    throw notFromWechat(path, `HTTP ${status} with ${what} instead of JSON`);
  }
}

function textIn(json: unknown, name: string): string | undefined {
  const value = isObject(json) ? (json as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function throwErrcode(json: unknown, mask: Mask): void {
  if (!isObject(json)) return;
  const code = integerOf((json as { errcode?: unknown }).errcode);
  if (code) throw new WeChatAPIError(code, mask(textIn(json, 'errmsg') ?? ''));
}

/** Removes names such as `__proto__`, which would change the object that they are copied to. */
function safeFields(json: unknown, path: string): unknown {
  if (!isObject(json) || Array.isArray(json)) return json;
  const names = Object.keys(json);
  if (names.length > MAX_FIELDS) throw notFromWechat(path, `it has more than ${MAX_FIELDS} fields`);
  let isSafe = true;
  for (const name of names) {
    if (name.length > MAX_NAME)
      throw notFromWechat(path, `a field has a name of more than ${MAX_NAME} characters`);
    if (isUnsafeName(name)) isSafe = false;
  }
  if (isSafe) return json;
  return Object.fromEntries(Object.entries(json).filter(([name]) => !isUnsafeName(name)));
}
