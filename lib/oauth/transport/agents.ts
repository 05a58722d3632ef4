import http from 'node:http';
import https from 'node:https';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import { WechatAuthError } from '../../errors';

/** The part of axios's options that says by which way WeChat is reached. */
export interface WayOptions {
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
}

/**
 * An idle connection is given up before the other side is likely to, so that no request is sent into a
 * closing one.
 */
const KEEP_ALIVE = { keepAlive: true, scheduling: 'lifo', timeout: 60_000 } as const;

/**
 * The agents by which WeChat is reached: the app's own, one that tunnels through a proxy, else plain ones
 * that keep connections.
 *
 * A proxy comes from the options, else from the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). It is always
 * a tunnel: neither the proxy nor a module that logs request paths sees an address with a secret in it.
 */
export function agentsFor(url: string, options: WayOptions): Agents {
  const { httpAgent, httpsAgent } = options as Partial<Agents>;
  const proxy = proxyFor(url, options);
  if (proxy) {
    const tunnel = tunnelThrough(proxy, httpsAgent?.options);
    return { httpAgent: tunnel, httpsAgent: tunnel };
  }
  return {
    httpAgent: httpAgent ?? new http.Agent(KEEP_ALIVE),
    httpsAgent: httpsAgent ?? new https.Agent(KEEP_ALIVE),
  };
}

function proxyFor(url: string, { proxy, httpAgent, httpsAgent }: WayOptions): URL | undefined {
  if (proxy === false) return undefined;
  if (proxy) return proxyURL(proxy);
  if (url.startsWith('https:') ? httpsAgent : httpAgent) return undefined;
  const fromEnvironment = getProxyForUrl(url);
  return fromEnvironment ? readProxy(fromEnvironment, 'of the environment') : undefined;
}

function proxyURL(proxy: ProxyOptions): URL {
  if (typeof proxy !== 'object' || !proxy.host) {
    throw new WechatAuthError(
      'config',
      'http.proxy is no { host, port } with protocol and auth, as axios takes it. Write it so, or set HTTPS_PROXY in the environment.',
    );
  }
  const { protocol = 'http', host, port, auth } = proxy;
  const address = readProxy(
    `${protocol.replace(/:$/, '')}://${host}${port ? `:${port}` : ''}`,
    'of http.proxy',
  );
  if (auth) {
    address.username = encodeURIComponent(auth.username);
    address.password = encodeURIComponent(auth.password);
  }
  return address;
}

function readProxy(address: string, whose: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new WechatAuthError(
    'config',
    `The proxy ${whose} is no http: or https: address. Correct it, or pass an agent of your own as http.httpsAgent (for SOCKS: socks-proxy-agent).`,
  );
}

function tunnelThrough(proxy: URL, tls: https.AgentOptions | undefined): Agents['httpsAgent'] {
  // The agent prints its address under DEBUG: the password travels beside it.
  const credentials = `${decoded(proxy.username)}:${decoded(proxy.password)}`;
  const headers: http.OutgoingHttpHeaders =
    credentials === ':'
      ? {}
      : { 'Proxy-Authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
  const bare = new URL(proxy);
  bare.username = '';
  bare.password = '';
  const agent = new HttpsProxyAgent(bare, { ...tls, ...KEEP_ALIVE, headers });
  // Its own options are lost on it, and with them the app's certificates and the end of idle connections.
  Object.assign(agent.options, tls, KEEP_ALIVE, { path: undefined });
  // Else its refusal would be read as WeChat's answer, and who stands in the way could log anybody in.
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
