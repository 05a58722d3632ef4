import type { Emulator } from '../../../lib/emulator';

export interface ControlResponse {
  readonly status: number;
  readonly json: Record<string, unknown>;
  readonly headers: Headers;
}

/** Sends a request to the control API, as a test in any language does. A text is sent as it is. */
export async function control(
  { url }: Pick<Emulator, 'url'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<ControlResponse> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${url}/_emulator/${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: text }),
  });
  const json = (await response.json()) as Record<string, unknown>;
  return { status: response.status, json, headers: response.headers };
}
