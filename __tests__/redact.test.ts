import fc from 'fast-check';
import { redact } from '../lib/redact';

const SECRET = '91_Ab-c+d/e=f.g~h!0123456789';

describe('redact', () => {
  it.each<[string, (secret: string) => string]>([
    ['raw', (secret) => secret],
    ['percent-encoded', encodeURIComponent],
    ['percent-encoded in small letters', (secret) => encodeURIComponent(secret).toLowerCase()],
    ['percent-encoded twice', (secret) => encodeURIComponent(encodeURIComponent(secret))],
    ['as a form', (secret) => new URLSearchParams({ a: secret }).toString()],
    [
      'every character percent-encoded',
      (secret) => secret.replace(/./g, (char) => `%${char.charCodeAt(0).toString(16)}`),
    ],
    ['with \\/ as WeChat writes it', (secret) => secret.replaceAll('/', '\\/')],
    ['with \\\\/ in a JSON in a JSON', (secret) => secret.replaceAll('/', '\\\\\\/')],
    [
      'with \\u003d as some JSON writers do',
      (secret) => secret.replace(/[=+]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
    ],
    ['base64', (secret) => Buffer.from(secret).toString('base64')],
    ['base64url', (secret) => Buffer.from(secret).toString('base64url')],
  ])('masks a secret that is %s', (_form, written) => {
    const text = `before ${written(SECRET)} after`;
    const masked = redact(text, [undefined, SECRET]);
    expect(masked).toContain('***');
    expect(masked).toMatch(/^before .*after$/);
    expect(masked).not.toContain(written(SECRET).slice(4, 20));
  });

  it('masks any secret of 16 characters or more in any text, at every offset of base64', () => {
    const secret = fc.string({
      unit: fc.constantFrom(...Array.from('abzAZ09-_+/=.~')),
      minLength: 16,
      maxLength: 120,
    });
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (hidden, before, after) => {
        const forms = [
          hidden,
          encodeURIComponent(hidden),
          JSON.stringify(hidden),
          Buffer.from(before + hidden + after).toString('base64'),
          Buffer.from(before + hidden + after).toString('base64url'),
        ];
        for (const form of forms) {
          const masked = redact(`${before} ${form} ${after}`, [hidden]);
          expect(masked).not.toContain(hidden);
          expect(masked).not.toContain(encodeURIComponent(hidden));
          expect(Buffer.from(masked.replaceAll('***', 'AAAA'), 'base64').toString('latin1')).not.toContain(
            hidden,
          );
        }
        // Each offset of base64: what the secret determines is gone.
        for (const offset of [0, 1, 2]) {
          const encoded = Buffer.from('x'.repeat(offset) + hidden + 'xx').toString('base64');
          const core = encoded.slice(4, 4 + Math.floor((hidden.length - 3) / 3) * 4);
          expect(redact(encoded, [hidden])).not.toContain(core);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('masks what stands behind the name of a secret, though the secret is not known', () => {
    for (const text of [
      '{"access_token":"91_unknownunknown","x":1}',
      '{\\"refresh_token\\":\\"91_unknownunknown\\"}',
      'https://h/x?secret=91_unknownunknown&y=1',
      'session_key: 91_unknownunknown==',
      'x%26code%3D91_unknownunknown%26',
    ]) {
      expect(redact(text, [])).not.toContain('unknownunknown');
    }
  });

  it('leaves words alone', () => {
    const words =
      'invalid code, rid: 66c69111-0a1b2c3d-4e5f6071, hints: [ req_id: abcDEF0123 ] state: ok, code: 40029';
    expect(redact(words, ['short', '', SECRET])).toBe(words);
  });

  it.each([
    ['backslashes', '\\'.repeat(400), '\\'.repeat(100_000)],
    ['percent signs', '%'.repeat(400), '%25'.repeat(50_000)],
    ['one letter', 'a'.repeat(400), 'a'.repeat(399).concat('b').repeat(50)],
    ['signs of a pattern', '(a+)+$[^'.repeat(20), 'a'.repeat(100_000)],
  ])('does not stumble over endless %s', (_what, secret, text) => {
    const started = performance.now();
    redact(text, [secret]);
    redact(`code=${text}`, [secret]);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
