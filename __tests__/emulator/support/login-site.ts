// A minimal site with a WeChat login: its callback page shows the openid that belongs to the code.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EmulatorClient } from './emulator-client';

export interface LoginSite {
  readonly url: string;
  /** The query of every request to `/callback`. */
  readonly callbacks: URLSearchParams[];
  close(): void;
}

function widget(client: EmulatorClient, callback: string, selfRedirect: boolean): string {
  return `<!DOCTYPE html><h1>site</h1><div id="login"></div>
<script src="${client.wechat.url}/connect/zh_CN/htmledition/js/wxLogin.js"></script>
<script>new WxLogin({ id: 'login', self_redirect: ${selfRedirect}, appid: '${client.wechat.apps.website.appId}', scope: 'snsapi_login',
redirect_uri: '${encodeURIComponent(callback)}', state: 'embedded', onReady: function () { document.title = 'ready'; } });</script>`;
}

/** Exchanges the code as one of the two apps. Returns the openid, and whether it is virtual or real. */
async function personOfCode(client: EmulatorClient, query: URLSearchParams): Promise<string> {
  const { official, website } = client.wechat.apps;
  for (const { appId: appid, appSecret: secret } of [official, website]) {
    const { json } = await client.redeem(query.get('code') ?? '', { appid, secret });
    if (typeof json['openid'] === 'string')
      return `${json['openid']} ${json['is_snapshotuser'] === 1 ? 'virtual' : 'real'}`;
  }
  return 'nobody';
}

export async function startLoginSite(client: EmulatorClient): Promise<LoginSite> {
  const callbacks: URLSearchParams[] = [];
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://site');
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    if (url.pathname === '/embed') {
      const self = url.searchParams.get('self') === 'true';
      response.end(widget(client, `http://${request.headers.host ?? ''}/callback`, self));
      return;
    }
    if (url.pathname === '/sandbox') {
      const address = client.qrURL({ redirect_uri: `http://${request.headers.host ?? ''}/callback` });
      const source = address.replaceAll('&', '&amp;');
      response.end(`<iframe sandbox="${url.searchParams.get('flags') ?? ''}" src="${source}"></iframe>`);
      return;
    }
    if (url.pathname !== '/callback') {
      response.writeHead(404).end();
      return;
    }
    callbacks.push(url.searchParams);
    void personOfCode(client, url.searchParams).then((person) => response.end(`<p id="who">${person}</p>`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    callbacks,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
