/** What goes back, before it meets a socket. */
export interface OutgoingResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** The object that the body spells, for faults that alter it. */
  readonly json?: Readonly<Record<string, unknown>>;
}

function response(
  status: number,
  type: string,
  body: string | Buffer,
  headers: OutgoingResponse['headers'] = {},
): OutgoingResponse {
  return {
    status,
    headers: { 'Content-Type': type, ...headers },
    body,
  };
}

/** WeChat's APIs: text/plain without a charset, whatever the JSON holds. */
export function plain(body: string | Buffer): OutgoingResponse {
  return response(200, 'text/plain', body);
}

export function html(body: string, status = 200): OutgoingResponse {
  return response(status, 'text/html; charset=UTF-8', body, {
    'Cache-Control': 'no-cache, must-revalidate',
    'Referrer-Policy': 'no-referrer',
  });
}

export function script(body: string): OutgoingResponse {
  return response(200, 'text/javascript; charset=UTF-8', body, { 'Cache-Control': 'no-cache' });
}

export function xml(body: string): OutgoingResponse {
  return response(200, 'text/xml; charset=UTF-8', body, { 'Cache-Control': 'no-cache' });
}

export function svg(body: string): OutgoingResponse {
  return response(200, 'image/svg+xml; charset=UTF-8', body);
}

export function redirect(
  location: string,
  status = 302,
  headers: OutgoingResponse['headers'] = {},
): OutgoingResponse {
  return {
    status,
    headers: { Location: location, 'Cache-Control': 'no-cache', ...headers },
    body: '',
  };
}

export function notFound(): OutgoingResponse {
  return response(404, 'text/html; charset=UTF-8', '<h1>404 Not Found</h1>');
}
