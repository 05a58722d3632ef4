import { inspect } from 'node:util';
import fc from 'fast-check';
import { AccessToken } from '../../../lib/index';
import { isBaseOnly, scopesOf } from '../../../lib/oauth/scope';

const NOW = Date.UTC(2026, 0, 1);
const token = (fields: Record<string, unknown> = {}): AccessToken =>
  new AccessToken({
    access_token: '91_access',
    expires_in: 7200,
    refresh_token: '91_refresh',
    openid: 'oUser',
    scope: 'snsapi_userinfo',
    create_at: NOW,
    ...fields,
  });

beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(NOW));
afterEach(() => jest.restoreAllMocks());

describe('AccessToken', () => {
  it("holds WeChat's response, and when it was requested", () => {
    expect(token().data).toMatchObject({ access_token: '91_access', expires_in: 7200, create_at: NOW });
    expect(token().create_at).toBe(NOW);
    expect(JSON.parse(JSON.stringify(token()))).toEqual({ data: token().data });
  });

  it.each([
    ['just requested', 0, true],
    ['more than 10 seconds before it expires', 7_189_999, true],
    ['10 seconds before it expires', 7_190_000, false],
    ['when it expires', 7_200_000, false],
    ['long after it expired', 1e12, false],
  ])('%s, %d ms after the request: isValid() is %s', (_when, age, valid) => {
    jest.spyOn(Date, 'now').mockReturnValue(NOW + age);
    expect(token().isValid()).toBe(valid);
  });

  it('is valid exactly until 10 seconds before it expires, for any lifetime and age', () => {
    fc.assert(
      fc.property(fc.nat(1e7), fc.nat(1e11), fc.boolean(), (seconds, age, asText) => {
        jest.spyOn(Date, 'now').mockReturnValue(NOW + age);
        const written = (value: number): unknown => (asText ? String(value) : value);
        const valid = token({ expires_in: written(seconds), create_at: written(NOW) }).isValid();
        expect(valid).toBe(age < seconds * 1000 - 10_000);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    { access_token: '' },
    { access_token: undefined },
    { expires_in: undefined },
    { create_at: undefined },
    { create_at: 'yesterday' },
    { expires_in: null },
    { create_at: NaN },
  ])('is not valid with %j', (fields) => {
    expect(token(fields).isValid()).toBe(false);
  });

  it('keeps its tokens out of a log', () => {
    const logged = inspect(
      { deep: [token({ access_token: 'CANARY', refresh_token: 'CANARY' })] },
      { depth: 20, showHidden: true },
    );
    expect(logged).not.toContain('CANARY');
    expect(logged).toContain('oUser');
  });

  it('is logged with an empty scope if WeChat sent none', () => {
    expect(inspect(token({ scope: undefined }))).toBe(
      "AccessToken { openid: 'oUser', scope: '', valid: true }",
    );
  });
});

describe('the scopes of a token', () => {
  it.each([
    ['snsapi_base', ['snsapi_base'], true],
    ['snsapi_base,', ['snsapi_base'], true],
    ['snsapi_userinfo,', ['snsapi_userinfo'], false],
    ['snsapi_base,snsapi_userinfo', ['snsapi_base', 'snsapi_userinfo'], false],
    [' snsapi_base , snsapi_base ', ['snsapi_base', 'snsapi_base'], true],
    ['snsapi_login', ['snsapi_login'], false],
    ['', [], false],
    [undefined, [], false],
    [null, [], false],
  ])('%j are %j', (scope, scopes, baseOnly) => {
    const { data } = token({ scope });
    expect(scopesOf(data)).toEqual(scopes);
    expect(isBaseOnly(data)).toBe(baseOnly);
  });
});
