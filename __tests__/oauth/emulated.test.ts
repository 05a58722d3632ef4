import { failure, OAuthFixture } from './oauth-fixture';

describe('an emulated WeChat and production', () => {
  let fixture: OAuthFixture;
  const before = process.env['NODE_ENV'];

  beforeAll(async () => {
    fixture = await OAuthFixture.start();
  });
  afterEach(() => {
    process.env['NODE_ENV'] = before;
  });
  afterAll(() => fixture.close());

  it('is accepted in development and in tests', async () => {
    expect(await fixture.createOAuth().getUserByCode(fixture.issueCode())).toMatchObject({
      openid: fixture.openid,
    });
  });

  it('is refused in production, by an error that says which options to remove', async () => {
    process.env['NODE_ENV'] = 'production';
    const error = await failure(fixture.createOAuth().getUserByCode(fixture.issueCode()));
    expect(error).toMatchObject({ kind: 'config', status: 500 });
    expect(error.message).toContain(fixture.emulator.url);
    expect(error.message).toContain('WECHAT_API_URL');
  });

  it('is accepted in production if an option with a conspicuous name says so', async () => {
    process.env['NODE_ENV'] = 'production';
    const oauth = fixture.createOAuth({ dangerouslyAllowEmulatorInProduction: true });
    expect(await oauth.getUserByCode(fixture.issueCode())).toMatchObject({ openid: fixture.openid });
  });
});
