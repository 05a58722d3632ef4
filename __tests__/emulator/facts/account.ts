// cgi-bin: access tokens and tickets of an account
import { IN_WECHAT, refusal, type EmulatorClient, type ReceivedResponse } from '../support/emulator-client';
import type { Fact } from './fact';

const MINUTE = 60_000;

function accountToken(client: EmulatorClient, changes: Record<string, string | undefined> = {}) {
  const { appId: appid, appSecret: secret } = client.wechat.apps.official;
  return client.get('/cgi-bin/token', { grant_type: 'client_credential', appid, secret, ...changes });
}

function stableToken(client: EmulatorClient, changes: object = {}): Promise<ReceivedResponse> {
  const { appId: appid, appSecret: secret } = client.wechat.apps.official;
  return client.postJSON('/cgi-bin/stable_token', {
    grant_type: 'client_credential',
    appid,
    secret,
    ...changes,
  });
}

function ticket(client: EmulatorClient, token: ReceivedResponse, type = 'jsapi'): Promise<ReceivedResponse> {
  return client.get('/cgi-bin/ticket/getticket', { access_token: String(token.json['access_token']), type });
}

/** The errcode and errmsg without the suffix. */
function withoutRid({ json }: ReceivedResponse): string {
  const { errcode, errmsg } = json as { errcode: number; errmsg: string };
  return `${errcode} ${errmsg.replace(/ rid: [\da-f-]{26}$/, '')}`;
}

export const ACCOUNT_FACTS: readonly Fact[] = [
  {
    source: 'DOC',
    title: 'cgi-bin/token returns an access token for 7200 seconds',
    check: async (client) => {
      const { json } = await accountToken(client);
      expect(json).toEqual({ access_token: expect.any(String) as unknown, expires_in: 7200 });
    },
  },
  {
    source: 'OBS',
    title: 'cgi-bin/token sends application/json',
    check: async (client) => {
      expect((await accountToken(client)).headers.get('content-type')).toMatch(/^application\/json/);
    },
  },
  {
    source: 'OBS',
    title: 'the rid of cgi-bin follows a space without a comma',
    check: async (client) => {
      const { text } = await accountToken(client, { secret: 'wrong' });
      expect(text).toMatch(/"errmsg":"invalid appsecret rid: [\da-f]{8}-[\da-f]{8}-[\da-f]{8}"\}$/);
    },
  },
  {
    source: 'DOC',
    title: 'cgi-bin/token: 40002, 41002, 40013, 41004 and 40125',
    check: async (client) => {
      const attempts = [
        { grant_type: 'x' },
        { appid: '' },
        { appid: 'wx0' },
        { secret: '' },
        { secret: 'x' },
      ];
      const refusals = await Promise.all(attempts.map((each) => accountToken(client, each)));
      expect(refusals.map(withoutRid)).toEqual([
        '40002 invalid grant_type',
        '41002 appid missing',
        '40013 invalid appid',
        '41004 appsecret missing',
        '40125 invalid appsecret',
      ]);
      const { appId: appid, appSecret: secret } = client.wechat.apps.website;
      expect(withoutRid(await accountToken(client, { appid, secret }))).toBe('40013 invalid appid');
    },
  },
  {
    source: 'DOC',
    title: 'a new token replaces the previous one, which works for five more minutes',
    check: async (client) => {
      const [first, second] = [await accountToken(client), await accountToken(client)];
      expect(second.json['access_token']).not.toBe(first.json['access_token']);
      expect((await ticket(client, first)).json['errcode']).toBe(0);
      client.wechat.clock.advance(5 * MINUTE);
      expect(withoutRid(await ticket(client, first))).toBe('42001 access_token expired');
      expect((await ticket(client, second)).json['errcode']).toBe(0);
    },
  },
  {
    source: 'DOC',
    title: 'stable_token returns the same token until it expires, and a new one with force_refresh',
    check: async (client) => {
      const first = await stableToken(client);
      client.wechat.clock.advance(60 * MINUTE);
      const second = await stableToken(client);
      expect(second.json['access_token']).toBe(first.json['access_token']);
      expect(second.json['expires_in']).toBeLessThanOrEqual(3600);
      const forced = await stableToken(client, { force_refresh: true });
      expect(forced.json['access_token']).not.toBe(first.json['access_token']);
      client.wechat.clock.advance(120 * MINUTE);
      expect((await stableToken(client)).json['access_token']).not.toBe(forced.json['access_token']);
      expect(withoutRid(await stableToken(client, { secret: 'x' }))).toBe('40125 invalid appsecret');
      expect(withoutRid(await client.get('/cgi-bin/stable_token'))).toBe('43002 require POST method');
    },
  },
  {
    source: 'DOC',
    title: 'getticket returns a ticket with errcode 0, the same until it expires',
    check: async (client) => {
      const token = await accountToken(client);
      const { json } = await ticket(client, token);
      expect(json).toEqual({
        errcode: 0,
        errmsg: 'ok',
        ticket: expect.any(String) as unknown,
        expires_in: 7200,
      });
      expect((await ticket(client, token)).json['ticket']).toBe(json['ticket']);
      expect((await ticket(client, token, 'wx_card')).json['ticket']).not.toBe(json['ticket']);
      expect((await ticket(client, token, 'x')).json['errcode']).toBe(40097);
      expect(withoutRid(await client.get('/cgi-bin/ticket/getticket'))).toBe('41001 access_token missing');
      const wrong = await client.get('/cgi-bin/ticket/getticket', { access_token: 'x', type: 'jsapi' });
      expect(wrong.json['errcode']).toBe(40001);
    },
  },
  {
    source: 'OBS',
    title: 'the token of an account is 40014 at sns, and the token of a user 40001 at cgi-bin',
    check: async (client) => {
      const [account, user] = [await accountToken(client), await client.login()];
      const openid = String(user.json['openid']);
      const attempt = { access_token: String(account.json['access_token']), openid };
      expect(refusal(await client.get('/sns/auth', attempt))).toBe('40014 invalid access_token');
      expect((await ticket(client, user)).json['errcode']).toBe(40001);
    },
  },
  {
    source: 'DOC',
    title: 'a path that does not exist is 40066 invalid url',
    check: async (client) => {
      for (const path of ['/wxa/getwxacodeunlimit', '/cgi-bin/user/info', '/nowhere']) {
        const response = await client.get(path, {}, IN_WECHAT);
        expect([response.status, withoutRid(response)]).toEqual([200, '40066 invalid url']);
        expect(client.wechat.requests.at(-1)?.warning).toContain('does not emulate');
      }
    },
  },
];
