/** Sends one HTTP request. Its error names the stage that failed: name lookup, connection, TLS, HTTP. */
import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { ipVersion } from '../../../middleware/http/ip-version';
import { bareHost } from '../../../middleware/options/private-host';
import { agentsFor, type Agents } from '../../../oauth/transport/agents';
import { environmentProxy } from '../../../oauth/transport/environment-proxy';
import { bilingual, type Bilingual } from '../../bilingual';
import { firstAbort } from './first-abort';

export interface ProbeLimits {
  /** For the whole request, from the name lookup to the last byte, in ms. */
  readonly timeout: number;
  /** Aborts all requests. */
  readonly signal: AbortSignal;
}

export interface ProbeRequest extends ProbeLimits {
  readonly headers?: http.OutgoingHttpHeaders;
  /** Bypasses the proxy of the environment, which cannot reach private hosts. */
  readonly isDirect?: boolean;
}

export interface ProbeResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** From the start of the request to the last byte of the response, in ms. */
  readonly duration: number;
  /** How far the server's clock is ahead of this machine's, in ms; undefined without a Date header. */
  readonly clockOffset: number | undefined;
  /** The proxy that the request went through: the variable that names it, its host and port. */
  readonly proxy: string | undefined;
}

/** @throws UnreachableError */
export async function probe(url: URL, request: ProbeRequest): Promise<ProbeResponse> {
  const route = routeTo(url, request);
  const ending = firstAbort(request.signal, AbortSignal.timeout(request.timeout));
  const sentAt = Date.now();
  try {
    const response = await send(url, route, request.headers ?? {}, ending.signal);
    const receivedAt = Date.now();
    const date = Date.parse(response.headers.date ?? '');
    // The server read its clock between `sentAt` and `receivedAt`. A Date header has whole seconds, so it
    // lacks half a second on average.
    const offset = date + 500 - (sentAt + receivedAt) / 2;
    return {
      ...response,
      duration: receivedAt - sentAt,
      clockOffset: Number.isNaN(offset) ? undefined : offset,
      proxy: route.proxy && named(route.proxy),
    };
  } finally {
    ending.release();
    route.agent.destroy();
  }
}

/** Whether a proxy or gateway sends this status if it does not reach the server behind it. */
export function isGateway(status: number): boolean {
  return status >= 502 && status <= 504;
}

/**
 * The address to which a response redirects; undefined if it does not redirect.
 *
 * @param address that was requested: the redirect may be relative to it
 */
export function locationOf(
  { status, headers: { location } }: Pick<ProbeResponse, 'status' | 'headers'>,
  address: string,
): URL | undefined {
  const isRedirect = status >= 300 && status <= 399 && location !== undefined;
  return isRedirect && URL.canParse(location, address) ? new URL(location, address) : undefined;
}

interface Route {
  readonly agent: http.Agent;
  readonly proxy: Agents['proxy'];
}

function routeTo(url: URL, { isDirect = false }: ProbeRequest): Route {
  const isTLS = url.protocol === 'https:';
  if (isDirect) return { agent: isTLS ? new https.Agent() : new http.Agent(), proxy: undefined };
  try {
    const { httpAgent, httpsAgent, proxy } = agentsFor(url.href, {});
    return { agent: isTLS ? httpsAgent : httpAgent, proxy };
  } catch {
    // The proxy in the environment is not an address. The value may hold a password, so the error names the
    // variable instead.
    throw new UnreachableError('proxy', environmentProxy(url.href)?.variable ?? 'HTTPS_PROXY');
  }
}

function named({ source, host }: NonNullable<Agents['proxy']>): string {
  return `${host} (${source})`;
}

type Received = Pick<ProbeResponse, 'status' | 'headers' | 'body'>;

function send(
  url: URL,
  { agent, proxy }: Route,
  headers: http.OutgoingHttpHeaders,
  ending: AbortSignal,
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const isTLS = url.protocol === 'https:';
    // Node looks up only names: for an IP address, the socket emits no `lookup`.
    const first: Stage = ipVersion(bareHost(url)) > 0 ? 'tcp' : 'dns';
    let stage: Stage = proxy === undefined ? first : 'proxy';
    const fail = (error: unknown): void => reject(unreachable(error, stage, proxy && named(proxy)));
    // A request that still waits for its proxy has no connection, and does not report that it was aborted.
    ending.addEventListener('abort', () => fail(ending.reason));
    if (ending.aborted) fail(ending.reason);
    const lookup = bareHost(url).endsWith('.localhost') ? lookUpLocalhost : undefined;
    const request = (isTLS ? https : http).request(url, { agent, headers, signal: ending, lookup });
    // Behind a proxy, the socket is connected before the request gets it.
    request.on('proxyConnect', () => (stage = isTLS ? 'tls' : 'http'));
    request.on('socket', (socket) => {
      socket.on('lookup', () => (stage = 'tcp'));
      socket.on('connect', () => (stage = isTLS ? 'tls' : 'http'));
      socket.on('secureConnect', () => (stage = 'http'));
    });
    request.on('error', fail);
    request.on('response', (response) => {
      stage = 'http';
      const { statusCode: status = 0, headers: received } = response;
      bodyOf(response).then((body) => resolve({ status, headers: received, body }), fail);
    });
    request.end();
  });
}

