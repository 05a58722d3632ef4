// The taps: proxies, stores and spies that record what passes through them.
import net from 'node:net';
import { format } from 'node:util';
import createDebug from 'debug';
import { MemoryTokenStore, type TokenData, type TokenStore } from '../../lib/index';
import { startServer, type Server } from '../support/processes/servers';
import { startConnectProxy } from '../support/processes/connect-proxy';
import { everythingIn } from '../support/canaries';
import { FaultySessionStore } from '../support/sessions';
import { OF_OTHER_PACKAGES, canaries, record, recordSession, type Place } from './records';

const PLACE_OF_PATH: Readonly<Record<string, Place>> = {
  '/sns/oauth2/access_token': 'the request that exchanges a code',
  '/sns/oauth2/refresh_token': 'the request that refreshes a token',
  '/sns/userinfo': 'the request for a profile',
  '/sns/auth': 'the request that verifies a token',
  '/sns/jscode2session': 'the request for a session key',
};

/**
 * A TCP proxy to WeChat that records every request, and every secret in the responses, even if no app reads
 * it.
 */
export async function tapWechat(port: number): Promise<Server> {
  return startServer(
    net.createServer((client) => {
      const wechat = net.connect(port, '127.0.0.1');
      let [requests, responses] = ['', ''];
      client.on('data', (chunk) => {
        const head = chunk.toString('latin1');
        requests += head;
        const echoed = echoOf(head);
        if (echoed === undefined) wechat.write(chunk);
        else client.end(echoed);
      });
      wechat.on('data', (chunk) => (responses += chunk.toString())).pipe(client);
      wechat.on('error', () => client.resetAndDestroy());
      wechat.on('close', () => client.destroy());
      client.on('close', () => {
        wechat.destroy();
        requests.split('\r\n\r\n').filter(Boolean).forEach(recordRequest);
        addSecretsIn(responses);
      });
    }),
  );
}

/** While `call` is set, the proxy itself responds to this call, and echoes the request in this encoding. */
export const echo: { call: string | undefined; form: (secret: string) => string } = {
  call: undefined,
  form: String,
};

function echoOf(head: string): string | undefined {
  const [, target = ''] = head.split(' ');
  const { pathname, searchParams } = new URL(target, 'http://wechat');
  if (echo.call === undefined || !pathname.endsWith(echo.call)) return undefined;
  const text = [...[...searchParams.values()].map(echo.form), echo.form(target)].join(' , ');
  const body = JSON.stringify({ errcode: 40125, errmsg: `invalid: ${text}, rid: 1-2-3`, text });
  const headers = [`X-Echo: ${text}`, `Content-Type: ${text}`, `Content-Length: ${Buffer.byteLength(body)}`];
  return [`HTTP/1.1 200 ${text}`, ...headers, '', body].join('\r\n');
}

function recordRequest(head: string): void {
  const [line = '', ...headers] = head.split('\r\n');
  const url = new URL(line.split(' ')[1] ?? '', 'http://wechat');
  // A request to another path may hold no secret: it is recorded with the responses, which may hold none.
  record(PLACE_OF_PATH[url.pathname] ?? 'a response', line);
  record('the headers of a request to WeChat', headers.join('\n'));
}

function addSecretsIn(responses: string): void {
  for (const [, name = '', value = ''] of responses.matchAll(
    /"(access_token|refresh_token|session_key)":"((?:[^"\\\p{Cc}]|\\.)+)"/gu,
  ))
    canaries.add(name.replace('_', ' '), JSON.parse(`"${value}"`) as string);
}

/** An HTTP proxy that records the CONNECT requests. */
export function startProxy(): Promise<Server> {
  return startConnectProxy({
    onConnect: ({ url = '', headers }) => {
      // This header holds the proxy's own password, which the proxy may see.
      const head = JSON.stringify([url, { ...headers, 'proxy-authorization': '' }]);
      record('the head of a request to a proxy', head);
      return true;
    },
  });
}

/**
 * A token store that records its calls, and can fail as drivers do: with an error that holds the whole
 * command.
 */
export class RecordingStore implements TokenStore {
  readonly #tokens = new MemoryTokenStore();
  broken: 'get' | 'set' | undefined;
  lastToken: TokenData | undefined;

  get(key: string): Promise<TokenData | undefined> {
    record('a key of a store', key);
    if (this.broken === 'get') return Promise.reject(this.#error(['GET', key, this.lastToken]));
    return this.#tokens.get(key);
  }

  set(key: string, token: TokenData, ttlMs: number): Promise<void> {
    record('a key of a store', key);
    record('a record of a token store', JSON.stringify(token));
    this.lastToken = token;
    if (this.broken === 'set') return Promise.reject(this.#error(['SET', key, token]));
    return this.#tokens.set(key, token, ttlMs);
  }

  delete(key: string): Promise<void> {
    record('a key of a store', key);
    return this.#tokens.delete(key);
  }

  lock<T>(key: string, fn: () => Promise<T>): Promise<T> {
    record('a key of a store', key);
    return fn();
  }

  #error(command: readonly unknown[]): Error {
    const text = JSON.stringify(command);
    return Object.assign(new Error(`ERR in ${text}`), { command, query: Buffer.from(text) });
  }
}

/**
 * A session store that records every session; while `echoes` is set, it fails with errors that hold the
 * session.
 */
export class RecordingSessions extends FaultySessionStore {
  echoes = false;

  override set(...[id, session, done]: Parameters<FaultySessionStore['set']>): void {
    recordSession(session);
    canaries.add('session id', id);
    if (this.echoes) setImmediate(() => done?.(new Error(`ERR SET sess:${id} ${JSON.stringify(session)}`)));
    else super.set(id, session, done);
  }
}

/** Records debug lines, warnings and the console. Returns the function that stops it. */
export function tapOutput(): () => void {
  const { log } = createDebug;
  createDebug.log = (...args: unknown[]) => {
    const isOther = OF_OTHER_PACKAGES.test(String(args[0]));
    record(isOther ? "a debug line of the app's other packages" : 'a debug line', format(...args));
  };
  createDebug.enable('*');
  const spies = [
    jest.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => {
      record('a warning', everythingIn(args));
    }),
    ...(['log', 'info', 'warn', 'error', 'debug', 'trace'] as const).map((method) =>
      jest.spyOn(console, method).mockImplementation((...args: unknown[]) => {
        record('a line on the console', everythingIn(args));
      }),
    ),
  ];
  return () => {
    spies.forEach((spy) => spy.mockRestore());
    createDebug.disable();
    createDebug.log = log;
  };
}
