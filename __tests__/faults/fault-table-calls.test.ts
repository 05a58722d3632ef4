// Faults at the calls that the app itself makes, in onLogin and in its pages. fault-table.test.ts has the
// faults at the calls of a login.
import { faultsOf } from './faults';
import { ON_LOGIN_STEP, PAGE_STEPS } from './steps';
import { casesOf, recordWarnings, runStep, sizeOf } from './table';

const warnings = recordWarnings();
const STEPS = [ON_LOGIN_STEP, ...PAGE_STEPS];

describe('a call by the app itself that meets a fault', () => {
  it.each(STEPS.map((step, index) => [step.name, sizeOf(step), step, index] as const))(
    '%s: ends as the contract says, in each of %d cases',
    async (_name, size, step, index) => {
      const { ran, failures } = await runStep(step, index);
      expect(failures).toEqual([]);
      expect(ran).toBe(size);
      // An error in onLogin is printed each time. In a page, the app gets the error and reports it itself.
      const printed = casesOf(step, index).flatMap(({ printed: kind }) => kind ?? []);
      expect(printed.length > 5).toBe(step === ON_LOGIN_STEP);
      expect(warnings.ours).toEqual(printed.map((kind) => `WECHAT_LOGIN_FAILED ${kind}`));
      expect(warnings.ofNode).toEqual([]);
    },
    180_000,
  );

  const all = STEPS.reduce((sum, step) => sum + sizeOf(step), 0);

  it(`runs ${all} cases: every row of each call`, () => {
    const [code, profile, refresh, auth, sessionKey] = (
      ['access_token', 'userinfo', 'refresh_token', 'auth', 'jscode2session'] as const
    ).map((call) => faultsOf(call).length) as [number, number, number, number, number];
    // One row of a refresh needs a stored token, and six of a code exchange need a login.
    expect(Object.fromEntries(STEPS.map((step) => [step.name, sizeOf(step)]))).toEqual({
      'onLogin that calls WeChat': auth + (refresh - 1) + sessionKey,
      'req.wechat.getAccessToken() with an expired token': refresh,
      'req.wechat.oauth.getUser() with an expired token': refresh + profile,
      'req.wechat.oauth.getUser() with a valid token': profile,
      'req.wechat.oauth.getAccessToken()': code - 6,
      'req.wechat.oauth.refreshAccessToken()': refresh - 1,
      'req.wechat.oauth.verifyToken()': auth,
      "a mini program's getSessionKey()": sessionKey,
    });
  });
});