/** Browsers find every name below `localhost` on this machine (RFC 6761, 6.3). Not every resolver does. */
const lookUpLocalhost: LookupFunction = (_name, options, callback) =>
  dns.lookup('localhost', options, callback);

const MAX_BODY = 512 * 1024;

async function bodyOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error(`the response is larger than ${MAX_BODY / 1024} kB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** How far a request got. `gateway`: a proxy responded, because the app behind it did not. */
type Stage = 'proxy' | 'dns' | 'tcp' | 'tls' | 'http' | 'gateway';

/** No complete response of the server arrived. `detail` and `remedy` say why, and what to do. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly stage: Stage;
  readonly detail: Bilingual;
  readonly remedy: Bilingual;

  constructor(stage: Stage, code: string) {
    super(code);
    this.stage = stage;
    const { detail, remedy } = TEXTS[stage];
    this.detail = bilingual(`${detail.en}: ${code}`, `${detail.zh}：${code}`);
    this.remedy = remedy;
  }
}

const TLS_CODE = /^(?:CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH)/;
const DNS_CODE = /^(?:ENOTFOUND|EAI_|ENODATA)/;
const TCP_CODE = /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/;

/**
 * @param stage the stage that the request had reached
 * @param proxy the proxy that it went through
 */
function unreachable(error: unknown, stage: Stage, proxy: string | undefined): UnreachableError {
  const through = proxy === undefined ? '' : `${proxy}, `;
  const { code = '', message, cause, name } = error as NodeJS.ErrnoException & { code?: string };
  if ((cause as Error | undefined)?.name === 'TimeoutError' || name === 'TimeoutError')
    return new UnreachableError(stage, `${through}timeout`);
  if (message.startsWith('the proxy refused'))
    return new UnreachableError('proxy', through + (/HTTP \d+/.exec(message)?.[0] ?? 'refused'));
  if (stage === 'proxy') return new UnreachableError('proxy', through + (code || 'refused'));
  if (TLS_CODE.test(code)) return new UnreachableError('tls', code);
  if (DNS_CODE.test(code)) return new UnreachableError('dns', code);
  if (TCP_CODE.test(code)) return new UnreachableError('tcp', code);
  return new UnreachableError(stage, code || message);
}

const TEXTS: Readonly<Record<Stage, { readonly detail: Bilingual; readonly remedy: Bilingual }>> = {
  proxy: {
    detail: bilingual('the proxy does not let the request through', '代理未放行'),
    remedy: bilingual(
      'Correct HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY, or let the proxy allow this host.',
      '请更正 HTTPS_PROXY、HTTP_PROXY、ALL_PROXY 或 NO_PROXY，或让代理放行该域名。',
    ),
  },
  dns: {
    detail: bilingual('the host name is not found (DNS)', '域名解析失败（DNS）'),
    remedy: bilingual('Check the spelling, and the DNS of this machine.', '请检查拼写与本机的 DNS 设置。'),
  },
  tcp: {
    detail: bilingual('no connection (TCP)', '无法建立连接（TCP）'),
    remedy: bilingual(
      'Check the port and the firewall, and whether a proxy is needed (HTTPS_PROXY).',
      '请检查端口、防火墙，以及是否需要代理（HTTPS_PROXY）。',
    ),
  },
  tls: {
    detail: bilingual('the TLS handshake fails (TLS)', '加密握手失败（TLS）'),
    remedy: bilingual(
      'Check the certificate and the clock. ' +
        'If a proxy decrypts the traffic, name its certificate in NODE_EXTRA_CA_CERTS.',
      '请检查证书与本机时钟；如果中间有解密代理，请用 NODE_EXTRA_CA_CERTS 指定其证书。',
    ),
  },
  http: {
    detail: bilingual('no valid response (HTTP)', '没有返回有效的 HTTP 响应'),
    remedy: bilingual(
      'Check the server at this address, and the proxies and gateways in front of it.',
      '请检查该地址的服务，以及前面的代理或网关。',
    ),
  },
  gateway: {
    detail: bilingual('a proxy responds in place of the app', '代理代替应用返回了响应'),
    remedy: bilingual(
      "Try --url http://127.0.0.1:3000 on the app's machine. If that works, check the address of the app in the " +
        'proxy (nginx: proxy_pass) and its limit for headers (proxy_buffer_size).',
      '请在应用所在的机器上用 --url http://127.0.0.1:3000 再检查一次。' +
        '如果那里正常，请检查 nginx 的 proxy_pass（应用的地址）与 proxy_buffer_size（响应头的上限）。',
    ),
  },
};
