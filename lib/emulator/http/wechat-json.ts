export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue | undefined;
}

/**
 * Writes JSON as WeChat does: without spaces, with keys in the given order, `/` escaped, and control
 * characters unescaped. Leaves out fields that are undefined.
 */
export function wechatJSON(value: JsonValue): string {
  if (typeof value === 'string') return wechatString(value);
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(wechatJSON).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value as JsonObject).flatMap(([name, field]) =>
    field === undefined ? [] : [`${wechatString(name)}:${wechatJSON(field)}`],
  );
  return `{${fields.join(',')}}`;
}

function wechatString(text: string): string {
  return `"${text.replace(/["\\/]/g, (char) => `\\${char}`)}"`;
}
