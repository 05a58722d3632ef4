import fc from 'fast-check';
import {
  bindingsOf,
  bindPending,
  dropScanLogins,
  ensureLinkId,
  finishedAt,
  finishedLogin,
  recordFinished,
  recordRoot,
  isExpired,
  isSmallData,
  knownStates,
  linkIdOf,
  addPending,
  makeRoom,
  sessionIdsOf,
  newestStateAndRoot,
  newState,
  renewRoot,
  restartsOf,
  scanLoginsIn,
  takePending,
  takeScanLogin,
  ticketOf,
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

  it('have a random state each, of 128 bits', () => {
    const states = Array.from({ length: 1_000 }, () => newState(0));
    expect(new Set(states).size).toBe(1_000);
    expect(states.filter((state) => !/^0[\da-f]{32}$/.test(state))).toEqual([]);
    // No bit is the same in all of them.
    const bits = states.map((state) => BigInt(`0x${state.slice(1)}`));
    expect(bits.reduce((all, each) => all & each).toString(16)).toBe('0');
    expect(bits.reduce((any, each) => any | each).toString(16)).toBe('f'.repeat(32));
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
      `x0${'a'.repeat(32)}`,
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
            const end = finishedLogin(session, 'wechat', name)?.returnTo;
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
            recordFinished(session, 'wechat', { state, returnTo: `/${returnTo}` });
            expect(finishedLogin(session, 'wechat', state)?.returnTo).toBe(`/${returnTo}`);
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
    recordFinished(session, 'wechat', { state: finished, returnTo: `/${'a'.repeat(500)}` });
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

/** A state that says in its hex digits what it is for. */
const stateOf = (restarts: number, digit: string): string => `${restarts}${digit.repeat(32)}`;
const statesIn = (session: Session, kind: 'pending' | 'done'): string[] =>
  Object.keys((session['wechat:login'] as Record<string, object> | undefined)?.[kind] ?? {});

describe('a pending login', () => {
  afterEach(() => jest.restoreAllMocks());

  it('expires when its lifetime is over, and also if it starts in the future', () => {
    const started = login();
    const at = (ms: number): boolean => {
      jest.spyOn(Date, 'now').mockReturnValue(started.at + ms);
      return isExpired(started, LIFETIME);
    };
    expect([at(0), at(LIFETIME - 1), at(LIFETIME), at(1 - LIFETIME), at(-LIFETIME)]).toEqual([
      false,
      false,
      true,
      false,
      true,
    ]);
  });

  it('makes room for the next one once it has expired', () => {
    const session: Session = {};
    const [old, next] = [stateOf(0, 'a'), stateOf(0, 'b')];
    addPending(session, 'wechat', old, { ...login(), at: Date.now() - LIFETIME }, LIFETIME);
    expect(statesIn(session, 'pending')).toEqual([old]);
    addPending(session, 'wechat', next, login(), LIFETIME);
    expect(statesIn(session, 'pending')).toEqual([next]);
  });

  it('is dropped for the sixth one if it is the oldest', () => {
    const session: Session = {};
    const states = ['a', 'b', 'c', 'd', 'e', 'f'].map((digit) => stateOf(0, digit));
    for (const state of states) addPending(session, 'wechat', state, login(), LIFETIME);
    expect(statesIn(session, 'pending')).toEqual(states.slice(1));
  });

  it('is dropped for a restart only if it is a restart, too', () => {
    const session: Session = {};
    const logins = ['a', 'b', 'c', 'd'].map((digit) => stateOf(0, digit));
    const [first, second] = [stateOf(1, 'e'), stateOf(1, 'f')];
    for (const state of [...logins, first]) addPending(session, 'wechat', state, login(), LIFETIME);
    expect(addPending(session, 'wechat', second, login(), LIFETIME)).toBe(true);
    expect(statesIn(session, 'pending')).toEqual([...logins, second]);
    const fresh = stateOf(0, '1');
    expect(addPending(session, 'wechat', fresh, login(), LIFETIME)).toBe(true);
    expect(statesIn(session, 'pending')).toEqual([...logins.slice(1), second, fresh]);
  });

  it('is never dropped for a restart if it is not one', () => {
    const session: Session = {};
    const logins = ['a', 'b', 'c', 'd', 'e'].map((digit) => stateOf(0, digit));
    for (const state of logins) addPending(session, 'wechat', state, login(), LIFETIME);
    expect(addPending(session, 'wechat', stateOf(1, 'f'), login(), LIFETIME)).toBe(false);
    expect(statesIn(session, 'pending')).toEqual(logins);
  });

  it.each([
    [1_800, 2],
    [1_801, 1],
  ])('shares %d bytes with the others: %d of them are kept', (bytes, kept) => {
    const session: Session = {};
    const [first, second] = [stateOf(0, 'a'), stateOf(0, 'b')];
    const records = { [first]: login('a'.repeat(700)), [second]: login() };
    const missing = bytes - Buffer.byteLength(JSON.stringify(records));
    addPending(session, 'wechat', first, login('a'.repeat(700)), LIFETIME);
    addPending(session, 'wechat', second, login(`/${'b'.repeat(missing)}`), LIFETIME);
    expect(statesIn(session, 'pending')).toHaveLength(kept);
    expect(statesIn(session, 'done')).toEqual([]);
  });

  it.each([
    [1_800, '/done'],
    [1_801, ''],
  ])('shares %d bytes with the finished ones, whose newest then has the path %j', (bytes, path) => {
    const [finished, state] = [stateOf(0, 'a'), stateOf(0, 'b')];
    const done = { [finished]: '/done' };
    const session: Session = { 'wechat:login': { pending: {}, done } };
    const size = [done, { [state]: login() }].map((part) => Buffer.byteLength(JSON.stringify(part)));
    const missing = bytes - (size[0] ?? 0) - (size[1] ?? 0);
    addPending(session, 'wechat', state, login(`/${'b'.repeat(missing)}`), LIFETIME);
    expect(finishedLogin(session, 'wechat', finished)?.returnTo).toBe(path);
  });

  it('leaves the finished logins as they are', () => {
    const done = { [stateOf(0, 'a')]: '/a' };
    const session: Session = { 'wechat:login': { pending: {}, done } };
    addPending(session, 'wechat', stateOf(0, 'b'), login(), LIFETIME);
    expect(finishedLogin(session, 'wechat', stateOf(0, 'a'))?.returnTo).toBe('/a');
    takePending(session, 'wechat', stateOf(0, 'b'));
    expect(session['wechat:login']).toMatchObject({ pending: {}, done });
  });

  it.each<[string, unknown]>([
    ['no return path', { returnTo: undefined }],
    ['no scope', { scope: 7 }],
    ['an unknown flow', { flow: 'other' }],
    ['no start', { at: '1' }],
    ['data of more than 512 bytes', { data: 'a'.repeat(511) }],
    ['a return path that is too long', { returnTo: 'a'.repeat(1_800 - 'snsapi_userinfo'.length + 1) }],
    ['an AppID that is not a text', { appid: 7 }],
    [
      'an AppID that is too long for its return path',
      { returnTo: 'a'.repeat(1_800 - 'snsapi_userinfo'.length - 2), appid: 'wx1' },
    ],
  ])('does not count if its record has %s', (_what, fields) => {
    const [state, other] = [stateOf(0, 'a'), stateOf(0, 'b')];
    const record = Object.assign({}, login(), fields);
    const session: Session = { 'wechat:login': { pending: { [state]: record, [other]: login() }, done: {} } };
    expect(takePending(session, 'wechat', state)).toBeUndefined();
    expect(takePending(session, 'wechat', other)).toEqual(expect.objectContaining({ flow: 'official' }));
  });

  it('is accepted with data of 512 bytes of JSON', () => {
    const state = stateOf(0, 'a');
    const record = { ...login(), data: 'a'.repeat(510) };
    const session: Session = { 'wechat:login': { pending: { [state]: record }, done: {} } };
    expect(takePending(session, 'wechat', state)).toEqual(record);
    expect([isSmallData('中'.repeat(170)), isSmallData('中'.repeat(171))]).toEqual([true, false]);
  });

  it('is accepted if return path and scope have 1,800 characters', () => {
    const state = stateOf(0, 'a');
    const record = { ...login(), returnTo: 'a'.repeat(1_800 - 'snsapi_userinfo'.length) };
    const session: Session = {
      'wechat:login': { pending: { [state]: record, 'no state': login() }, done: {} },
    };
    expect(takePending(session, 'wechat', 'no state')).toBeUndefined();
    expect(takePending(session, 'wechat', state)).toEqual(record);
  });

  it('is bound by a login meanwhile, and passes its bindings on', () => {
    const state = stateOf(0, 'a');
    const session: Session = {};
    bindPending(session, 'wechat', { isBound: true });
    expect(session).toEqual({});
    addPending(session, 'wechat', state, login('/a'), LIFETIME);
    bindPending(session, 'wechat', { isBound: true });
    bindPending(session, 'wechat', { isBoundByOther: true });
    const taken = takePending(session, 'wechat', state);
    expect(taken).toMatchObject({ returnTo: '/a', isBound: true, isBoundByOther: true });
    expect(bindingsOf(taken ?? login())).toEqual({ isBound: true, isBoundByOther: true });
    expect(bindingsOf({ ...login(), isBound: true })).toEqual({ isBound: true });
    expect(bindingsOf({ ...login(), isBoundByOther: true })).toEqual({ isBoundByOther: true });
    expect(bindingsOf(Object.create({ isBound: true, isBoundByOther: true }) as PendingLogin)).toEqual({});
  });
});

describe('the ids of a session', () => {
  /** A session that can get a new id, with this one. */
  const sessionWith = (id: unknown, data: object = {}): Session =>
    Object.assign(Object.create({ regenerate: () => undefined }) as Session, { id }, data);

  it('do not show its id, and differ by id and by session key', () => {
    const ids = sessionIdsOf(sessionWith('id of the session'), 'wechat');
    expect(ids?.root).toBe(ids?.id);
    expect(ids?.id).not.toContain('id of');
    expect(sessionIdsOf(sessionWith('id of the session'), 'wechat')).toEqual(ids);
    expect(sessionIdsOf(sessionWith('id of the session'), 'staff')).not.toEqual(ids);
    expect(sessionIdsOf(sessionWith('another id'), 'wechat')).not.toEqual(ids);
  });

  it('are unknown without an id that the middleware gave', () => {
    expect(sessionIdsOf({ id: 'of the app' }, 'wechat')).toBeUndefined();
    expect(sessionIdsOf(sessionWith(7), 'wechat')).toBeUndefined();
  });

  it('keep their root until it is renewed, whatever happens to the logins', () => {
    const session = sessionWith('an id');
    const before = sessionIdsOf(session, 'wechat');
    expect(newestStateAndRoot(session, 'wechat')).toStrictEqual([]);
    renewRoot(session, 'wechat');
    const { id = '', root = '' } = sessionIdsOf(session, 'wechat') ?? {};
    expect(id).toBe(before?.id);
    expect(root).toMatch(/^[\da-f]{32}$/);
    const [finished, second, newest] = ['a', 'b', 'c'].map((digit) => stateOf(0, digit)) as [
      string,
      string,
      string,
    ];
    addPending(session, 'wechat', finished, login(), LIFETIME);
    takePending(session, 'wechat', finished);
    expect(sessionIdsOf(session, 'wechat')).toEqual({ id, root, hasLogin: false });
    expect(newestStateAndRoot(session, 'wechat')).toEqual([root]);
    for (const state of [finished, second, newest])
      recordFinished(session, 'wechat', { state, returnTo: '/', root });
    expect(sessionIdsOf(session, 'wechat')).toEqual({ id, root, hasLogin: true });
    expect(newestStateAndRoot(session, 'wechat')).toEqual([newest, root]);
    renewRoot(session, 'wechat');
    expect(sessionIdsOf(session, 'wechat')?.root).not.toBe(root);
    expect(knownStates(session, 'wechat')).toEqual([finished, second, newest]);
  });

  it.each([
    ['at most 32 characters', 'r'.repeat(32), true],
    ['more than 32 characters', 'r'.repeat(33), false],
    ['another type', 7, false],
  ])('take a root of %s from the session: %s: %s', (_what, root, expected) => {
    const session = sessionWith('an id', { 'wechat:login': { pending: {}, done: {}, root } });
    const ids = sessionIdsOf(session, 'wechat');
    expect(ids?.root).toBe(expected ? root : ids?.id);
    addPending(session, 'wechat', stateOf(0, 'a'), login(), LIFETIME);
    expect((session['wechat:login'] as { root?: unknown }).root).toBe(expected ? root : undefined);
    expect(session['wechat:login']).toEqual(expect.objectContaining(expected ? { root } : { done: {} }));
    expect('root' in (session['wechat:login'] as object)).toBe(expected);
  });
});

describe('the id to which links of one session are bound', () => {
  /** A session with a pending login, and its id for links. */
  const sessionWithId = (): { session: Session; id: string } => {
    const session: Session = {};
    addPending(session, 'wechat', stateOf(0, 'a'), login(), LIFETIME);
    return { session, id: ensureLinkId(session, 'wechat') };
  };

  it('is random, in the session of this key, and stays the same until a login or a logout', () => {
    const { session, id } = sessionWithId();
    expect(id).toMatch(/^[\w-]{22}$/);
    expect([ensureLinkId(session, 'wechat'), linkIdOf(session, 'wechat')]).toEqual([id, id]);
    expect(linkIdOf(session, 'staff')).toBeUndefined();
    expect(sessionWithId().id).not.toBe(id);
    takePending(session, 'wechat', stateOf(0, 'a'));
    addPending(session, 'wechat', stateOf(0, 'b'), login(), LIFETIME);
    expect(linkIdOf(session, 'wechat')).toBe(id);
  });

  it('stays in a session without logins, and changes nothing else in it', () => {
    const session: Session = { cart: 3 };
    expect(linkIdOf(session, 'wechat')).toBeUndefined();
    const linkId = ensureLinkId(session, 'wechat');
    expect(session).toEqual({ cart: 3, 'wechat:login': { pending: {}, done: {}, linkId } });
  });

  it.each<[string, (session: Session) => void]>([
    ['a login', (session) => recordFinished(session, 'wechat', { state: stateOf(0, 'a'), returnTo: '/' })],
    ['a login under another session key', (session) => bindPending(session, 'wechat', { isBound: true })],
    ['a logout', (session) => renewRoot(session, 'wechat')],
  ])('ends with %s', (_what, end) => {
    const { session } = sessionWithId();
    end(session);
    expect(linkIdOf(session, 'wechat')).toBeUndefined();
    expect('linkId' in (session['wechat:login'] as object)).toBe(false);
  });

  it('ends with a login under another session key if no login is pending', () => {
    const session: Session = {};
    ensureLinkId(session, 'wechat');
    bindPending(session, 'wechat', { isBound: true });
    expect(session).toEqual({});
  });

  it.each<[string, unknown]>([
    ['is shorter', 'a'.repeat(21)],
    ['is longer', 'a'.repeat(23)],
    ['has other characters', `${'a'.repeat(21)}.`],
    ['is not a text', 7],
  ])('is another one if the stored one %s', (_what, linkId) => {
    const session: Session = { 'wechat:login': { pending: {}, done: {}, linkId } };
    expect(linkIdOf(session, 'wechat')).toBeUndefined();
    expect(ensureLinkId(session, 'wechat')).toMatch(/^[\w-]{22}$/);
  });
});

describe('records of other logins', () => {
  it('are dropped until the session fits: finished ones first, the oldest first, and never the own one', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((digit) => stateOf(0, digit)) as [
      string,
      string,
      string,
      string,
    ];
    const records = { pending: { [a]: login(), [b]: login() }, done: { [c]: '/c', [d]: '/d' } };
    const sessionAfter = (checks: number): [pending: string[], done: string[]] => {
      const session: Session = { 'wechat:login': structuredClone(records) };
      let left = checks;
      makeRoom(session, 'wechat', b, () => left-- <= 0);
      return [statesIn(session, 'pending'), statesIn(session, 'done')];
    };
    expect([0, 1, 2, 3, 4].map(sessionAfter)).toEqual([
      [
        [a, b],
        [c, d],
      ],
      [[a, b], [d]],
      [[a, b], []],
      [[b], []],
      [[b], []],
    ]);
  });
});

describe('finished logins', () => {
  const path = `/${'a'.repeat(500)}`;

  it('lose the oldest one if they and the pending ones have more than 1,800 bytes', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((digit) => stateOf(0, digit)) as [string, string, string];
    const done = { [a]: path, [b]: path };
    const session: Session = { 'wechat:login': { pending: {}, done } };
    addPending(session, 'wechat', c, login(path), LIFETIME);
    expect([statesIn(session, 'pending'), statesIn(session, 'done')]).toEqual([[c], [a, b]]);
    addPending(session, 'wechat', stateOf(0, 'd'), login(), LIFETIME);
    expect(statesIn(session, 'done')).toEqual([b]);
    expect(finishedLogin(session, 'wechat', b)?.returnTo).toBe(path);
  });

  it('keep the state of the newest one, without its path, if there is no room for it', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((digit) => stateOf(0, digit)) as [string, string, string];
    const longer = path + 'a'.repeat(100);
    const session: Session = { 'wechat:login': { pending: {}, done: { [a]: longer } } };
    addPending(session, 'wechat', b, login(path), LIFETIME);
    expect(finishedLogin(session, 'wechat', a)?.returnTo).toBe(longer);
    addPending(session, 'wechat', c, login(path), LIFETIME);
    expect(finishedLogin(session, 'wechat', a)?.returnTo).toBe('');
    expect(knownStates(session, 'wechat')).toEqual([b, c, a]);
  });

  it('leave nothing in the session if there are none, and no pending ones', () => {
    const state = stateOf(0, 'a');
    const session: Session = { cart: 3 };
    addPending(session, 'wechat', state, login(), LIFETIME);
    takePending(session, 'wechat', state);
    expect(session).toEqual({ cart: 3 });
  });
});

