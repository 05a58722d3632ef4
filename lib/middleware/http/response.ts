/** What Connect lacks on a response: redirects, JSON, Vary. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isSafe } from './request';

export function noStore(res: ServerResponse): void {
  res.setHeader('Cache-Control', 'no-store');
}

/** Says on which headers the answer depends, beside those that others named. */
export function vary(res: ServerResponse, ...names: string[]): void {
  const before = String(res.getHeader('Vary') ?? '');
  const known = before
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  const added = names.filter((name) => !known.includes(name.toLowerCase()));
  res.setHeader('Vary', [before, ...added].filter(Boolean).join(', '));
}

/** With an empty body: whoever follows must find the session saved, and nothing is echoed. */
export function redirect(req: IncomingMessage, res: ServerResponse, location: string): void {
  // 303 makes a form that was sent a page that is asked for.
  res.statusCode = isSafe(req) ? 302 : 303;
  res.setHeader('Location', location);
  send(res, '');
}

export function noContent(res: ServerResponse): void {
  res.statusCode = 204;
  res.end();
}

export function sendJSON(res: ServerResponse, status: number, body: unknown): void {
  res.statusCode = status;
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('X-Content-Type-Options', 'nosniff');
  send(res, JSON.stringify(body));
}

export function send(res: ServerResponse, body: string): void {
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.end(body);
}
