import { sendBytes, textOf } from '../../support/browsers/raw-http';

export interface RawRequest {
  readonly method?: string;
  /** The Host header; '' for none. @default the emulator's own */
  readonly host?: string;
  /** Whole header lines, in Latin-1. @default none */
  readonly headers?: readonly string[];
  readonly body?: string;
  /** @default 'HTTP/1.1' */
  readonly version?: string;
}

export interface RawResponse {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: string;
}

/** Sends a request as bytes, because an HTTP client would correct or refuse it. */
export async function sendRaw(
  emulatorURL: string,
  target: string,
  request: RawRequest = {},
): Promise<RawResponse> {
  const { port, host: ownHost } = new URL(emulatorURL);
  const { method = 'GET', host = ownHost, headers = [], body = '', version = 'HTTP/1.1' } = request;
  const bytes = Buffer.from(body).toString('latin1');
  const lines = [
    `${method} ${target} ${version}`,
    ...(host === '' ? [] : [`Host: ${host}`]),
    ...headers,
    `Content-Length: ${bytes.length}`,
    'Connection: close',
  ];
  const [response] = await sendBytes(Number(port), `${lines.join('\r\n')}\r\n\r\n${bytes}`);
  if (!response) throw new Error(`No response to ${method} ${target.slice(0, 100)}`);
  return { status: response.status, head: response.head, body: textOf(response) };
}