describe('scan logins', () => {
  const [page, scan, second, phone] = ['a', 'b', 'c', 'd'].map((digit) => stateOf(0, digit)) as [
    string,
    string,
    string,
    string,
  ];
  const scanLogin = (returnTo: string): PendingLogin => ({ ...login(returnTo), flow: 'scan' });

  /** A session with a login on a page, two scan logins, and a login of a phone that finishes another one. */
  function sessionWithAll(): Session {
    const session: Session = {};
    addPending(session, 'wechat', page, login('/page'), LIFETIME);
    addPending(session, 'wechat', scan, scanLogin('/scan'), LIFETIME);
    addPending(session, 'wechat', phone, { ...login(), scan: 'ticket' }, LIFETIME);
    addPending(session, 'wechat', second, scanLogin('/second'), LIFETIME);
    return session;
  }

  it('are collected by the PC, never by a callback, and each only once', () => {
    const session = sessionWithAll();
    expect(takePending(session, 'wechat', scan)).toBeUndefined();
    expect(takeScanLogin(session, 'wechat', page)).toBeUndefined();
    expect(takeScanLogin(session, 'wechat', phone)).toBeUndefined();
    expect(takeScanLogin(session, 'wechat', scan)).toMatchObject({ flow: 'scan', returnTo: '/scan' });
    expect(takeScanLogin(session, 'wechat', scan)).toBeUndefined();
    expect(takePending(session, 'wechat', phone)).toMatchObject({ scan: 'ticket' });
    expect(statesIn(session, 'pending')).toEqual([page, second]);
  });

  it('are listed with their states, the oldest one first', () => {
    const listed = scanLoginsIn(sessionWithAll(), 'wechat');
    expect(listed.map(([state, { returnTo }]) => [state, returnTo])).toEqual([
      [scan, '/scan'],
      [second, '/second'],
    ]);
    expect(scanLoginsIn({}, 'wechat')).toEqual([]);
  });

  it('are dropped together with those of a phone, and no other login is', () => {
    const session = sessionWithAll();
    expect(dropScanLogins(session, 'wechat')).toEqual([scan, phone, second]);
    expect(statesIn(session, 'pending')).toEqual([page]);
    const records = session['wechat:login'];
    expect(dropScanLogins(session, 'wechat')).toEqual([]);
    expect(session['wechat:login']).toBe(records);
  });

  it('name their ticket by a text', () => {
    expect([ticketOf({ scan: 'ticket' }), ticketOf({})]).toEqual(['ticket', undefined]);
    expect(ticketOf({ scan: 7 } as unknown as PendingLogin)).toBeUndefined();
  });
});

