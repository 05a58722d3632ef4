import { PATHS } from './paths';

/** A response before it is sent. */
export interface OutgoingResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** The object whose JSON is the body. The fault `patch` changes its fields. */
  readonly json?: Readonly<Record<string, unknown>>;
}

type Headers = OutgoingResponse['headers'];

/** A response of WeChat's APIs: text/plain without a charset, although the body is JSON in UTF-8. */
export function plain(body: string | Buffer): OutgoingResponse {
  return response(200, 'text/plain', body);
}

export function html(body: string): OutgoingResponse {
  return response(200, 'text/html; charset=UTF-8', body, {
    'Cache-Control': 'no-cache, must-revalidate',
    // With `no-referrer`, browsers would send `Origin: null` with the page's own forms (Fetch, Origin
    // header), and the emulator would refuse them as those of another site.
    'Referrer-Policy': 'same-origin',
  });
}

export function script(body: string): OutgoingResponse {
  return response(200, 'text/javascript; charset=UTF-8', body, { 'Cache-Control': 'no-cache' });
}

export function css(body: string): OutgoingResponse {
  return response(200, 'text/css; charset=UTF-8', body, { 'Cache-Control': 'no-cache' });
}

export function xml(body: string): OutgoingResponse {
  return response(200, 'text/xml; charset=UTF-8', body, { 'Cache-Control': 'no-cache' });
}

export function svg(body: string): OutgoingResponse {
  return response(200, 'image/svg+xml; charset=UTF-8', body);
}

export function redirect(location: string, status = 302, headers: Headers = {}): OutgoingResponse {
  return { status, headers: { Location: location, 'Cache-Control': 'no-cache', ...headers }, body: '' };
}

/** The header of a response that no other site may show in a frame. */
export const UNFRAMABLE = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'self'",
} as const;

export function notFound(): OutgoingResponse {
  return response(404, 'text/html; charset=UTF-8', '<h1>404 Not Found</h1>', UNFRAMABLE);
}

/**
 * A JSON response of the emulator's own. Browsers must not take it for a script or a page of another site.
 */
export function json(status: number, body: object): OutgoingResponse {
  return response(status, 'application/json; charset=utf-8', `${JSON.stringify(body)}\n`, {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
}

/** An error of the emulator's own, for a request that it does not serve: JSON from the control API. */
export function ownError(target: string, status: OwnErrorStatus, text: string): OutgoingResponse {
  if (target.startsWith(PATHS.control)) return json(status, { error: OWN_ERRORS[status], message: text });
  return response(status, 'text/plain; charset=utf-8', `${text}\n`);
}

const OWN_ERRORS = {
  400: 'bad_input',
  403: 'forbidden',
  413: 'body_too_large',
  421: 'misdirected_request',
  500: 'internal_error',
} as const;
type OwnErrorStatus = keyof typeof OWN_ERRORS;

function response(
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: Headers = {},
): OutgoingResponse {
  return { status, headers: { 'Content-Type': contentType, ...headers }, body };
}
