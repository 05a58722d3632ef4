import type { ServerResponse } from 'node:http';
import type { OutgoingResponse } from './outgoing-response';

export function bytesOf(answer: OutgoingResponse): Buffer {
  return typeof answer.body === 'string' ? Buffer.from(answer.body, 'utf8') : answer.body;
}

/** Writes the head and gives the body's bytes, for whoever sends them in a way of his own. */
export function writeHead(response: ServerResponse, answer: OutgoingResponse): Buffer {
  const body = bytesOf(answer);
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': body.length });
  return body;
}

export function send(response: ServerResponse, answer: OutgoingResponse): void {
  response.end(writeHead(response, answer));
}
