/** One question over HTTP, and how far it got: name, connection, encryption, answer. */
import http from 'node:http';
import https from 'node:https';
import { agentsFor } from '../../../oauth/transport/agents';
import { bilingual, type Bilingual } from '../report/bilingual';

export interface ProbeRequest {
  readonly headers?: http.OutgoingHttpHeaders;
  /** What covers the whole, in ms. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** Past the proxy of the environment, as for hosts that it cannot reach. */
  readonly isDirect?: boolean;
}

export interface ProbeResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** How long it took, in ms. */
  readonly took: number;
  /** By how much the other side's clock is ahead of ours, in ms, if it said. */
  readonly ahead: number | undefined;
  /** The proxy it went through. */
  readonly proxy: string | undefined;
}

type Stage = 'proxy' | 'dns' | 'tcp' | 'tls' | 'http';

const STAGES: Readonly<Record<Stage, { readonly what: Bilingual; readonly remedy: Bilingual }>> = {
  proxy: {
    what: bilingual('the proxy does not let it through', '代理未放行'),
    remedy: bilingual(
      'Correct HTTPS_PROXY, HTTP_PROXY or NO_PROXY, or let the proxy pass this host.',
      '请更正 HTTPS_PROXY、HTTP_PROXY 或 NO_PROXY，或让代理放行该域名。',
    ),
  },
  dns: {
    what: bilingual('its name is not found (DNS)', '域名解析失败（DNS）'),
    remedy: bilingual('Check the spelling, and the DNS of this machine.', '请检查拼写与本机的 DNS 设置。'),
  },
  tcp: {
    what: bilingual('nobody takes the connection (TCP)', '无法建立连接（TCP）'),
    remedy: bilingual(
      'Check the port, the firewall, and whether a proxy is needed (HTTPS_PROXY).',
      '请检查端口、防火墙，以及是否需要代理（HTTPS_PROXY）。',
    ),
  },
  tls: {
    what: bilingual('the encryption fails (TLS)', '加密握手失败（TLS）'),
    remedy: bilingual(
      'Check the certificate, the clock, and whether something reads along (NODE_EXTRA_CA_CERTS names its certificate).',
      '请检查证书、本机时钟，以及中间是否有解密代理（其证书用 NODE_EXTRA_CA_CERTS 指定）。',
    ),
  },
  http: {
    what: bilingual('it gives no answer (HTTP)', '没有返回 HTTP 响应'),
    remedy: bilingual(
      'Check what listens there, and what stands between.',
      '请检查该地址的服务以及中间的网络设备。',
    ),
  },
};

/** Nobody answered, and why. */
export class UnreachableError extends Error {
  override readonly name = 'Unreached';
  readonly detail: Bilingual;
  readonly remedy: Bilingual;

  constructor(stage: Stage, code: string) {
    super(code);
    const { what, remedy } = STAGES[stage];
    this.detail = bilingual(`${what.en}: ${code}`, `${what.zh}：${code}`);
    this.remedy = remedy;
  }
}

const LARGEST_BODY = 512 * 1024;

/** @throws Unreached */
export async function probe(url: URL, question: ProbeRequest): Promise<ProbeResponse> {
  const way = wayTo(url, question);
  const asked = Date.now();
  try {
    const reply = await send(url, way, question);
    const came = Date.now();
    const date = Date.parse(reply.headers.date ?? '');
    // Half of what it took: the clock was read somewhere in between. A Date header knows no milliseconds.
    const ahead = Number.isNaN(date) ? undefined : date + 500 - (asked + came) / 2;
    return { ...reply, took: came - asked, ahead, proxy: way.proxy };
  } finally {
    way.agent.destroy();
  }
}

interface Way {
  readonly agent: http.Agent;
  readonly proxy: string | undefined;
}

function wayTo(url: URL, { isDirect = false }: ProbeRequest): Way {
  const isTLS = url.protocol === 'https:';
  if (isDirect) return { agent: isTLS ? new https.Agent() : new http.Agent(), proxy: undefined };
  try {
    const { httpAgent, httpsAgent } = agentsFor(url.href, {});
    const agent = isTLS ? httpsAgent : httpAgent;
    const { proxy } = agent as { proxy?: unknown };
    return { agent, proxy: proxy instanceof URL ? proxy.host : undefined };
  } catch {
    // A proxy in the environment that is no address; its words may hold a password.
    throw new UnreachableError('proxy', 'HTTPS_PROXY');
  }
}

function send(
  url: URL,
  { agent, proxy }: Way,
  { headers = {}, timeout, signal }: ProbeRequest,
): Promise<Omit<ProbeResponse, 'took' | 'ahead' | 'proxy'>> {
  return new Promise((resolve, reject) => {
    let stage: Stage = proxy === undefined ? 'dns' : 'proxy';
    const fail = (error: unknown): void => reject(reasonOf(error, stage));
    const ending = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      agent,
      headers,
      signal: ending,
    });
    request.on('socket', (socket) => {
      socket.on('lookup', () => (stage = 'tcp'));
      socket.on('connect', () => (stage = url.protocol === 'https:' ? 'tls' : 'http'));
      socket.on('secureConnect', () => (stage = 'http'));
    });
    request.on('error', fail);
    request.on('response', (response) => {
      stage = 'http';
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= LARGEST_BODY) chunks.push(chunk);
        else response.destroy(new Error('the answer is too large'));
      });
      response.on('error', fail);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.end();
  });
}

const TLS_CODE = /^(?:CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH)/;
const DNS_CODE = /^(?:ENOTFOUND|EAI_|ENODATA)/;
const TCP_CODE = /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/;

function reasonOf(error: unknown, reached: Stage): UnreachableError {
  const { code = '', message, cause, name } = error as NodeJS.ErrnoException & { code?: string };
  if ((cause as Error | undefined)?.name === 'TimeoutError' || name === 'TimeoutError')
    return new UnreachableError(reached, 'timeout');
  if (message.startsWith('the proxy refused'))
    return new UnreachableError('proxy', /HTTP \d+/.exec(message)?.[0] ?? 'refused');
  if (reached === 'proxy') return new UnreachableError('proxy', code || 'refused');
  if (TLS_CODE.test(code)) return new UnreachableError('tls', code);
  if (DNS_CODE.test(code)) return new UnreachableError('dns', code);
  if (TCP_CODE.test(code)) return new UnreachableError('tcp', code);
  return new UnreachableError(reached, code || message);
}
