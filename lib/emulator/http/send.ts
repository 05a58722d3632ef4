import type { ServerResponse } from 'node:http';
import type { OutgoingResponse } from './outgoing-response';

export function send(response: ServerResponse, outgoing: OutgoingResponse): void {
  response.end(writeHead(response, outgoing));
}

/** Writes status and headers. Returns the body, which some faults send in parts. */
export function writeHead(response: ServerResponse, outgoing: OutgoingResponse): Buffer {
  const body = bytesOf(outgoing);
  response.writeHead(outgoing.status, { ...outgoing.headers, 'Content-Length': body.length });
  return body;
}

export function bytesOf({ body }: OutgoingResponse): Buffer {
  return typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
}
