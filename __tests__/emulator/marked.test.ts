import { EmulatorClient } from './support/emulator-client';

describe('X-Emulated-WeChat', () => {
  it('is on every answer, so that no client in production takes it for WeChat’s', async () => {
    const client = await EmulatorClient.start();
    const { wechat } = client;
    const mark = (reply: { readonly headers: Headers }): string | null =>
      reply.headers.get('x-emulated-wechat');
    const token = await client.login();
    wechat.fail('userinfo', { status: 502 });
    wechat.fail('userinfo', { body: '{}', contentType: 'application/json' });
    wechat.fail('userinfo', { patch: { nickname: 'x' } });
    wechat.fail('userinfo', 'truncated');
    const replies = [
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
    await wechat.close();
    expect(replies.map(mark)).toEqual(replies.map(() => 'express-wechat-auth'));
  });
});
