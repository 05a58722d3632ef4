import { Browser, agree } from '../support/browser';
import { describeOnRedis } from '../support/redis';
import { servedBy, startTwoApps, type TwoApps } from './two-apps';

describeOnRedis('two processes of one app behind a load balancer, with sessions and tokens in Redis', () => {
  let apps: TwoApps;
  beforeAll(async () => {
    apps = await startTwoApps();
  });
  afterAll(() => apps.close());

  it('share one login: started at one, finished at the other, used at the first', async () => {
    const browser = Browser.inWechat(apps.url);
    const login = await browser.get('/login?returnTo=/me');
    const callback = await browser.get(await agree(apps.emulator, login.location));
    expect([callback.status, callback.location]).toEqual([302, '/me#']);
    const me = await browser.get('/me');
    expect(me.json()).toMatchObject({ nickname: '小明' });
    expect(servedBy(callback)).not.toBe(servedBy(login));
    expect(servedBy(me)).toBe(servedBy(login));
  });

  it('share the token that one of them got', async () => {
    const browser = Browser.inWechat(apps.url);
    await browser.logIn(apps.emulator, '/me');
    const [one, other] = [await browser.get('/token'), await browser.get('/token')];
    expect(servedBy(one)).not.toBe(servedBy(other));
    expect([one.status, other.body]).toEqual([200, one.body]);
  });

  it('share a logout: at one of them, it ends the login at both', async () => {
    const browser = Browser.inWechat(apps.url);
    await browser.logIn(apps.emulator, '/me');
    await browser.get('/logout');
    const after = [await browser.get('/me'), await browser.get('/me')];
    expect(after.map(({ status }) => status)).toEqual([302, 302]);
    expect(new Set(after.map(servedBy)).size).toBe(2);
  });
});
