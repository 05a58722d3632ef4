// One emulator, an OAuth that talks to it, and the few moves in which the tests of the core are told.
import { execFile } from 'node:child_process';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { OAuth, isWechatError, type OAuthOptions, type TokenData, type WechatError } from '../../lib';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../lib/emulator';

export type LabOAuthOptions = Partial<OAuthOptions> & { readonly kind?: 'official' | 'miniProgram' };

export class Lab {
  constructor(readonly wechat: Emulator) {}

  static async open(options?: EmulatorOptions): Promise<Lab> {
    return new Lab(await createEmulator(options));
  }

  get openid(): string {
    return this.wechat.openid('ming', this.wechat.apps.official.appId);
  }

  oauth({ kind = 'official', ...options }: LabOAuthOptions = {}): OAuth {
    const { appId, appSecret } = this.wechat.apps[kind];
    const isMiniProgram = kind === 'miniProgram';
    const { endpoints } = this.wechat;
    return new OAuth({ appid: appId, appsecret: appSecret, endpoints, isMiniProgram, ...options });
  }

  code(scope = 'snsapi_userinfo', user = 'ming'): string {
    return this.wechat.issueCode({ app: this.wechat.apps.official.appId, scope, user });
  }

  /** A token as WeChat would give it, that no OAuth has seen. */
  async token(scope?: string, user?: string): Promise<TokenData> {
    return (await this.oauth().getAccessToken(this.code(scope, user))).data;
  }

  /** How often WeChat was asked for this. */
  count(end: string): number {
    return this.wechat.requests.filter((request) => request.path.endsWith(end)).length;
  }

  close(): Promise<void> {
    return this.wechat.close();
  }
}

/** A token that expired two hours ago, and can still be refreshed. */
export function expired(token: TokenData): TokenData {
  return { ...token, create_at: Date.now() - 4 * 3_600_000 };
}

/** What a call rejects with. */
export async function failure(work: Promise<unknown>): Promise<WechatError & { readonly code: unknown }> {
  const outcome = await work.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && isWechatError(outcome.error)) return outcome.error as never;
  throw new Error('No WechatError came', { cause: outcome });
}

export interface Server {
  readonly url: string;
  readonly port: number;
  /** How many connections have come in. */
  readonly connections: () => number;
  close(): Promise<void>;
}

/** Any server, on a free port of this machine. */
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

/** A gateway that answers as it is told. */
export function answering(answer: http.RequestListener): Promise<Server> {
  return listen(http.createServer(answer));
}

/** A machine that speaks no HTTP of its own: what it does with a connection is given. */
export function speaking(talk: (socket: net.Socket) => void): Promise<Server> {
  return listen(net.createServer(talk));
}

/** So that any write into it throws. */
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

/** Runs a script in a process of its own, with what ships: `core` is the package, `emulator` its emulator. */
export function runChild(script: string, env: NodeJS.ProcessEnv = {}): Promise<ChildResult> {
  const prelude = `const core = require(${JSON.stringify(`${ROOT}/dist`)}); const emulator = require(${JSON.stringify(`${ROOT}/dist/emulator`)});`;
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
