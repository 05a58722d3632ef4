// Leads TLS connections to WeChat's hosts into an emulator, for every client and agent of this process.
import https from 'node:https';
import type net from 'node:net';
import tls from 'node:tls';
import type { KeyAndCertificate } from '../../../lib/emulator/index';

export const WECHAT_HOSTS = ['open.weixin.qq.com', 'api.weixin.qq.com'];

type Connect = (options: { readonly host?: string | null }, ...rest: unknown[]) => net.Socket;

/**
 * Replaces `createConnection` of all https agents, so that no client needs an option. A client still verifies
 * that the emulator's certificate is for the requested host. Returns a function that restores the agents.
 */
export function routeWechatHosts(emulatorURL: string, { cert }: KeyAndCertificate): () => void {
  const agents = https.Agent.prototype as unknown as { createConnection: Connect };
  const direct = agents.createConnection;
  const port = Number(new URL(emulatorURL).port);
  agents.createConnection = function connect(options, ...rest) {
    const servername = options.host ?? '';
    if (!WECHAT_HOSTS.includes(servername)) return direct.call(this, options, ...rest);
    return tls.connect({ host: '127.0.0.1', port, servername, ca: cert });
  };
  return () => {
    agents.createConnection = direct;
  };
}
