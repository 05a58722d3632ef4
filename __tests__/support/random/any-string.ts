import fc, { type StringConstraints } from 'fast-check';

/** Half surrogates are no characters. */
const [SURROGATES, COUNT] = [0xd800, 0x800];

const CHARACTER = fc.nat(0x10ffff - COUNT).map(
  (index) => String.fromCodePoint(index < SURROGATES ? index : index + COUNT),
  (value) => {
    const code = typeof value === 'string' ? value.codePointAt(0) : undefined;
    if (code === undefined || value !== String.fromCodePoint(code)) throw new Error('not one character');
    if (code < SURROGATES) return code;
    if (code < SURROGATES + COUNT) throw new Error('a half surrogate');
    return code - COUNT;
  },
);

/**
 * The strings of `fc.string({ unit: 'binary' })`, which puts each of the 1.1 million characters of Unicode into a
 * map: that takes a second and 100 MB in each suite.
 */
export function anyString(constraints: StringConstraints = {}): fc.Arbitrary<string> {
  return fc.string({ ...constraints, unit: CHARACTER });
}
