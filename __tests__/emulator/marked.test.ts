import { Lab } from './support/lab';

describe('X-Emulated-WeChat', () => {
  it('is on every answer, so that no client in production takes it for WeChat’s', async () => {
    const lab = await Lab.open();
    const { wechat } = lab;
    const mark = (reply: { readonly headers: Headers }): string | null =>
      reply.headers.get('x-emulated-wechat');
    const token = await lab.login();
    wechat.fail('userinfo', { status: 502 });
    wechat.fail('userinfo', { body: '{}', contentType: 'application/json' });
    wechat.fail('userinfo', { patch: { nickname: 'x' } });
    wechat.fail('userinfo', 'truncated');
    const replies = [
      token,
      await lab.redeem('x'),
      await lab.refresh(token.json['refresh_token']),
      await lab.auth(token),
      await lab.userinfo(token),
      await lab.userinfo(token),
      await lab.userinfo(token),
      await lab.userinfo(token),
      await lab.userinfo(token),
      await lab.jscode2session(lab.miniProgramCode()),
      await lab.get('/sns/nothing'),
      await lab.get('/nowhere'),
      await lab.get('/'),
      await lab.authorizePage(),
      await lab.authorizePage({ scope: 'snsapi_base' }),
      await lab.authorizePage({ appid: undefined }),
      await lab.qrPage(),
      await lab.poll('x'),
      await lab.get('/connect/confirm'),
      await lab.get('/connect/zh_CN/htmledition/js/wxLogin.js'),
    ];
    await wechat.close();
    expect(replies.map(mark)).toEqual(replies.map(() => 'express-wechat-auth'));
  });
});
