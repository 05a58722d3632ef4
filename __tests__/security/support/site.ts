import type { Emulator } from '../../../lib/emulator/index';
import { startApp, type AppOptions, type TestApp } from '../../support/app';
import type { HostName } from '../../support/hosts';
import { SESSIONS, type SessionName } from '../../support/sessions';
import { IPHONE_WECHAT } from '../../support/user-agents';
import { speak, textOf, valueOf, valuesOf, type RawAnswer } from './raw';

export const FRAMEWORKS: readonly HostName[] = ['Express 5', 'Express 4', 'Connect'];
export const MOUNTS = ['', '/wx'] as const;

export interface SiteOptions extends Omit<AppOptions, 'host' | 'session' | 'mount'> {
  readonly host: HostName;
  readonly mount?: string;
  readonly session?: SessionName;
}

/** An app under attack. */
export interface Site extends TestApp {
  readonly host: HostName;
  readonly mount: string;
  readonly session: SessionName;
  readonly port: number;
  /** The Host header that honest browsers send. */
  readonly authority: string;
}

export async function startSite(emulator: Emulator, options: SiteOptions): Promise<Site> {
  const { host, mount = '', session = 'cookie-session', ...rest } = options;
  const app = await startApp(emulator, { ...rest, host, mount, session: SESSIONS[session]() });
  const { port, host: authority } = new URL(app.url);
  return { ...app, host, mount, session, port: Number(port), authority };
}

/** Every framework at the root and under a mount; with both kinds of session where that matters. */
export function matrix(sessions: readonly SessionName[] = ['cookie-session']): SiteOptions[] {
  return FRAMEWORKS.flatMap((host) =>
    MOUNTS.flatMap((mount) => sessions.map((session) => ({ host, mount, session }))),
  );
}

export function nameOf({ host, mount = '', session = 'cookie-session' }: SiteOptions): string {
  return `${host}, ${mount === '' ? 'at the root' : `under ${mount}`}, with ${session}`;
}

export interface RawRequest {
  readonly method?: string;
  readonly version?: string;
  /** In the place of the Host header, or beside it where it is a list. */
  readonly host?: string | readonly string[] | null;
  /** Lines of the head; names may repeat. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Instead of the jar's cookies; '' sends none. */
  readonly cookie?: string;
  readonly body?: string;
  readonly accept?: string | null;
}

/** A browser made of bytes: a jar, a User-Agent, and no opinion about what it is told to send. */
export class Visitor {
  readonly jar = new Map<string, string>();

  constructor(
    readonly site: Site,
    readonly userAgent: string = IPHONE_WECHAT,
  ) {}

  cookies(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Another browser with the same cookies. */
  copy(): Visitor {
    const other = new Visitor(this.site, this.userAgent);
    for (const [name, value] of this.jar) other.jar.set(name, value);
    return other;
  }

  /** The bytes of a request. */
  write(target: string, options: RawRequest = {}): string {
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

  /** Asks once; what is set lands in the jar. Where the server hangs up without a word, the status is 0. */
  async send(target: string, options: RawRequest = {}): Promise<RawAnswer> {
    const answers = await this.say(this.write(target, options));
    if (answers.length > 1)
      throw new Error(`${answers.length} answers to one request: ${target.slice(0, 200)}`);
    return answers[0] ?? { status: 0, head: '', headers: [], body: '' };
  }

  /** Sends bytes as they are. */
  async say(bytes: string, answers?: number): Promise<RawAnswer[]> {
    const received = await speak(this.site.port, bytes, answers === undefined ? {} : { answers });
    for (const answer of received) this.take(answer);
    return received;
  }

  /** Keeps what an answer sets. */
  take(answer: RawAnswer): void {
    for (const line of valuesOf(answer, 'set-cookie')) {
      const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) this.jar.delete(name);
      else this.jar.set(name, value);
    }
  }

  /** Below the mount. */
  at(path: string): string {
    return this.site.mount + path;
  }

  /** Starts a login; gives its state and WeChat's page. */
  async startLogin(query = ''): Promise<{ state: string; page: URL }> {
    const answer = await this.send(this.at(`/login${query}`));
    const page = valueOf(answer, 'location');
    if (answer.status !== 302 || !page.startsWith(this.site.emulator.url))
      throw new Error(`No login was started: ${answer.status} ${page} ${textOf(answer).slice(0, 200)}`);
    return { state: new URL(page).searchParams.get('state') ?? '', page: new URL(page) };
  }

  /** What WeChat would give this person's browser. */
  codeOf(user: string, app = this.site.emulator.apps.official.appId): string {
    return this.site.emulator.issueCode({ app, user });
  }

  async finish(state: string, code: string): Promise<RawAnswer> {
    return this.send(this.at(`/callback?code=${code}&state=${state}`));
  }

  async logIn(user = 'ming', query = ''): Promise<RawAnswer> {
    const { state } = await this.startLogin(query);
    return this.finish(state, this.codeOf(user));
  }

  /** The openid behind the guard, or undefined for a stranger. */
  async whoAmI(): Promise<string | undefined> {
    const answer = await this.send(this.at('/me'));
    if (answer.status === 302) return undefined;
    if (answer.status !== 200) throw new Error(`The guard answers ${answer.status}: ${textOf(answer)}`);
    return (JSON.parse(textOf(answer)) as { openid?: string }).openid ?? 'somebody without an openid';
  }
}

/** Whether WeChat was asked for a token with this code. */
export function wasExchanged(emulator: Emulator, code: string): boolean {
  return emulator.requests.some(
    ({ path, query }) => path === '/sns/oauth2/access_token' && query['code'] === code,
  );
}

/** What is wrong with an answer whatever was asked: it broke, or says what only an attacker would have it say. */
export function flaw(answer: RawAnswer): string | undefined {
  const { status, headers, head } = answer;
  if (status === 0) return undefined;
  if (!(status >= 200 && status < 500)) return `status ${status}: ${textOf(answer).slice(0, 300)}`;
  if (/[^\r\n\u0020-\u007e]/.test(head)) return `a header with raw bytes: ${JSON.stringify(head)}`;
  if (/[\r\n](?!\n|[!-9;-~]+:)/.test(`${head}\n`.replace(/\n$/, '')))
    return `a broken header line: ${JSON.stringify(head)}`;
  const injected = headers.find(([name]) => /injected|evil/i.test(name));
  if (injected) return `the header ${injected.join(': ')}`;
  const cookie = valuesOf(answer, 'set-cookie').find(
    (line) => !/^(?:session|session\.sig|connect\.sid)=/.test(line),
  );
  if (cookie !== undefined) return `the cookie ${cookie}`;
  for (const name of ['location', 'content-type', 'content-length', 'cache-control'])
    if (valuesOf(answer, name).length > 1) return `${name} twice`;
  return undefined;
}
