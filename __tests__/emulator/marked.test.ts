import { useEmulatorClient } from './support/emulator-client';

const startClient = useEmulatorClient();

describe('X-Emulated-WeChat', () => {
  it('is a header of every response, so that a client in production can refuse the response', async () => {
    const client = await startClient();
    const { wechat } = client;
    const emulatorHeader = (response: { readonly headers: Headers }): string | null =>
      response.headers.get('x-emulated-wechat');
    const token = await client.login();
    wechat.fail('userinfo', { status: 502 });
    wechat.fail('userinfo', { body: '{}', contentType: 'application/json' });
    wechat.fail('userinfo', { patch: { nickname: 'x' } });
    wechat.fail('userinfo', 'truncated');
    const responses = [
      token,
      await client.redeem('x'),
      await client.refresh(token.json['refresh_token']),
      await client.auth(token),
      await client.userinfo(token),
      await client.userinfo(token),
      await client.userinfo(token),
      await client.userinfo(token),
      await client.userinfo(token),
      await client.jscode2session(client.miniProgramCode()),
      await client.get('/sns/nothing'),
      await client.get('/nowhere'),
      await client.get('/'),
      await client.authorizePage(),
      await client.authorizePage({ scope: 'snsapi_base' }),
      await client.authorizePage({ appid: undefined }),
      await client.qrPage(),
      await client.poll('x'),
      await client.get('/connect/confirm'),
      await client.get('/connect/zh_CN/htmledition/js/wxLogin.js'),
    ];
    expect(responses.map(emulatorHeader)).toEqual(responses.map(() => 'express-wechat-auth'));
  });
});
