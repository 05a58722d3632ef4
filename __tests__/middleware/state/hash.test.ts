import crypto from 'node:crypto';
import { hash, isSameMAC, sha256, shortHash } from '../../../lib/middleware/state/hash';

describe('hashes', () => {
  it('are the SHA-256 of a text in hex digits, in every release of Node', () => {
    const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(sha256('abc')).toBe(expected);
    const oneShot = Object.getOwnPropertyDescriptor(crypto, 'hash');
    Object.defineProperty(crypto, 'hash', { value: undefined, configurable: true });
    try {
      // Node before 20.12
      expect(sha256('abc')).toBe(expected);
    } finally {
      if (oneShot) Object.defineProperty(crypto, 'hash', oneShot);
      else Reflect.deleteProperty(crypto, 'hash');
    }
  });

  it('differ for lists that have the same text when they are joined', () => {
    expect(hash(['ab', 'c'])).not.toBe(hash(['a', 'bc']));
    expect(hash(['ab', 'c'])).toBe(hash(['ab', 'c']));
    expect(shortHash(['ab', 'c'])).toBe(hash(['ab', 'c']).slice(0, 32));
    expect(shortHash(['ab', 'c'])).toHaveLength(32);
  });
});

describe('a MAC', () => {
  it.each([
    ['abcd', true],
    ['abce', false],
    ['abc', false],
    ['abcde', false],
    ['', false],
    // As many characters, and more bytes.
    ['abcé', false],
  ])('is compared as a whole: %j', (given, expected) => {
    expect(isSameMAC(given, 'abcd')).toBe(expected);
  });
});
