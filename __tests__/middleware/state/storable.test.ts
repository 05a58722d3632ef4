// Whether a user can be saved in a session, and which field of it is at fault or too large.
import { asJSON, largestField, userFault } from '../../../lib/middleware/state/storable';

const circle: Record<string, unknown> = { name: 'a' };
circle['self'] = circle;

/** An object with one inside of the other. */
function nested(levels: number): object {
  let value: object = { end: 1n };
  for (let level = 1; level < levels; level++) value = { a: value };
  return value;
}

const throwing = (error: unknown) => ({
  toJSON: () => {
    throw error;
  },
});

describe('a user', () => {
  it.each([
    ['plain data', { id: 1, names: ['a', null], at: new Date(0) }],
    ['functions and symbols, which JSON leaves out', { a: () => 1, b: Symbol('x') }],
    ['a toJSON() that returns a text', { toJSON: () => 'text' }],
    ['one object twice', { a: { b: 1 }, c: [{ b: 1 }] }],
    ['a deep object', Object.assign(nested(400), { a: 1 })],
  ])('with %s can be saved', (_what, user) => {
    expect(userFault(user)).toBeUndefined();
  });

  it.each<[object, string]>([
    [{ nothing: null, id: 1n }, 'user.id is a BigInt; make it a string'],
    [{ id: 1n }, 'user.id is a BigInt; make it a string'],
    [{ list: [1, { id: 1n }] }, 'user.list[1].id is a BigInt; make it a string'],
    [{ fine: 1, a: { b: circle } }, 'user.a.b.self refers back to an object that contains it (a circle)'],
    [{ sound: { x: 1 }, again: { y: 1n } }, 'user.again.y is a BigInt; make it a string'],
    [{ a: throwing(new RangeError('x')) }, 'the toJSON() of user.a throws RangeError'],
    [{ a: throwing('text') }, 'the toJSON() of user.a throws a value that is not an error'],
    [{ toJSON: () => ({ id: 1n }) }, 'user.id is a BigInt; make it a string'],
    [
      {
        get a(): number {
          throw new TypeError('x');
        },
      },
      'reading user.a throws TypeError',
    ],
    [{ toJSON: () => undefined }, 'user becomes undefined as JSON, because its toJSON() returns that'],
    [{ toJSON: () => null }, 'user becomes null as JSON, because its toJSON() returns that'],
    [{ toJSON: () => false }, 'user becomes false as JSON, because its toJSON() returns that'],
    [{ toJSON: () => 0 }, 'user becomes 0 as JSON, because its toJSON() returns that'],
    [{ toJSON: () => '' }, 'user becomes "" as JSON, because its toJSON() returns that'],
  ])('cannot be saved if a field is at fault: %#', (user, fault) => {
    expect(userFault(user)).toBe(fault);
  });

  it('cannot be saved if it has more than 500 levels and one of them is at fault', () => {
    expect(userFault(nested(501))).toBe(`${'user.a'.padEnd(100, '.a')}… has more than 500 levels`);
    expect(userFault(nested(500))).toMatch(/^user(?:\.a){499}\.end is a BigInt/);
  });

  it('is searched once for each object, however often it refers to it', () => {
    let reads = 0;
    let value: object = {
      get end(): number {
        reads += 1;
        return 1;
      },
    };
    for (let level = 0; level < 10; level++) value = { a: value, b: value };
    expect(userFault({ value, last: 1n })).toBe('user.last is a BigInt; make it a string');
    // JSON.stringify() reads it by each of 1,024 paths.
    expect(reads).toBe(1_024 + 1);
  });
});

describe('a value as JSON', () => {
  it('is its text, nothing, or the fault', () => {
    expect(asJSON({ a: 1 }, 'data')).toEqual({ json: '{"a":1}' });
    expect(asJSON(undefined, 'data')).toStrictEqual({});
    expect(asJSON({ a: 1n }, 'data')).toEqual({ fault: 'data.a is a BigInt; make it a string' });
    expect(asJSON(1n, 'data')).toEqual({ fault: 'data is a BigInt; make it a string' });
    // Nothing is at fault when the fields are read a second time.
    let isFirst = true;
    const inconsistent = {
      toJSON: () => {
        if (!isFirst) return {};
        isFirst = false;
        throw new Error('x');
      },
    };
    expect(asJSON(inconsistent, 'data')).toEqual({ fault: 'data cannot be written as JSON' });
  });
});

describe('the largest field', () => {
  const x = (length: number): string => 'x'.repeat(length);

  it.each<[object, string, number]>([
    [{ a: x(10), b: x(100) }, 'user.b', 102],
    [{ a: { b: { c: x(100) }, d: 1 } }, 'user.a.b.c', 102],
    [{ a: { b: x(60), c: x(60), d: x(60) } }, 'user.a', 202],
    [{ a: x(6), b: x(6), c: x(6) }, 'user', 40],
    [{ a: x(20), b: x(9) }, 'user.a', 22],
    [{ a: x(20), b: x(10) }, 'user', 45],
    [{ list: [x(1), x(100)] }, 'user.list.1', 102],
    [{ a: '中'.repeat(20), b: x(40) }, 'user.a', 62],
    [{}, 'user', 2],
    [[null], 'user.0', 4],
    [['x'], 'user.0', 3],
    [{ a: undefined, b: x(20) }, 'user.b', 22],
  ])(
    'is the innermost one with at least half of the bytes of the object around it: %#',
    (value, path, bytes) => {
      expect(largestField(value, 'user')).toEqual({ path, bytes });
    },
  );
});