describe('the record of a finished login', () => {
  const state = stateOf(0, 'a');
  /** What a session remembers of a login with these facts. */
  const remembered = (facts: { returnTo: string; appid?: string }): ReturnType<typeof finishedLogin> => {
    const session: Session = {};
    recordFinished(session, 'wechat', { state, ...facts });
    return finishedLogin(session, 'wechat', state);
  };

  it.each(['/', '/a b c', '/lines\nof text', ''])(
    'holds the return path %j, and the AppID if there is one',
    (returnTo) => {
      expect(remembered({ returnTo })).toEqual({ returnTo, appid: undefined });
      expect(remembered({ returnTo, appid: 'wx0123456789abcdef' })).toEqual({
        returnTo,
        appid: 'wx0123456789abcdef',
      });
    },
  );

  it('keeps its AppID if there is no room for its path', () => {
    const session: Session = {};
    recordFinished(session, 'wechat', {
      state,
      returnTo: `/${'a'.repeat(900)}`,
      appid: 'wx0123456789abcdef',
    });
    addPending(session, 'wechat', stateOf(0, 'b'), login(`/${'b'.repeat(1_000)}`), LIFETIME);
    expect(finishedLogin(session, 'wechat', state)).toEqual({ returnTo: '', appid: 'wx0123456789abcdef' });
  });

  it('says when the newest login finished, which other logins do not change', () => {
    const session: Session = {};
    expect(finishedAt(session, 'wechat')).toBeUndefined();
    const before = Date.now();
    recordFinished(session, 'wechat', { state, returnTo: '/' });
    const at = finishedAt(session, 'wechat') ?? 0;
    expect(at >= before && at <= Date.now()).toBe(true);
    addPending(session, 'wechat', stateOf(0, 'b'), login(), LIFETIME);
    bindPending(session, 'wechat', { isBound: true });
    expect(finishedAt(session, 'wechat')).toBe(at);
  });

  it.each<[string, object]>([
    ['no login has finished', { pending: {}, done: {}, at: 5 }],
    ['its time is unknown', { pending: {}, done: { [state]: '/' } }],
    ['its time is not a number', { pending: {}, done: { [state]: '/' }, at: '5' }],
  ])('has no time if %s', (_what, records) => {
    const session: Session = { 'wechat:login': records };
    addPending(session, 'wechat', stateOf(0, 'b'), login(), LIFETIME);
    expect('at' in (session['wechat:login'] as object)).toBe(false);
    expect(finishedAt(session, 'wechat')).toBeUndefined();
  });
});

