/** What goes back, before it meets a socket. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** The object that the body spells, for faults that alter it. */
  readonly json?: Readonly<Record<string, unknown>>;
}

const answer = (
  status: number,
  type: string,
  body: string | Buffer,
  headers: Answer['headers'] = {},
): Answer => ({
  status,
  headers: { 'Content-Type': type, ...headers },
  body,
});

/** WeChat's APIs: text/plain without a charset, whatever the JSON holds. */
export const plain = (body: string | Buffer): Answer => answer(200, 'text/plain', body);

export const html = (body: string, status = 200): Answer =>
  answer(status, 'text/html; charset=UTF-8', body, {
    'Cache-Control': 'no-cache, must-revalidate',
    'Referrer-Policy': 'no-referrer',
  });

export const script = (body: string): Answer =>
  answer(200, 'text/javascript; charset=UTF-8', body, { 'Cache-Control': 'no-cache' });

export const xml = (body: string): Answer =>
  answer(200, 'text/xml; charset=UTF-8', body, { 'Cache-Control': 'no-cache' });

export const svg = (body: string): Answer => answer(200, 'image/svg+xml; charset=UTF-8', body);

export const redirect = (location: string, status = 302, headers: Answer['headers'] = {}): Answer => ({
  status,
  headers: { Location: location, 'Cache-Control': 'no-cache', ...headers },
  body: '',
});

export const notFound = (): Answer => answer(404, 'text/html; charset=UTF-8', '<h1>404 Not Found</h1>');
