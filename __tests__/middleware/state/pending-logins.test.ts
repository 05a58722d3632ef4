import fc from 'fast-check';
import {
  finishedReturnTo,
  finishLogin,
  knownStates,
  addPending,
  newState,
  restartsOf,
  takePending,
  type PendingLogin,
} from '../../../lib/middleware/state/pending-logins';
import type { Session } from '../../../lib/middleware/state/session';

const LIFETIME = 600_000;
const login = (returnTo = '/'): PendingLogin => ({
  returnTo,
  scope: 'snsapi_userinfo',
  flow: 'official',
  at: Date.now(),
});

describe('pending logins', () => {
  it('can be taken once, each by its own state', () => {
    const session: Session = {};
    const states = [newState(0), newState(0)] as const;
    for (const state of states) addPending(session, 'wechat', state, login(`/${state}`), LIFETIME);
    expect(takePending(session, 'wechat', states[1])?.returnTo).toBe(`/${states[1]}`);
    expect(takePending(session, 'wechat', states[1])).toBeUndefined();
    expect(takePending(session, 'wechat', states[0])?.returnTo).toBe(`/${states[0]}`);
    expect(session).toEqual({});
  });

  it('count their restarts in the first digit', () => {
    expect([newState(0), newState(1)].map(restartsOf)).toEqual([0, 1]);
    for (const state of [
      '',
      '0',
      'x'.repeat(33),
      `0${'a'.repeat(31)}`,
      `0${'a'.repeat(33)}`,
      `0${'A'.repeat(32)}`,
    ])
      expect(restartsOf(state)).toBeUndefined();
  });

  it('of two session keys are kept apart', () => {
    const session: Session = {};
    const state = newState(0);
    addPending(session, 'wechat', state, login(), LIFETIME);
    expect(takePending(session, 'staff', state)).toBeUndefined();
    expect(takePending(session, 'wechat', state)).toBeDefined();
  });

  it('are read from any session without an error, and only with the right types', () => {
    const state = newState(0);
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (junk) => {
        for (const stored of [
          junk,
          { pending: junk, done: junk },
          { pending: { [state]: junk }, done: { [state]: junk } },
        ]) {
          const session: Session = { 'wechat:login': stored };
          for (const name of [state, '__proto__', 'constructor', 'toString']) {
            const taken = takePending(session, 'wechat', name);
            if (taken !== undefined) expect(typeof taken.returnTo).toBe('string');
            const end = finishedReturnTo(session, 'wechat', name);
            if (end !== undefined) expect(typeof end).toBe('string');
          }
          expect(addPending(session, 'wechat', newState(0), login(), LIFETIME)).toBe(true);
        }
      }),
    );
  });

  it('never exceed their part of a cookie or the number of five, and the newest is always kept', () => {
    const step = fc.record({
      restarts: fc.constantFrom(0, 0, 0, 1),
      returnTo: fc
        .string({ unit: 'grapheme', maxLength: 128 })
        .filter((text) => Buffer.byteLength(text) <= 511),
      finish: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const session: Session = {};
        for (const { restarts, returnTo, finish } of steps) {
          const state = newState(restarts);
          const before = JSON.stringify(session);
          if (addPending(session, 'wechat', state, login(`/${returnTo}`), LIFETIME)) {
            const { pending } = session['wechat:login'] as { pending: object };
            expect(Object.keys(pending).length).toBeLessThanOrEqual(5);
            expect(Object.keys(pending).at(-1)).toBe(state);
          } else {
            expect(restarts).toBe(1);
            expect(JSON.stringify(session)).toBe(before);
          }
          if (finish && takePending(session, 'wechat', state)) {
            finishLogin(session, 'wechat', { state, returnTo: `/${returnTo}` });
            expect(finishedReturnTo(session, 'wechat', state)).toBe(`/${returnTo}`);
          }
          expect(Buffer.byteLength(JSON.stringify(session))).toBeLessThan(1_900);
        }
      }),
    );
  });

  it('never displace the newest finished login, because a logout has to end its callbacks', () => {
    const session: Session = {};
    const finished = newState(0);
    addPending(session, 'wechat', finished, login(), LIFETIME);
    takePending(session, 'wechat', finished);
    finishLogin(session, 'wechat', { state: finished, returnTo: `/${'a'.repeat(500)}` });
    for (let started = 0; started < 5; started++)
      addPending(session, 'wechat', newState(0), login(`/${'a'.repeat(500)}`), LIFETIME);
    expect(knownStates(session, 'wechat')).toContain(finished);
    expect(Buffer.byteLength(JSON.stringify(session))).toBeLessThan(1_900);
  });

  it('are no more than five of each kind, however many a forged session holds', () => {
    const records = Object.fromEntries(Array.from({ length: 100 }, () => [newState(0), login()]));
    const paths = Object.fromEntries(Object.keys(records).map((state) => [state, '/']));
    const session: Session = { 'wechat:login': { pending: records, done: paths } };
    expect(knownStates(session, 'wechat')).toHaveLength(10);
  });
});
