// For the tests of the core: an emulator with an OAuth that uses it, servers in place of WeChat, and child
// processes.
import { execFile } from 'node:child_process';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { OAuth, isWechatError, type OAuthOptions, type TokenData, type WechatError } from '../../lib';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../lib/emulator';

export type FixtureOAuthOptions = Partial<Extract<OAuthOptions, { appsecret: string }>> & {
  readonly kind?: 'official' | 'miniProgram';
};

export class OAuthFixture {
  constructor(readonly emulator: Emulator) {}

  static async start(options?: EmulatorOptions): Promise<OAuthFixture> {
    return new OAuthFixture(await createEmulator(options));
  }

  get openid(): string {
    return this.emulator.openid('ming', this.emulator.apps.official.appId);
  }

  createOAuth({ kind = 'official', ...options }: FixtureOAuthOptions = {}): OAuth {
    const { appId, appSecret } = this.emulator.apps[kind];
    const isMiniProgram = kind === 'miniProgram';
    const { endpoints } = this.emulator;
    return new OAuth({ appid: appId, appsecret: appSecret, endpoints, isMiniProgram, ...options });
  }

  issueCode(scope = 'snsapi_userinfo', user = 'ming'): string {
    return this.emulator.issueCode({ app: this.emulator.apps.official.appId, scope, user });
  }

  /** A token that WeChat issued, and that no cache or store of a test holds yet. */
  async issueToken(scope?: string, user?: string): Promise<TokenData> {
    return (await this.createOAuth().getAccessToken(this.issueCode(scope, user))).data;
  }

  /** How many requests WeChat got for paths with this end. */
  countRequests(end: string): number {
    return this.emulator.requests.filter((request) => request.path.endsWith(end)).length;
  }

  close(): Promise<void> {
    return this.emulator.close();
  }
}

/** A token that expired two hours ago, and can still be refreshed. */
export function expiredToken(token: TokenData): TokenData {
  return { ...token, create_at: Date.now() - 4 * 3_600_000 };
}

/** The error with which a call rejects. */
export async function failure(work: Promise<unknown>): Promise<WechatError & { readonly code: unknown }> {
  const outcome = await work.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && isWechatError(outcome.error)) return outcome.error as never;
  throw new Error('it did not reject with a WechatError', { cause: outcome });
}

export interface Server {
  readonly url: string;
  readonly port: number;
  /** How many connections it has accepted. */
  readonly connections: () => number;
  close(): Promise<void>;
}

/** Starts any server on a free port of 127.0.0.1. */
export async function listen(server: net.Server): Promise<Server> {
  const open = new Set<net.Socket>();
  let connections = 0;
  server.on('connection', (socket: net.Socket) => {
    connections += 1;
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Starts an HTTP server in place of WeChat, a gateway for example. */
export function startHttpServer(respond: http.RequestListener): Promise<Server> {
  return listen(http.createServer(respond));
}

/** Starts a server whose connections the test handles itself. */
export function startTcpServer(onConnection: (socket: net.Socket) => void): Promise<Server> {
  return listen(net.createServer(onConnection));
}

/** Freezes a value at every level, so that a write to it throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

export interface ChildResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const ROOT = path.resolve(__dirname, '../..');

/** Runs a script in a process of its own, with the built package as `core` and its emulator as `emulator`. */
export function runChild(script: string, env: NodeJS.ProcessEnv = {}): Promise<ChildResult> {
  const [core, emulator] = [`${ROOT}/dist`, `${ROOT}/dist/emulator`].map((file) => JSON.stringify(file));
  const prelude = `const core = require(${core}); const emulator = require(${emulator});`;
  const { PATH } = process.env;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['-e', `${prelude}\n${script}`],
      { cwd: ROOT, env: { PATH, ...env }, maxBuffer: 32 * 1024 * 1024 },
      (_error, stdout, stderr) => resolve({ stdout, stderr, exitCode: child.exitCode ?? -1 }),
    );
  });
}