describe('a session whose id changes', () => {
  it('keeps its root and its logins if it has an id, and gets no record otherwise', () => {
    const session: Session = Object.assign(Object.create({ regenerate: () => undefined }) as Session, {
      id: 'an id',
    });
    addPending(session, 'wechat', stateOf(0, 'a'), login(), LIFETIME);
    const { root } = sessionIdsOf(session, 'wechat') ?? {};
    recordRoot(session, 'wechat');
    session['id'] = 'another id';
    expect(sessionIdsOf(session, 'wechat')?.root).toBe(root);
    expect(sessionIdsOf(session, 'wechat')?.id).not.toBe(root);
    expect(statesIn(session, 'pending')).toEqual([stateOf(0, 'a')]);
    const withoutId: Session = {};
    recordRoot(withoutId, 'wechat');
    expect(withoutId).toEqual({});
  });
});

describe('records that nothing changes', () => {
  it('are not written again', () => {
    const session: Session = {};
    recordFinished(session, 'wechat', { state: stateOf(0, 'a'), returnTo: '/' });
    let records = session['wechat:login'];
    bindPending(session, 'wechat', { isBound: true });
    expect(takePending(session, 'wechat', stateOf(0, 'b'))).toBeUndefined();
    expect(session['wechat:login']).toBe(records);
    ensureLinkId(session, 'wechat');
    records = session['wechat:login'];
    ensureLinkId(session, 'wechat');
    expect(session['wechat:login']).toBe(records);
  });
});
