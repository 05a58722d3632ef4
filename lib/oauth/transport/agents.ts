import http from 'node:http';
import https from 'node:https';
import type * as proxyAgent from 'https-proxy-agent';
import { WechatAuthError } from '../../errors';
import { environmentProxy } from './environment-proxy';

/** The part of axios's options that decides how WeChat is reached. */
export interface ConnectionOptions {
  readonly httpAgent?: unknown;
  readonly httpsAgent?: unknown;
  readonly proxy?: ProxyOptions | false | undefined;
}

interface ProxyOptions {
  readonly host: string;
  readonly port?: number;
  readonly protocol?: string | undefined;
  readonly auth?: { readonly username: string; readonly password: string } | undefined;
}

export interface Agents {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: http.Agent & { readonly options: https.AgentOptions };
  /** The proxy that the agents connect through. Without a user and a password. */
  readonly proxy?: {
    /** The option or the environment variable that names it, such as `HTTPS_PROXY`. */
    readonly source: string;
    /** Host and port. */
    readonly host: string;
  };
}

/** Idle connections are closed before WeChat closes them, so that no request is sent into a closing one. */
const KEEP_ALIVE = { keepAlive: true, scheduling: 'lifo', timeout: 60_000 } as const;

/**
 * The agents that connect to WeChat: the app's own, or one that tunnels through a proxy, or new ones that
 * keep connections alive.
 *
 * A proxy is taken from the options, or from the environment (see environment-proxy.ts). It is always used as
 * a tunnel (CONNECT). So neither the proxy nor a module that logs request paths sees the secrets in an
 * address.
 */
export function agentsFor(url: string, options: ConnectionOptions): Agents {
  const { httpAgent, httpsAgent } = options as Partial<Agents>;
  const proxy = proxyFor(url, options);
  if (proxy) {
    const { source, address } = proxy;
    const tunnel = tunnelThrough(address, httpsAgent?.options);
    return { httpAgent: tunnel, httpsAgent: tunnel, proxy: { source, host: address.host } };
  }
  return {
    httpAgent: httpAgent ?? new http.Agent(KEEP_ALIVE),
    httpsAgent: httpsAgent ?? new https.Agent(KEEP_ALIVE),
  };
}

interface Proxy {
  readonly source: string;
  readonly address: URL;
}

const OPTION = 'http.proxy';

function proxyFor(url: string, { proxy, httpAgent, httpsAgent }: ConnectionOptions): Proxy | undefined {
  if (proxy === false) return undefined;
  if (proxy) return { source: OPTION, address: proxyURL(proxy) };
  // Parsed, because the app may write the scheme in capitals.
  if (new URL(url).protocol === 'https:' ? httpsAgent : httpAgent) return undefined;
  const found = environmentProxy(url);
  return found && { source: found.variable, address: readProxy(found.address, found.variable) };
}

function proxyURL(proxy: ProxyOptions): URL {
  const { protocol = 'http', host, port, auth } = proxy;
  const address = readProxy(`${protocol.replace(/:$/, '')}://${host}${port ? `:${port}` : ''}`, OPTION);
  if (auth) {
    address.username = encodeURIComponent(auth.username);
    address.password = encodeURIComponent(auth.password);
  }
  return address;
}

function readProxy(address: string, source: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new WechatAuthError(
    'config',
    `The proxy of ${source} is not an http: or https: address. ` +
      'Correct it, or pass an agent of your own as http.httpsAgent (for SOCKS: socks-proxy-agent).',
  );
}

function tunnelThrough(proxy: URL, tls: https.AgentOptions | undefined): Agents['httpsAgent'] {
  // The credentials go into a header, and not into the address, which the agent prints under DEBUG.
  const credentials = `${decoded(proxy.username)}:${decoded(proxy.password)}`;
  const headers: http.OutgoingHttpHeaders =
    credentials === ':'
      ? {}
      : { 'Proxy-Authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
  const bare = new URL(proxy);
  bare.username = '';
  bare.password = '';
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: most processes never need it
  const { HttpsProxyAgent } = require('https-proxy-agent') as typeof proxyAgent;
  const agent = new HttpsProxyAgent(bare, { ...tls, ...KEEP_ALIVE, headers });
  // HttpsProxyAgent drops the app's options (its certificates) and the time limit of idle connections, so
  // they are set again. `path` must stay undefined, as HttpsProxyAgent sets it.
  Object.assign(agent.options, tls, KEEP_ALIVE, { path: undefined });
  // Otherwise the proxy's own response would be read as WeChat's, and a hostile proxy could log anybody in.
  agent.on('proxyConnect', ({ statusCode }: { statusCode: number }, request: http.ClientRequest) => {
    if (statusCode !== 200)
      request.destroy(new Error(`the proxy refused the connection (HTTP ${statusCode})`));
  });
  return agent;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
