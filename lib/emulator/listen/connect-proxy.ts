import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { isLoopback, parseHost, WECHAT_HOSTS } from '../world/own-hosts';
import { MAX_SHOWN, printable } from '../world/printable';

type Client = Duplex & { readonly remoteAddress?: string | undefined };

export interface ProxyTargets {
  /** Takes over the connection of a client that asked for one of WeChat's hosts. */
  readonly accept: (socket: Duplex) => void;
  /** Serves a plain request for one of WeChat's hosts. */
  readonly serve: RequestListener;
}

/**
 * An HTTP proxy that leads WeChat's hosts, and no others, into the emulator: with `HTTPS_PROXY` set to it, an
 * app needs no other address for WeChat. Tunnels (CONNECT) lead to other hosts as without the proxy, but only
 * for clients on this machine, because other devices could otherwise use the proxy to reach this machine's
 * network. A plain http request for another host is refused.
 */
export function createConnectProxy({ accept, serve }: ProxyTargets): Server {
  const server = createServer((request, response) => {
    if (WECHAT_HOSTS.includes(hostOfTarget(request.url ?? ''))) {
      serve(request, response);
      return;
    }
    response.writeHead(403, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${ONLY_WECHAT}\n`);
  });
  server.on('connect', (request, socket, head) => {
    // Node's type is Duplex, but the stream is the socket of the connection, which has a `remoteAddress`.
    const client: Client = socket;
    client.on('error', () => client.destroy());
    if (head.length > 0) client.unshift(head);
    if (!isWechat(request)) {
      tunnel(request, client);
      return;
    }
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    accept(client);
  });
  return server;
}

const ONLY_WECHAT =
  'For plain http, this proxy only serves WeChat’s hosts. Set HTTPS_PROXY to it, and leave HTTP_PROXY unset.';

function hostOfTarget(target: string): string {
  const [, authority = ''] = /^http:\/\/([^/?#]*)/i.exec(target) ?? [];
  return parseHost(authority)?.hostname ?? '';
}

function isWechat({ url = '' }: IncomingMessage): boolean {
  return WECHAT_HOSTS.includes(parseHost(url)?.hostname ?? '');
}

/** Connects the client with the host that it asked for. */
function tunnel({ url = '' }: IncomingMessage, client: Client): void {
  const [, host = '', port = ''] = /^(?:\[([^\]]+)\]|[^:]+):(\d{1,5})$/.exec(url) ?? [];
  const hostname = host || url.slice(0, Math.max(0, url.lastIndexOf(':')));
  if (hostname === '' || Number(port) > 65_535 || Number(port) === 0) {
    refuse(client, '400 Bad Request', url);
    return;
  }
  if (!isLoopback(client.remoteAddress)) {
    refuse(client, '403 Forbidden', url);
    return;
  }
  const target = connect(Number(port), hostname);
  target.once('connect', () => {
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    client.pipe(target).pipe(client);
  });
  target.once('error', () => {
    if (target.bytesRead === 0 && !client.destroyed) refuse(client, '502 Bad Gateway', url);
    else client.destroy();
  });
  client.once('close', () => target.destroy());
  target.once('close', () => client.end());
}

const REASONS = {
  '400 Bad Request': 'is not host:port.',
  '403 Forbidden':
    'is not a host of WeChat. Other hosts are only for clients on the machine of the emulator: set NO_PROXY.',
  '502 Bad Gateway': 'cannot be reached.',
} as const;

function refuse(client: Client, status: keyof typeof REASONS, asked: string): void {
  const text = `${printable(asked.slice(0, MAX_SHOWN))} ${REASONS[status]}\n`;
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n`;
  client.end(`${head}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}
