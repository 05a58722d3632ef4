import { failure, Lab } from './lab';

describe('an emulated WeChat and production', () => {
  let lab: Lab;
  const before = process.env['NODE_ENV'];

  beforeAll(async () => {
    lab = await Lab.open();
  });
  afterEach(() => {
    process.env['NODE_ENV'] = before;
  });
  afterAll(() => lab.close());

  it('is accepted in development and in tests', async () => {
    expect(await lab.oauth().getUserByCode(lab.code())).toMatchObject({ openid: lab.openid });
  });

  it('is refused in production, by an error that says which options to remove', async () => {
    process.env['NODE_ENV'] = 'production';
    const error = await failure(lab.oauth().getUserByCode(lab.code()));
    expect(error).toMatchObject({ kind: 'config', status: 500 });
    expect(error.message).toContain(lab.wechat.url);
    expect(error.message).toContain('WECHAT_API_URL');
  });

  it('is accepted in production if an option with a conspicuous name says so', async () => {
    process.env['NODE_ENV'] = 'production';
    const oauth = lab.oauth({ dangerouslyAllowEmulatorInProduction: true });
    expect(await oauth.getUserByCode(lab.code())).toMatchObject({ openid: lab.openid });
  });
});
