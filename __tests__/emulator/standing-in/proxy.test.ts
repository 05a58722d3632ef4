// The CONNECT proxy leads WeChat's hosts, and no others, into the emulator.
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { renderSVG } from 'uqr';
import { createEmulator, selfSignedCertificate, WECHAT_HOSTS, type Emulator } from '../../../lib/emulator';

import { createConnectProxy } from '../../../lib/emulator/listen/connect-proxy';
import { uuidOf } from '../support/emulator-client';

const pair = selfSignedCertificate([...WECHAT_HOSTS, 'localhost', '127.0.0.1']);
let wechat: Emulator;
beforeEach(async () => {
  wechat = await createEmulator({ https: pair, proxyPort: 0 });
});
afterEach(() => wechat.close());

interface Tunnel {
  readonly status: number;
  readonly socket: Socket;
  readonly text: string;
}

/** Asks the proxy for a connection. */
function openTunnel(target: string): Promise<Tunnel> {
  const { port } = new URL(wechat.proxyURL ?? '');
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method: 'CONNECT', path: target, agent: false });
    request.on('connect', (response, socket, head) =>
      resolve({ status: response.statusCode ?? 0, socket, text: head.toString() }),
    );
    request.on('error', reject).end();
  });
}

function getOver(
  socket: Socket,
  servername: string,
  target: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const createConnection = () => tls.connect({ socket, servername, ca: pair.ca });
    const options = { createConnection, host: servername, path: target };
    https
      .get(options, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      })
      .on('error', reject);
  });
}

describe('the proxy', () => {
  it.each(WECHAT_HOSTS)('leads %s into the emulator', async (host) => {
    const { status, socket } = await openTunnel(`${host}:443`);
    const response = await getOver(socket, host, '/sns/auth');
    expect([status, response.status]).toEqual([200, 200]);
    expect(response.body).toContain('access_token missing');
    expect(wechat.requests.at(-1)?.headers['host']).toMatch(host);
  });

  it('leads plain http to WeChat’s hosts into the emulator, by CONNECT and by a whole address', async () => {
    const { socket } = await openTunnel('api.weixin.qq.com:80');
    socket.write('GET /sns/auth HTTP/1.1\r\nHost: api.weixin.qq.com\r\nConnection: close\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toContain('access_token missing');
    const { port } = new URL(wechat.proxyURL ?? '');
    const statusOf = (path: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        http
          .get({ host: '127.0.0.1', port, path, agent: false }, (response) => resolve(response.statusCode))
          .on('error', reject);
      });
    expect(await statusOf('http://api.weixin.qq.com/sns/auth')).toBe(200);
    expect(await statusOf('http://other.example/')).toBe(403);
    expect(wechat.requests).toHaveLength(2);
  });

  it('connects clients on this machine with any other host, and not with the emulator', async () => {
    const other = net.createServer((socket) => socket.end('other host')).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const { status, socket, text } = await openTunnel(`127.0.0.1:${port}`);
    const chunks: Buffer[] = [Buffer.from(text)];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect([status, Buffer.concat(chunks).toString()]).toEqual([200, 'other host']);
    other.close();
    await new Promise((resolve) => other.once('close', resolve));
    expect((await openTunnel(`127.0.0.1:${port}`)).status).toBe(502);
    expect(wechat.requests).toEqual([]);
  });

  it.each(['nonsense', 'a.example:0', 'a.example:99999', ':443'])('refuses CONNECT %s', async (target) => {
    expect((await openTunnel(target)).status).toBe(400);
  });

  it('is not open for other devices: a client that is not on this machine reaches WeChat’s hosts only', () => {
    const accepted: Duplex[] = [];
    const proxy = createConnectProxy({ accept: (socket) => accepted.push(socket), serve: () => undefined });
    const responseTo = (url: string, remoteAddress: string): string => {
      const written: string[] = [];
      const write = (chunk: Buffer, _: string, done: () => void): void => {
        written.push(chunk.toString());
        done();
      };
      const socket = Object.assign(new Duplex({ write, read: () => undefined }), { remoteAddress });
      proxy.emit('connect', { url }, socket, Buffer.alloc(0));
      return written.join('').split('\r\n')[0] ?? '';
    };
    for (const device of ['192.168.1.20', '::ffff:10.0.0.7', 'fe80::1', '127.0.0.1.evil'])
      expect(responseTo('127.0.0.1:80', device)).toBe('HTTP/1.1 403 Forbidden');
    expect(accepted).toEqual([]);
    expect(responseTo('api.weixin.qq.com:443', '192.168.1.20')).toBe('HTTP/1.1 200 Connection Established');
    expect(accepted).toHaveLength(1);
  });

  it.each(['reset', 'reset-inside'] as const)('passes on %s as a TCP reset', async (fault) => {
    wechat.fail('auth', fault);
    const { socket } = await openTunnel('api.weixin.qq.com:443');
    await expect(getOver(socket, 'api.weixin.qq.com', '/sns/auth')).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
  });

  it('ends with the emulator, open tunnels included', async () => {
    const { socket } = await openTunnel('api.weixin.qq.com:443');
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    await wechat.close();
    await ended;
    await expect(openTunnel('api.weixin.qq.com:443')).rejects.toThrow();
  });
});

