/**
 * Runs an app in a process of its own (measured-process.js), sends requests to it, and measures the work that
 * they cause there and the heap that stays in use.
 */
import crypto from 'node:crypto';
import http from 'node:http';
import http2 from 'node:http2';
import path from 'node:path';
import type { Emulator } from '../../../lib/emulator';
import { startChild } from '../processes/child';
import { emulated, type OwnOptions } from '../app';
import { IPHONE_WECHAT } from '../browsers/user-agents';

/** What the stores of the app do. A store for which no error is given works. */
export interface StoreBehaviour {
  /** The message of the error with which the session store fails. */
  readonly sessions?: string;
  /** The message of the error with which the token store fails. */
  readonly tokens?: string;
  /** The message of the error with which Redis fails. */
  readonly redis?: string;
  /** What Redis holds under every key. */
  readonly record?: string;
}

/** A call that a test makes directly: no browser request causes it, or so many requests would take long. */
export interface DirectCall {
  readonly name: 'getUser' | 'verifyToken' | 'getSessionKey' | 'refreshAccessToken' | 'fillCaches';
  readonly argument: string;
}

/** What the app did; see operation-counter.js. */
export interface Counts {
  readonly operations: number;
  /** A file, by its path below lib/, or below the root if it belongs to a dependency → operations in it. */
  readonly byFile: ReadonlyMap<string, number>;
  readonly characters: number;
}

interface MeasuredResponse {
  readonly status: number;
  readonly location: string;
  /** The cookies that the response sets, as a Cookie header. */
  readonly cookies: string;
  readonly body: string;
}

interface RequestParts {
  readonly method?: string;
  /** They override the headers of WeChat's browser. */
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string;
}

interface MeasuredAppOptions {
  readonly sessions?: 'cookie-session' | 'express-session';
  /** Whether the process counts operations. Its heap cannot be measured then. */
  readonly counts?: boolean;
  readonly auth?: OwnOptions;
  /** The largest head of a request, in bytes. @default Node's limit, 16 kB */
  readonly maxHeadSize?: number;
}

export interface MeasuredApp {
  readonly emulator: Emulator;
  send(target: string, parts?: RequestParts): Promise<MeasuredResponse>;
  /** Sends a GET over HTTP/2, and waits for the end of the response. */
  sendOverHttp2(target: string, headers: http2.OutgoingHttpHeaders): Promise<void>;
  /** Starts a login and agrees to it at WeChat, but does not open the callback. */
  startLogin(): Promise<{ readonly target: string; readonly cookies: string }>;
  call(call: DirectCall): Promise<void>;
  setStoreBehaviour(stores: StoreBehaviour): Promise<void>;
  count(work: () => Promise<unknown>): Promise<Counts>;
  /** The used heap in bytes, after garbage collection. */
  heap(): Promise<number>;
  close(): Promise<void>;
}

export async function startMeasuredApp(
  emulator: Emulator,
  { sessions = 'cookie-session', counts = false, auth = {}, maxHeadSize }: MeasuredAppOptions = {},
): Promise<MeasuredApp> {
  const { appId, appSecret } = emulator.apps.miniProgram;
  const own = { ...emulated(emulator), website: undefined, ...auth };
  const config = { auth: own, sessions, counts, miniProgram: { appId, appSecret } };
  const flags = ['--expose-gc', '--no-warnings'];
  if (maxHeadSize !== undefined) flags.push(`--max-http-header-size=${maxHeadSize}`);
  const child = await startChild(path.join(__dirname, 'measured-process.js'), config, flags);
  const { port, http2Port } = child.messages[0] as { port: number; http2Port: number };
  const agent = new http.Agent({ keepAlive: true });
  const ask = async (message: object): Promise<MeasuredProcess> =>
    (await child.call(message)) as MeasuredProcess;
  const send: MeasuredApp['send'] = (target, { method, headers, body } = {}) =>
    request({ port, path: target, method, agent, headers: { ...BROWSER, ...headers } }, body);
  return {
    emulator,
    send,
    sendOverHttp2: (target, headers) => requestOverHttp2(http2Port, { ':path': target, ...headers }),
    startLogin: async () => {
      const { location, cookies } = await send('/login?returnTo=/me');
      const back = await emulator.authorize(location);
      if (back === undefined) throw new Error(`WeChat did not redirect from ${location}`);
      const { pathname, search } = new URL(back);
      return { target: pathname + search, cookies };
    },
    call: async (call) => {
      await ask({ call });
    },
    setStoreBehaviour: async (stores) => {
      await ask({ stores });
    },
    count: async (work) => {
      await ask({ take: 'counts' });
      await work();
      const { counts: counted } = await ask({ take: 'counts' });
      return summaryOf(counted);
    },
    heap: async () => (await ask({ take: 'heap' })).heap,
    close: async () => {
      agent.destroy();
      await child.kill();
    },
  };
}

interface MeasuredProcess {
  readonly counts: { readonly operations: Readonly<Record<string, number>>; readonly characters: number };
  readonly heap: number;
}

function summaryOf({ operations, characters }: MeasuredProcess['counts']): Counts {
  const byFile = new Map<string, number>();
  for (const [name, count] of Object.entries(operations)) {
    const [file = ''] = name.split(': ');
    byFile.set(file, (byFile.get(file) ?? 0) + count);
  }
  return { operations: [...byFile.values()].reduce((sum, count) => sum + count, 0), byFile, characters };
}

const BROWSER = {
  Host: 'h5.example.com',
  'User-Agent': IPHONE_WECHAT,
  Accept: 'text/html',
  'Accept-Language': 'zh-CN',
};

function request(options: http.RequestOptions, body: string | undefined): Promise<MeasuredResponse> {
  return new Promise((resolve, reject) => {
    const sent = http.request({ ...options, host: '127.0.0.1', maxHeaderSize: 2 ** 24 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location ?? '',
          cookies: (response.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; '),
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function requestOverHttp2(port: number, headers: http2.OutgoingHttpHeaders): Promise<void> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  try {
    await new Promise<void>((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({ 'user-agent': IPHONE_WECHAT, accept: 'text/html', ...headers });
      stream.on('error', reject).on('end', resolve).resume().end();
    });
  } finally {
    session.close();
  }
}

/** The Cookie header that cookie-session sets for this session. */
export function signedSession(session: object): string {
  const cookie = `session=${Buffer.from(JSON.stringify(session)).toString('base64')}`;
  const signature = crypto.createHmac('sha1', 'test key').update(cookie).digest('base64url');
  return `${cookie}; session.sig=${signature}`;
}
