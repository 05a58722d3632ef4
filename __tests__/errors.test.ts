import { inspect } from 'node:util';
import type * as errors from '../lib/errors';
import {
  ERROR_KINDS,
  NoOAuthTokenError,
  WeChatAPIError,
  WechatAuthError,
  WechatError,
  isWeChatAPIError,
  isWechatAuthError,
  isWechatError,
  type WechatErrorKind,
} from '../lib';

type Row = readonly [
  errcode: number,
  errmsg: string,
  kind: WechatErrorKind,
  status: number,
  retryable: boolean,
];

/** Every errcode that WeChat's documentation names for web login, with its errmsg, and one that it lacks. */
const ERRCODES: readonly Row[] = [
  [-1, 'system error', 'busy', 503, true],
  [40001, 'invalid credential, access_token is invalid or not latest', 'token_invalid', 401, false],
  [40002, 'invalid grant_type', 'credentials', 500, false],
  [40003, 'invalid openid', 'openid_invalid', 400, false],
  [40013, 'invalid appid', 'credentials', 500, false],
  [40014, 'invalid access_token', 'token_invalid', 401, false],
  [40029, 'invalid code', 'code_invalid', 400, false],
  [40030, 'invalid refresh_token', 'reauthorize', 401, false],
  [40066, 'invalid url', 'unknown', 502, false],
  [40125, 'invalid appsecret', 'credentials', 500, false],
  [40163, 'code been used', 'code_used', 400, false],
  [40164, 'invalid ip 1.2.3.4, not in whitelist', 'credentials', 500, false],
  [40226, 'code blocked', 'user_limited', 403, false],
  [40243, 'appsecret is frozen', 'credentials', 500, false],
  [41001, 'access_token missing', 'token_invalid', 401, false],
  [41002, 'appid missing', 'credentials', 500, false],
  [41003, 'refresh_token missing', 'reauthorize', 401, false],
  [41004, 'appsecret missing', 'credentials', 500, false],
  [41008, 'missing code', 'code_invalid', 400, false],
  [41009, 'missing openid', 'openid_invalid', 400, false],
  [41018, 'missing component_appid', 'credentials', 500, false],
  [42001, 'access_token expired', 'token_invalid', 401, false],
  [42002, 'refresh_token expired', 'reauthorize', 401, false],
  [42003, 'code expired', 'code_invalid', 400, false],
  [42006, 'component_access_token expired', 'credentials', 500, false],
  [42007, 'access_token and refresh_token exception', 'reauthorize', 401, false],
  [43003, 'require https', 'unknown', 502, false],
  [45009, 'reach max api daily quota limit', 'rate_limit', 503, true],
  [45011, 'api minute-quota reach limit, must slower, retry next minute', 'rate_limit', 503, true],
  [48001, 'api unauthorized', 'scope', 403, false],
  [50001, 'user unauthorized', 'user_limited', 403, false],
  [50002, 'user limited', 'user_limited', 403, false],
  [61003, 'component is not authorized by this account', 'credentials', 500, false],
  [61004, 'access clientip is not registered', 'credentials', 500, false],
  [61007, 'api is unauthorized to component', 'credentials', 500, false],
  [99999, 'an errcode that is not documented yet', 'unknown', 502, false],
];

describe('WeChatAPIError', () => {
  it.each(ERRCODES)('gives errcode %d (%s) the kind %s', (errcode, errmsg, kind, status, retryable) => {
    const error = new WeChatAPIError(errcode, errmsg);
    expect(error).toMatchObject({ name: 'WeChatAPIError', code: errcode, errmsg, kind, status, retryable });
    expect(error.message).toContain(errmsg);
    expect(error.message).toContain(String(errcode));
    expect(error.message).toContain(error.remedy.en);
    expect(error.message).toContain(error.remedy.zh);
    expect(error.help).toMatch(new RegExp(`^https://.*#${kind}$`));
  });

  it.each([
    ['invalid code, rid: 66c69111-0a1b2c3d-4e5f6071', '66c69111-0a1b2c3d-4e5f6071'],
    ['invalid appsecret rid: 66c69111-0a1b2c3d-4e5f6071', '66c69111-0a1b2c3d-4e5f6071'],
    ['invalid code, hints: [ req_id: abcDEF0123 ]', 'abcDEF0123'],
    ['invalid credential hint: [abcDEF0123]', 'abcDEF0123'],
    ['invalid code', undefined],
    ['', undefined],
  ])('finds the id of the request in %j', (errmsg, rid) => {
    expect(new WeChatAPIError(40029, errmsg).rid).toBe(rid);
  });

  it.each([40164, 40243, 41018, 42006, 61003, 61004, 61007])(
    'has a remedy of its own for errcode %d, in both languages',
    (errcode) => {
      const { en, zh } = new WeChatAPIError(errcode, 'x').remedy;
      expect(en).toMatch(/^\w.*\.$/);
      expect(zh).toMatch(/\p{Script=Han}.*。$/u);
      expect(en).not.toBe(new WeChatAPIError(40125, 'x').remedy.en);
    },
  );

  it.each(['constructor', '__proto__', 'toString'])(
    'is unknown for an errcode that is the text %j',
    (errcode) => {
      expect(new WeChatAPIError(errcode as never, 'x')).toMatchObject({ kind: 'unknown', status: 502 });
    },
  );

  it('has a message if WeChat gave no reason', () => {
    expect(new WeChatAPIError(40029, '').message).toMatch(/^\S.* \(errcode 40029\)/);
  });
});

