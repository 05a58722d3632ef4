import { hasLessScope, raisedScope, satisfies } from '../../lib/oauth/scope';

describe('scopes', () => {
  it.each([
    ['snsapi_base', 'snsapi_userinfo', false],
    ['snsapi_userinfo', 'snsapi_base', true],
    ['snsapi_base,snsapi_userinfo', 'snsapi_userinfo', true],
    ['snsapi_login', 'snsapi_userinfo', true],
    ['', 'snsapi_base', false],
  ])('%j satisfies %j: %s', (granted, requested, expected) => {
    expect(satisfies(granted, requested)).toBe(expected);
    expect(hasLessScope(granted, requested)).toBe(!expected);
  });

  it.each(['constructor', '__proto__', 'toString', 'snsapi_unknown'])(
    'that WeChat does not have, such as %j, grant nothing',
    (scope) => {
      expect(satisfies(scope, 'snsapi_base')).toBe(false);
      expect(hasLessScope(scope, 'snsapi_base')).toBe(true);
      expect(satisfies(`${scope},snsapi_userinfo`, 'snsapi_userinfo')).toBe(true);
      expect(raisedScope('snsapi_base', scope)).toBeUndefined();
    },
  );
});
