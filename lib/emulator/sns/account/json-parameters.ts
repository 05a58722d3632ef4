import type { IncomingRequest } from '../../http/incoming-request';
import { Refusal } from '../refusal';
import type { Parameters } from '../sns-call';

/**
 * The parameters of an API that reads a posted JSON object. Values other than texts are written as text.
 *
 * @throws Refusal if the request is not a POST.
 */
export function jsonParameters({ method, body }: IncomingRequest): Parameters {
  if (method !== 'POST') throw new Refusal(43002);
  const entries = Object.entries(parseObject(body)).filter(([, value]) => value !== '');
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function parseObject(body: string): object {
  try {
    const value = JSON.parse(body) as unknown;
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
