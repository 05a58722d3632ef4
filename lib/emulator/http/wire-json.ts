export type WireValue = string | number | boolean | null | readonly WireValue[] | WireObject;
export interface WireObject {
  readonly [name: string]: WireValue | undefined;
}

/** `/` is escaped and a control character is not, both as WeChat does it. */
const wireString = (text: string): string => `"${text.replace(/["\\/]/g, (char) => `\\${char}`)}"`;

/** Compact JSON, keys in the order given, undefined ones left out. */
export function wireJson(value: WireValue): string {
  if (typeof value === 'string') return wireString(value);
  if (Array.isArray(value)) return `[${(value as readonly WireValue[]).map(wireJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value as WireObject).flatMap(([name, field]) =>
    field === undefined ? [] : [`${wireString(name)}:${wireJson(field)}`],
  );
  return `{${fields.join(',')}}`;
}
