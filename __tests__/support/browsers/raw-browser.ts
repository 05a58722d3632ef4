import type { Emulator } from '../../../lib/emulator/index';
import type { TestApp } from '../app';
import { sendBytes, textOf, valueOf, valuesOf, type RawResponse } from './raw-http';
import { IPHONE_WECHAT } from './user-agents';

/** The app that a raw browser visits. */
export interface RawSite {
  readonly emulator: Emulator;
  readonly url: string;
  readonly mount: string;
  readonly port: number;
  /** The Host header that browsers send. */
  readonly authority: string;
}

export function rawSiteOf(app: TestApp, mount = ''): RawSite {
  const { port, host: authority } = new URL(app.url);
  return { emulator: app.emulator, url: app.url, mount, port: Number(port), authority };
}

export interface RawRequest {
  readonly method?: string;
  readonly version?: string;
  /** Replaces the Host header: a list sends it several times, null leaves it out. */
  readonly host?: string | readonly string[] | null;
  /** Further headers, in order; a name may repeat. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Sent instead of the stored cookies; '' sends no cookies. */
  readonly cookie?: string;
  readonly body?: string;
  readonly accept?: string | null;
}

/** A browser over raw sockets: it stores cookies, and sends any bytes, also malformed requests. */
export class RawBrowser {
  readonly jar = new Map<string, string>();

  constructor(
    readonly site: RawSite,
    readonly userAgent: string = IPHONE_WECHAT,
  ) {}

  cookies(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Another browser with the same cookies. */
  copy(): RawBrowser {
    const other = new RawBrowser(this.site, this.userAgent);
    for (const [name, value] of this.jar) other.jar.set(name, value);
    return other;
  }

  /** The bytes of a request; each byte is one character. */
  bytesOf(target: string, options: RawRequest = {}): string {
    const { method = 'GET', version = '1.1', host = this.site.authority, headers = [], body } = options;
    const { cookie = this.cookies(), accept = 'text/html,*/*;q=0.8' } = options;
    const hosts = host === null ? [] : typeof host === 'string' ? [host] : host;
    return [
      `${method} ${target} HTTP/${version}`,
      ...hosts.map((each) => `Host: ${each}`),
      ...(this.userAgent === '' ? [] : [`User-Agent: ${this.userAgent}`]),
      ...(accept === null ? [] : [`Accept: ${accept}`]),
      ...(cookie === '' ? [] : [`Cookie: ${cookie}`]),
      ...headers.map(([name, value]) => `${name}: ${value}`),
      ...(body === undefined ? [] : [`Content-Length: ${body.length}`]),
      'Connection: close',
      '',
      body ?? '',
    ].join('\r\n');
  }

  /**
   * Sends one request and stores the cookies of the response. The status is 0 if the server closes the
   * connection without a response.
   */
  async send(target: string, options: RawRequest = {}): Promise<RawResponse> {
    const responses = await this.sendBytes(this.bytesOf(target, options));
    if (responses.length > 1)
      throw new Error(`${responses.length} responses to one request for ${target.slice(0, 200)}`);
    return responses[0] ?? { status: 0, head: '', headers: [], body: '' };
  }

  /** Sends these bytes unchanged, and stores the cookies of all responses. */
  async sendBytes(bytes: string, responses?: number): Promise<RawResponse[]> {
    const received = await sendBytes(this.site.port, bytes, responses === undefined ? {} : { responses });
    for (const response of received) this.storeCookies(response);
    return received;
  }

  storeCookies(response: RawResponse): void {
    for (const line of valuesOf(response, 'set-cookie')) {
      const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) this.jar.delete(name);
      else this.jar.set(name, value);
    }
  }

  /** A path below the mount. */
  at(path: string): string {
    return this.site.mount + path;
  }

  /** Starts a login: returns its state and the address of WeChat's page. */
  async startLogin(query = ''): Promise<{ state: string; page: URL }> {
    const response = await this.send(this.at(`/login${query}`));
    const page = valueOf(response, 'location');
    if (response.status !== 302 || !page.startsWith(this.site.emulator.url)) {
      const text = textOf(response).slice(0, 200);
      throw new Error(`the login route responds ${response.status} ${page} ${text}`);
    }
    return { state: new URL(page).searchParams.get('state') ?? '', page: new URL(page) };
  }

  /** A new authorization code of this user, as WeChat would add it to the address of the callback. */
  issueCode(user: string, app = this.site.emulator.apps.official.appId): string {
    return this.site.emulator.issueCode({ app, user });
  }

  async openCallback(state: string, code: string): Promise<RawResponse> {
    return this.send(this.at(`/callback?code=${code}&state=${state}`));
  }

  async logIn(user = 'ming', query = ''): Promise<RawResponse> {
    const { state } = await this.startLogin(query);
    return this.openCallback(state, this.issueCode(user));
  }

  /** The openid that the guarded page shows; undefined if nobody is logged in. */
  async loggedInAs(): Promise<string | undefined> {
    const response = await this.send(this.at('/me'));
    if (response.status === 302) return undefined;
    if (response.status !== 200)
      throw new Error(`the guarded page responds ${response.status}: ${textOf(response)}`);
    return (JSON.parse(textOf(response)) as { openid?: string }).openid ?? 'a user without an openid';
  }
}