describe('the port of an emulator with TLS', () => {
  it('serves https and http', async () => {
    expect([wechat.url, wechat.httpURL].map((url) => new URL(url).protocol)).toEqual(['https:', 'http:']);
    const plain = await fetch(`${wechat.httpURL}/sns/auth`);
    expect(await plain.json()).toMatchObject({ errcode: 41001 });
    const socket = net.connect(Number(new URL(wechat.url).port), '127.0.0.1');
    expect((await getOver(socket, 'localhost', '/sns/auth')).status).toBe(200);
  });

  it('distinguishes http from https: requireHttps, and the address of the picture', async () => {
    const { appId: appid, appSecret: secret } = wechat.apps.official;
    const code = wechat.issueCode({ app: appid });
    const query = new URLSearchParams({ appid, secret, code, grant_type: 'authorization_code' });
    const token = (await (
      await fetch(`${wechat.httpURL}/sns/oauth2/access_token?${query.toString()}`)
    ).json()) as Record<string, string>;
    const profile = `/sns/userinfo?access_token=${token['access_token']}&openid=${token['openid']}`;
    const pictures = [
      await (await fetch(wechat.httpURL + profile)).text(),
      (await getOver(net.connect(Number(new URL(wechat.url).port)), 'localhost', profile)).body,
    ].map((body) => (JSON.parse(body) as { headimgurl: string }).headimgurl);
    expect(pictures).toEqual([
      expect.stringMatching(/^http:\/\/127/),
      expect.stringMatching(/^https:\/\/localhost(:80)?\/mmopen/),
    ]);
    wechat.switches.requireHttps = true;
    expect(await (await fetch(`${wechat.httpURL}/sns/auth`)).json()).toMatchObject({ errcode: 43003 });
    const socket = net.connect(Number(new URL(wechat.url).port));
    expect((await getOver(socket, 'localhost', '/sns/auth')).body).toContain('41001');
  });

  it('survives connections that send nothing, or are reset before the first byte', async () => {
    const port = Number(new URL(wechat.url).port);
    const silent = net.connect(port, '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const reset = net.connect(port, '127.0.0.1');
    await new Promise((resolve) => reset.once('connect', resolve));
    reset.resetAndDestroy();
    const ended = net.connect(port, '127.0.0.1');
    await new Promise((resolve) => ended.once('connect', resolve));
    await new Promise((resolve) => ended.once('close', resolve).resume().end());
    expect((await fetch(`${wechat.httpURL}/sns/auth`)).status).toBe(200);
    const closed = new Promise((resolve) => silent.once('close', resolve));
    silent.resume();
    await wechat.close();
    await closed;
  });

  it('rejects if the proxy’s port is in use, and frees its own', async () => {
    const taken = Number(new URL(wechat.proxyURL ?? '').port);
    const probe = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const attempt = createEmulator({ port, https: pair, proxyPort: taken });
    await expect(attempt).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const again = await createEmulator({ port });
    await again.close();
  });
});

describe('publicURL', () => {
  it('is the address for browsers and phones: endpoints.open, pictures and QR codes', async () => {
    const tunnel = await createEmulator({ publicURL: 'https://wechat.example/' });
    expect(tunnel.endpoints).toEqual({ open: 'https://wechat.example', api: tunnel.url });
    const url = `https://wechat.example/connect/oauth2/authorize?appid=${tunnel.apps.official.appId}&redirect_uri=https%3A%2F%2Fa.example%2F&response_type=code&scope=snsapi_userinfo&state=1#wechat_redirect`;
    const callback = (await tunnel.authorize(url)) ?? '';
    const { appId: appid, appSecret: secret } = tunnel.apps.official;
    const code = new URL(callback).searchParams.get('code') ?? '';
    const query = new URLSearchParams({ appid, secret, code, grant_type: 'authorization_code' });
    const token = (await (
      await fetch(`${tunnel.url}/sns/oauth2/access_token?${query.toString()}`)
    ).json()) as Record<string, string>;
    const profile = await fetch(
      `${tunnel.url}/sns/userinfo?access_token=${token['access_token']}&openid=${token['openid']}`,
    );
    expect(await profile.json()).toMatchObject({
      headimgurl: 'https://wechat.example/mmopen/vi_32/ming/132',
    });
    const home = await (await fetch(tunnel.url)).text();
    expect(home).toContain(`WECHAT_OPEN_URL=https://wechat.example\nWECHAT_API_URL=${tunnel.url}\n`);
    const login = new URLSearchParams({
      appid: tunnel.apps.website.appId,
      redirect_uri: 'https://a.example/',
      response_type: 'code',
      scope: 'snsapi_login',
      state: '1',
    });
    const page = await fetch(`${tunnel.url}/connect/qrconnect?${login.toString()}`);
    const uuid = uuidOf({ text: await page.text() });
    const qrCode = await fetch(`${tunnel.url}/connect/qrcode/${uuid}`);
    expect(await qrCode.text()).toBe(
      renderSVG(`https://wechat.example/connect/confirm?uuid=${uuid}`, { border: 2 }),
    );
    await tunnel.close();
  });
});
