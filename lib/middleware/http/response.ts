/** Helpers that Connect lacks on responses: redirects, JSON, the Vary header. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isSafeMethod } from './request';

export function noStore(res: ServerResponse): void {
  res.setHeader('Cache-Control', 'no-store');
}

/** Adds names of request headers to the Vary header, and keeps the ones that other middleware has set. */
export function vary(res: ServerResponse, ...names: string[]): void {
  const before = String(res.getHeader('Vary') ?? '');
  const known = before
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  const added = names.filter((name) => !known.includes(name.toLowerCase()));
  res.setHeader('Vary', [before, ...added].filter(Boolean).join(', '));
}

/** The body is empty: a page with a link would echo the address, and browsers do not need it. */
export function redirect(req: IncomingMessage, res: ServerResponse, location: string): void {
  // After a POST, 303 makes the browser load the next page by GET.
  res.statusCode = isSafeMethod(req) ? 302 : 303;
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
  // With an empty text, express-session would send the response before it has saved the session, and the
  // browser would follow a redirect with the old one.
  if (body === '') res.end();
  else res.end(body);
}