describe('ERROR_KINDS', () => {
  it.each(ERROR_KINDS)('has a remedy for %s in both languages', (kind) => {
    const error = new WechatAuthError(kind, 'what is wrong');
    expect(error.status).toBeGreaterThanOrEqual(400);
    expect(error.status).toBeLessThan(600);
    expect(typeof error.retryable).toBe('boolean');
    expect(error.remedy.en).toMatch(/^\w.*\.$/);
    expect(error.remedy.zh).toMatch(/\p{Script=Han}.*。$/u);
    expect(error.help).toMatch(new RegExp(`#${kind}$`));
    expect(error.code).toBe(`ERR_WECHAT_${kind.toUpperCase()}`);
  });

  it('says that a failed session store may work later, and a missing session does not', () => {
    expect(new WechatAuthError('session_missing', 'the store is away', { status: 503 }).retryable).toBe(true);
    expect(new WechatAuthError('session_missing', 'there is no session').retryable).toBe(false);
  });

  it.each([Number.NaN, 99, 200, 302, 404.5, 600, '404', null])(
    'has no status that is none of an error: %p',
    (status) => {
      const error = new WechatAuthError('config', 'a fault', { status: status as number });
      expect(error.status).toBe(500);
    },
  );

  it('is this list: a kind that is removed or renamed breaks apps', () => {
    expect([...ERROR_KINDS].sort()).toEqual(
      [
        ...'busy token_invalid openid_invalid credentials code_invalid code_used reauthorize scope'.split(
          ' ',
        ),
        ...'rate_limit user_limited unknown timeout network bad_answer no_token token_store'.split(' '),
        ...'decryption config session_missing state_unknown access_denied login_loop login_refused'.split(
          ' ',
        ),
        ...'login_failed snapshot_user unionid_missing unauthenticated forbidden'.split(' '),
      ].sort(),
    );
  });
});

describe('an error of this package', () => {
  it('has the name and the message that users of wechat-oauth know', () => {
    const error = new NoOAuthTokenError('oABC');
    expect(error.name).toBe('NoOAuthTokenError');
    expect(error.message).toBe('No token for oABC, please authorize first.');
    expect(error.kind).toBe('no_token');
    expect(error).toMatchObject({ kind: 'no_token', code: 'ERR_WECHAT_NO_TOKEN', status: 401 });
    expect(String(new WeChatAPIError(40029, 'invalid code'))).toMatch(/^WeChatAPIError: invalid code/);
    expect(error.stack).toMatch(/^NoOAuthTokenError: No token/);
  });

  it('is an Error, and an instance of its classes', () => {
    expect(new WeChatAPIError(1, '')).toBeInstanceOf(WechatError);
    expect(new NoOAuthTokenError('o')).toBeInstanceOf(WechatAuthError);
    expect(new NoOAuthTokenError('o')).toBeInstanceOf(Error);
  });

  it('accepts a status and a cause, and has no cause if none is given', () => {
    const cause = new Error('below');
    expect(new WechatAuthError('config', 'x', { cause, status: 400 })).toMatchObject({ cause, status: 400 });
    expect('cause' in new WechatAuthError('config', 'x')).toBe(false);
  });

  it('becomes JSON for a log, without stack and cause', () => {
    const error = new WechatAuthError('network', 'x', { cause: new Error('below') });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'WechatAuthError',
      message: 'x',
      kind: 'network',
      code: 'ERR_WECHAT_NETWORK',
      status: 502,
      retryable: true,
      help: error.help,
    });
    expect(JSON.parse(JSON.stringify(new WeChatAPIError(40029, 'invalid code, rid: 1-2-3')))).toMatchObject({
      code: 40029,
      errmsg: 'invalid code, rid: 1-2-3',
      rid: '1-2-3',
    });
  });

  it('shows its name once when it is inspected', () => {
    expect(inspect(new WeChatAPIError(40029, 'invalid code')).match(/WeChatAPIError/g)).toHaveLength(1);
  });
});

describe('isWechatError, isWeChatAPIError and isWechatAuthError', () => {
  it('recognize errors of this package, and distinguish the two classes', () => {
    const api = new WeChatAPIError(40029, 'invalid code');
    const own = new WechatAuthError('network', 'x');
    expect([api, own, new NoOAuthTokenError('o')].every(isWechatError)).toBe(true);
    expect([isWeChatAPIError(api), isWeChatAPIError(own)]).toEqual([true, false]);
    expect([isWechatAuthError(api), isWechatAuthError(own)]).toEqual([false, true]);
  });

  it.each([
    null,
    undefined,
    'WeChatAPIError',
    1,
    {},
    new Error('x'),
    { name: 'WeChatAPIError', kind: 'busy' },
  ])('do not accept %p', (other) => {
    expect([isWechatError(other), isWeChatAPIError(other), isWechatAuthError(other)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('recognize an error of another copy of the package, which instanceof does not', () => {
    jest.isolateModules(() => {
      const other = jest.requireActual<typeof errors>('../lib/errors');
      const error = new other.WeChatAPIError(40029, 'invalid code');
      expect(error).not.toBeInstanceOf(WeChatAPIError);
      expect([isWechatError(error), isWeChatAPIError(error), isWechatAuthError(error)]).toEqual([
        true,
        true,
        false,
      ]);
    });
  });
});
