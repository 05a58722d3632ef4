// The addresses of authorization requests. compatibility.test.ts compares them with wechat-oauth byte for
// byte.
import fc from 'fast-check';
import { OAuth, WechatAuthError, type AuthorizeParams, type WechatEndpoints } from '../../lib';

const oauth = new OAuth('wx0f1c1a10e0000001', 'secret');
const REDIRECT = 'https://h5.example.com/cb?a=1';

describe('getAuthorizeURL', () => {
  it('returns the page for browsers inside WeChat, with the parameters in the required order and a silent scope', () => {
    expect(oauth.getAuthorizeURL(REDIRECT, 'abc')).toBe(
      'https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx0f1c1a10e0000001' +
        '&redirect_uri=https%3A%2F%2Fh5.example.com%2Fcb%3Fa%3D1&response_type=code&scope=snsapi_base&state=abc#wechat_redirect',
    );
  });

  it('places further parameters before #wechat_redirect', () => {
    const url = oauth.getAuthorizeURL(REDIRECT, 'abc', 'snsapi_userinfo', {
      forcePopup: true,
      forceSnapShot: false,
      connect_redirect: 1,
      值: 'a&b=#c',
    });
    expect(url).toMatch(
      /&scope=snsapi_userinfo&state=abc&forcePopup=true&forceSnapShot=false&connect_redirect=1&%E5%80%BC=a%26b%3D%23c#wechat_redirect$/,
    );
  });

  it('keeps the order even if the name of a parameter looks like a number', () => {
    expect(oauth.getAuthorizeURL(REDIRECT, 'abc', undefined, { 1: 'x' })).toMatch(
      /\?appid=.*&state=abc&1=x#/,
    );
  });

  it.each([undefined, {}, { forcePopup: undefined }, { state: undefined }, null])(
    'leaves out undefined parameters: %j',
    (params) => {
      expect(oauth.getAuthorizeURL(REDIRECT, 'abc', undefined, params as AuthorizeParams)).toBe(
        oauth.getAuthorizeURL(REDIRECT, 'abc'),
      );
    },
  );

  it.each(['appid', 'redirect_uri', 'response_type', 'scope', 'state'])(
    'refuses %s among the further parameters, and names it',
    (name) => {
      const call = (): string => oauth.getAuthorizeURL(REDIRECT, 'abc', undefined, { [name]: '' });
      expect(call).toThrow(WechatAuthError);
      expect(call).toThrow(`parameter ${name} of an authorization request is a standard one`);
    },
  );

  it('never changes the parameters that it is given', () => {
    const params = Object.freeze({ forcePopup: true });
    expect(() => oauth.getAuthorizeURL(REDIRECT, 'a', undefined, params)).not.toThrow();
  });

  it('encodes every parameter so that it can be read back, whatever it holds', () => {
    const text = fc.string({ unit: 'grapheme' });
    const name = text.filter((word) => !/^(appid|redirect_uri|response_type|scope|state|)$/.test(word));
    fc.assert(
      fc.property(text, text, fc.dictionary(name, text), (redirect, state, params) => {
        const url = new URL(oauth.getAuthorizeURL(redirect, state, undefined, params));
        expect(url.hash).toBe('#wechat_redirect');
        expect(url.searchParams.get('redirect_uri')).toBe(redirect);
        expect(url.searchParams.get('state')).toBe(state);
        for (const [key, value] of Object.entries(params)) expect(url.searchParams.get(key)).toBe(value);
      }),
      { numRuns: 200 },
    );
  });
});

describe('getAuthorizeURLForWebsite', () => {
  it('returns the QR code page, with its further parameters', () => {
    const params = { lang: 'en', style: 'white', href: 'https://h/x.css', self_redirect: true };
    expect(oauth.getAuthorizeURLForWebsite(REDIRECT, 'abc', undefined, params)).toBe(
      'https://open.weixin.qq.com/connect/qrconnect?appid=wx0f1c1a10e0000001' +
        '&redirect_uri=https%3A%2F%2Fh5.example.com%2Fcb%3Fa%3D1&response_type=code&scope=snsapi_login&state=abc' +
        '&lang=en&style=white&href=https%3A%2F%2Fh%2Fx.css&self_redirect=true#wechat_redirect',
    );
  });
});

describe('endpoints', () => {
  const withEndpoints = (endpoints: unknown): OAuth =>
    new OAuth({ appid: 'wx', appsecret: 's', endpoints: endpoints as Partial<WechatEndpoints> });

  it.each([
    ['https://gateway.example.com', 'https://gateway.example.com/connect/qrconnect?'],
    ['http://127.0.0.1:8917/', 'http://127.0.0.1:8917/connect/qrconnect?'],
    [
      'https://gateway.example.com/wechat/open//',
      'https://gateway.example.com/wechat/open/connect/qrconnect?',
    ],
    [new URL('https://gateway.example.com/x'), 'https://gateway.example.com/x/connect/qrconnect?'],
  ])('replace the address of WeChat: %s', (open, start) => {
    expect(withEndpoints({ open }).getAuthorizeURLForWebsite('r').startsWith(start)).toBe(true);
  });

  it.each([undefined, {}, { open: undefined }, { open: null, api: null }, null])(
    'are those of WeChat for %j',
    (endpoints) => {
      expect(withEndpoints(endpoints).getAuthorizeURL('r')).toMatch(/^https:\/\/open\.weixin\.qq\.com\//);
    },
  );

  it.each<[unknown, RegExp]>([
    ['', /^endpoints\.api is not an http: or https: address: ''/],
    ['api.weixin.qq.com', /is not an http: or https: address: 'api\.weixin\.qq\.com'/],
    ['ftp://api.weixin.qq.com', /is not an http: or https: address/],
    ['https://', /is not an http: or https: address/],
    ['https://a.example.com/?x=1', /has a query or a fragment/],
    ['https://a.example.com/#x', /has a query or a fragment/],
    ['javascript:alert(1)', /is not an http: or https: address/],
    [42, /is not an http: or https: address: '42'/],
  ])('are refused at once if they are wrong, with an example: %p', (api, words) => {
    expect(() => withEndpoints({ api })).toThrow(words);
    expect(() => withEndpoints({ api })).toThrow(/Give an address such as https:\/\/api\.weixin\.qq\.com\.$/);
  });

  it.each([
    'https://user:CANARY@a.example.com',
    'postgres://user:CANARY@db/x',
    'https://CANARY@a.example.com/?x',
    'https://user:CAN/CANARY@a.example.com',
    'https://user:8/CANARY@a.example.com/?x=a@b',
  ])('are refused with a password in them, which the error does not show: %s', (api) => {
    expect(() => withEndpoints({ api })).toThrow(WechatAuthError);
    expect(() => withEndpoints({ api })).not.toThrow(/CANARY/);
  });
});
