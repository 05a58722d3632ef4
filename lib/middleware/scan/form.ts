/** The body of a form, whether or not the app has parsed it. */
import { isObject } from '../../is-object';
import { parsedBody, type HostRequest } from '../http/request';

/** Our forms have a few short fields. */
const MAX_BYTES = 4_096;

/**
 * The first value of each field that is a string. What the app has parsed counts, in any format. A body that
 * it has not parsed, or only read as text, has no fields if it is too long.
 */
export async function readForm(req: HostRequest): Promise<ReadonlyMap<string, string>> {
  const body = parsedBody(req);
  if (isObject(body)) return fieldsOf(Object.entries(body));
  if (typeof body === 'string')
    return fieldsOf(new URLSearchParams(Buffer.byteLength(body) > MAX_BYTES ? '' : body));
  // A body parser of the app has read it, and kept nothing.
  if (req.readableEnded) return new Map();
  return fieldsOf(new URLSearchParams(await readText(req)));
}

function fieldsOf(entries: Iterable<[string, unknown]>): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of entries)
    if (typeof value === 'string' && !fields.has(name)) fields.set(name, value);
  return fields;
}

/** Empty if the body is too long, or if the browser went away. Node itself discards the rest. */
function readText(req: HostRequest): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (text: string): void => {
      req.off('data', keep).off('end', finish).off('close', abandon).off('error', abandon);
      resolve(text);
    };
    const keep = (chunk: Buffer | string): void => {
      const bytes = Buffer.from(chunk as Buffer);
      size += bytes.length;
      chunks.push(bytes);
      if (size > MAX_BYTES) abandon();
    };
    const finish = (): void => {
      settle(Buffer.concat(chunks).toString());
    };
    const abandon = (): void => {
      settle('');
    };
    req.on('data', keep).on('end', finish).on('close', abandon).on('error', abandon);
  });
}
