import net from 'node:net';
import { Lab, refusal } from './support/lab';

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open();
});
afterEach(() => lab.wechat.close());

const causeOf = async (attempt: Promise<unknown>): Promise<string | undefined> => {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason as Error & { cause?: { code?: string } },
  );
  return error?.cause?.code;
};

const fresh = (): string => lab.wechat.issueCode({ app: lab.wechat.apps.official.appId });

describe('fail()', () => {
  it('answers an errcode in WeChat’s words, or in words of your own, once', async () => {
    lab.wechat.fail('access_token', { errcode: 45011 });
    lab.wechat.fail('/sns/oauth2/access_token', { errcode: 99, errmsg: 'new trouble' });
    expect(refusal(await lab.redeem('x'))).toBe(
      '45011 api minute-quota reach limit, must slower, retry next minute',
    );
    expect(refusal(await lab.redeem('x'))).toBe('99 new trouble');
    expect(refusal(await lab.redeem('x'))).toBe('40029 invalid code');
  });

  it('counts: after some right answers, so many times, until undone', async () => {
    const undo = lab.wechat.fail('auth', { errcode: -1 }, { after: 2, times: Infinity });
    const token = await lab.login();
    const errcodes = [];
    for (let call = 0; call < 4; call += 1) errcodes.push((await lab.auth(token)).json['errcode']);
    undo();
    errcodes.push((await lab.auth(token)).json['errcode']);
    expect(errcodes).toEqual([0, 0, -1, -1, 0]);
  });

  it('leaves other endpoints alone', async () => {
    lab.wechat.fail('userinfo', { errcode: -1 });
    expect((await lab.login()).json).toHaveProperty('openid');
  });

  it('refuses an endpoint that does not exist, as it would never fail', () => {
    expect(() => lab.wechat.fail('acces_token', 'reset')).toThrow(
      /no endpoint "acces_token".*access_token, refresh_token/,
    );
  });

  it('answers a status, a page, another body, nothing, a redirect', async () => {
    lab.wechat.fail('auth', { status: 502, body: 'bad gateway', headers: { 'Retry-After': '1' } });
    lab.wechat.fail('auth', { html: true });
    lab.wechat.fail('auth', { body: Buffer.of(0xff), contentType: 'application/octet-stream' });
    lab.wechat.fail('auth', 'empty');
    lab.wechat.fail('auth', { redirect: 'https://elsewhere.example.com/' });
    const replies = [];
    for (let call = 0; call < 5; call += 1) replies.push(await lab.get('/sns/auth'));
    const [status, page, body, empty, redirect] = replies;
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

  it('resets before the first byte: the code is not spent', async () => {
    lab.wechat.fail('access_token', 'reset');
    const code = fresh();
    expect(await causeOf(lab.redeem(code))).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    expect((await lab.redeem(code)).json).toHaveProperty('openid');
  });

  it('resets before the first byte, the work done: the code is spent', async () => {
    lab.wechat.fail('access_token', 'reset', { workDone: true });
    const code = fresh();
    await expect(lab.redeem(code)).rejects.toThrow();
    expect(refusal(await lab.redeem(code))).toBe('40163 code been used');
  });

  it('resets inside the body: the head has arrived, the code is spent', async () => {
    lab.wechat.fail('access_token', 'reset-inside');
    const code = fresh();
    const query = new URLSearchParams(lab.codeParameters(code) as Record<string, string>).toString();
    const response = await fetch(`${lab.wechat.url}/sns/oauth2/access_token?${query}`);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(refusal(await lab.redeem(code))).toBe('40163 code been used');
  });

  it('truncates a body that looks whole', async () => {
    lab.wechat.fail('access_token', 'truncated');
    const reply = await lab.redeem(fresh());
    expect(reply.text).toMatch(/^\{"access_token":"/);
    expect(() => JSON.parse(reply.text) as unknown).toThrow();
  });

  it('is silent until the client gives up', async () => {
    lab.wechat.fail('auth', 'silence');
    await expect(fetch(`${lab.wechat.url}/sns/auth`, { signal: AbortSignal.timeout(50) })).rejects.toThrow(
      'timeout',
    );
  });

  it('drips the right answer, byte by byte', async () => {
    lab.wechat.fail('auth', { drip: 0 });
    expect((await lab.auth(await lab.login())).text).toBe('{"errcode":0,"errmsg":"ok"}');
  });

  it('delays the right answer, or the fault', async () => {
    lab.wechat.fail('auth', { delay: 30 });
    lab.wechat.fail('auth', { errcode: -1 }, { delay: 30 });
    const token = await lab.login();
    for (const errcode of [0, -1]) {
      const since = performance.now();
      expect((await lab.auth(token)).json['errcode']).toBe(errcode);
      expect(performance.now() - since).toBeGreaterThan(28);
    }
  });

  it('patches the right answer', async () => {
    lab.wechat.fail('access_token', {
      patch: { expires_in: '7200', unionid: undefined, extra: { deep: [1] } },
    });
    lab.wechat.fail('access_token', { patch: (answer) => ({ only: answer['scope'] }) });
    const patched = await lab.login();
    expect(patched.json).toMatchObject({
      expires_in: '7200',
      extra: { deep: [1] },
      scope: 'snsapi_userinfo',
    });
    expect(patched.json).not.toHaveProperty('unionid');
    expect((await lab.login()).text).toBe('{"only":"snsapi_userinfo"}');
  });

  it('shows an error page on a login page and a number in a poll', async () => {
    lab.wechat.fail('authorize', { errcode: 10009 });
    lab.wechat.fail('poll', { errcode: 500 });
    expect((await lab.authorizePage()).text).toContain('操作太频繁了，请稍后重试，错误码:10009');
    expect((await lab.poll('x')).text).toBe("window.wx_errcode=500;window.wx_code='';");
  });
});

describe('close()', () => {
  it('ends what is still open, and may be called twice', async () => {
    lab.wechat.fail('auth', 'silence');
    lab.wechat.fail('auth', { delay: 60_000 });
    const open = [1, 2].map(() => fetch(`${lab.wechat.url}/sns/auth`).catch((error: unknown) => error));
    const { port } = new URL(lab.wechat.url);
    const idle = net.connect(Number(port), '127.0.0.1').on('error', () => undefined);
    while (lab.wechat.requests.length < 2) await new Promise(setImmediate);
    await Promise.all([lab.wechat.close(), lab.wechat.close()]);
    for (const result of await Promise.all(open)) expect(result).toMatchObject({ name: 'TypeError' });
    idle.destroy();
    await expect(fetch(lab.wechat.url)).rejects.toThrow();
  });

  it('ends a long poll', async () => {
    const page = await lab.qrPage();
    const uuid = /data-uuid="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const poll = lab.poll(uuid).catch((error: unknown) => error);
    while (lab.wechat.requests.at(-1)?.path !== '/connect/l/qrconnect') await new Promise(setImmediate);
    await lab.wechat.close();
    expect(await poll).toMatchObject({ name: 'TypeError' });
  });
});
