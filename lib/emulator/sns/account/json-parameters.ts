import type { IncomingRequest } from '../../http/incoming-request';
import { Refusal } from '../refusal';
import type { Parameters } from '../sns-call';

/**
 * The parameters of an API that reads a posted JSON object. Values other than texts are written as text.
 * Objects and lists are written as `[object]`, which is not the AppID or AppSecret of an app.
 *
 * @throws Refusal if the request is not a POST.
 */
export function jsonParameters(incoming: IncomingRequest): Parameters {
  if (incoming.method !== 'POST') throw new Refusal(43002);
  return postedParameters(incoming);
}

/** The parameters in the JSON of a body; none if it is not a JSON object. */
export function postedParameters({ body }: Pick<IncomingRequest, 'body'>): Parameters {
  const entries = Object.entries(parseObject(body)).filter(([, value]) => value !== '');
  return Object.fromEntries(entries.map(([name, value]) => [name, asText(value)]));
}

/** String() would call `toString` of an object, which may be a value of the request. */
function asText(value: unknown): string {
  return typeof value === 'object' && value !== null ? '[object]' : String(value);
}

function parseObject(body: string): object {
  try {
    const value = JSON.parse(body) as unknown;
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
