import net from 'node:net';
import tls from 'node:tls';
import { selfSignedCertificate } from '../../lib/emulator';
import { refusal, useEmulatorClient, type EmulatorClient } from './support/emulator-client';

const startClient = useEmulatorClient();
let client: EmulatorClient;
beforeEach(async () => {
  client = await startClient();
});

async function causeCodeOf(attempt: Promise<unknown>): Promise<string | undefined> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason as Error & { cause?: { code?: string } },
  );
  return error?.cause?.code;
}

function newCode(): string {
  return client.wechat.issueCode({ app: client.wechat.apps.official.appId });
}

describe('fail()', () => {
  it('returns an errcode once, with WeChat’s message or another', async () => {
    client.wechat.fail('access_token', { errcode: 45011 });
    client.wechat.fail('/sns/oauth2/access_token', { errcode: 99, errmsg: 'new trouble' });
    expect(refusal(await client.redeem('x'))).toBe(
      '45011 api minute-quota reach limit, must slower, retry next minute',
    );
    expect(refusal(await client.redeem('x'))).toBe('99 new trouble');
    expect(refusal(await client.redeem('x'))).toBe('40029 invalid code');
  });

  it('skips `after` requests, affects `times` requests, and ends when it is withdrawn', async () => {
    const withdraw = client.wechat.fail('auth', { errcode: -1 }, { after: 2, times: Infinity });
    const token = await client.login();
    const errcodes = [];
    for (let call = 0; call < 4; call += 1) errcodes.push((await client.auth(token)).json['errcode']);
    withdraw();
    errcodes.push((await client.auth(token)).json['errcode']);
    expect(errcodes).toEqual([0, 0, -1, -1, 0]);
  });

  it('does not affect other endpoints', async () => {
    client.wechat.fail('userinfo', { errcode: -1 });
    expect((await client.login()).json).toHaveProperty('openid');
  });

  it('refuses an endpoint that does not exist', () => {
    expect(() => client.wechat.fail('acces_token', 'reset')).toThrow(
      /no endpoint "acces_token".*access_token, refresh_token/,
    );
  });

  it('sends another status, an HTML page, another body, no body or a redirect', async () => {
    client.wechat.fail('auth', { status: 502, body: 'bad gateway', headers: { 'Retry-After': '1' } });
    client.wechat.fail('auth', { html: true });
    client.wechat.fail('auth', { body: Buffer.of(0xff), contentType: 'application/octet-stream' });
    client.wechat.fail('auth', 'empty');
    client.wechat.fail('auth', { redirect: 'https://elsewhere.example.com/' });
    const responses = [];
    for (let call = 0; call < 5; call += 1) responses.push(await client.get('/sns/auth'));
    const [status, page, body, empty, redirect] = responses;
    expect([status?.status, status?.text, status?.headers.get('retry-after')]).toEqual([
      502,
      'bad gateway',
      '1',
    ]);
    expect([page?.status, page?.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect([body?.status, body?.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
    expect([empty?.status, empty?.text]).toEqual([200, '']);
    expect([redirect?.status, redirect?.location]).toEqual([302, 'https://elsewhere.example.com/']);
  });

  it('resets the connection before the first byte: the code is not spent', async () => {
    client.wechat.fail('access_token', 'reset');
    const code = newCode();
    expect(await causeCodeOf(client.redeem(code))).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    expect((await client.redeem(code)).json).toHaveProperty('openid');
  });

  it('resets the connection before the first byte, with workDone: the code is spent', async () => {
    client.wechat.fail('access_token', 'reset', { workDone: true });
    const code = newCode();
    await expect(client.redeem(code)).rejects.toThrow();
    expect(refusal(await client.redeem(code))).toBe('40163 code been used');
  });

  it('resets the connection inside the body: the headers have arrived, the code is spent', async () => {
    client.wechat.fail('access_token', 'reset-inside');
    const code = newCode();
    const query = new URLSearchParams(client.codeParameters(code) as Record<string, string>).toString();
    const response = await fetch(`${client.wechat.url}/sns/oauth2/access_token?${query}`);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(refusal(await client.redeem(code))).toBe('40163 code been used');
  });

  it.each(['reset', 'reset-inside'] as const)('%s is a TCP reset over TLS too', async (fault) => {
    const pair = selfSignedCertificate();
    const { wechat } = await startClient({ https: pair });
    wechat.fail('auth', fault);
    const port = Number(new URL(wechat.url).port);
    const socket = tls.connect({ host: '127.0.0.1', port, ca: pair.cert });
    const end = new Promise((resolve) => {
      // A FIN would end the socket without an error.
      socket
        .resume()
        .once('error', resolve)
        .once('end', () => resolve('a FIN'));
    });
    socket.write('GET /sns/auth HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await end).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
  });

  it('sends half of the body, with a Content-Length that fits it', async () => {
    client.wechat.fail('access_token', 'truncated');
    const response = await client.redeem(newCode());
    expect(response.text).toMatch(/^\{"access_token":"/);
    expect(() => JSON.parse(response.text) as unknown).toThrow();
  });

  it('never responds: the client’s own timeout ends the request', async () => {
    client.wechat.fail('auth', 'silence');
    await expect(fetch(`${client.wechat.url}/sns/auth`, { signal: AbortSignal.timeout(50) })).rejects.toThrow(
      'timeout',
    );
  });

  it('sends the real response byte by byte', async () => {
    client.wechat.fail('auth', { drip: 0 });
    expect((await client.auth(await client.login())).text).toBe('{"errcode":0,"errmsg":"ok"}');
  });

  it('delays the real response, or the fault', async () => {
    client.wechat.fail('auth', { delay: 30 });
    client.wechat.fail('auth', { errcode: -1 }, { delay: 30 });
    const token = await client.login();
    for (const errcode of [0, -1]) {
      const since = performance.now();
      expect((await client.auth(token)).json['errcode']).toBe(errcode);
      expect(performance.now() - since).toBeGreaterThan(28);
    }
  });

  it('changes fields of the real response', async () => {
    client.wechat.fail('access_token', {
      patch: { expires_in: '7200', unionid: undefined, extra: { deep: [1] } },
    });
    client.wechat.fail('access_token', { patch: (fields) => ({ only: fields['scope'] }) });
    const patched = await client.login();
    expect(patched.json).toMatchObject({
      expires_in: '7200',
      extra: { deep: [1] },
      scope: 'snsapi_userinfo',
    });
    expect(patched.json).not.toHaveProperty('unionid');
    expect((await client.login()).text).toBe('{"only":"snsapi_userinfo"}');
  });

  it('shows an errcode as an error page at a login page, and as a number in a poll', async () => {
    client.wechat.fail('authorize', { errcode: 10009 });
    client.wechat.fail('poll', { errcode: 500 });
    expect((await client.authorizePage()).text).toContain('操作太频繁了，请稍后重试，错误码:10009');
    expect((await client.poll('x')).text).toBe("window.wx_errcode=500;window.wx_code='';");
  });
});

describe('close()', () => {
  it('closes every open connection, and may be called twice', async () => {
    client.wechat.fail('auth', 'silence');
    client.wechat.fail('auth', { delay: 60_000 });
    const open = [1, 2].map(() => fetch(`${client.wechat.url}/sns/auth`).catch((error: unknown) => error));
    const { port } = new URL(client.wechat.url);
    const idle = net.connect(Number(port), '127.0.0.1').on('error', () => undefined);
    while (client.wechat.requests.length < 2) await new Promise(setImmediate);
    await Promise.all([client.wechat.close(), client.wechat.close()]);
    for (const result of await Promise.all(open)) expect(result).toMatchObject({ name: 'TypeError' });
    idle.destroy();
    await expect(fetch(client.wechat.url)).rejects.toThrow();
  });

  it('ends a long poll', async () => {
    const page = await client.qrPage();
    const uuid = /data-uuid="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const poll = client.poll(uuid).catch((error: unknown) => error);
    while (client.wechat.requests.at(-1)?.path !== '/connect/l/qrconnect') await new Promise(setImmediate);
    await client.wechat.close();
    expect(await poll).toMatchObject({ name: 'TypeError' });
  });
});
