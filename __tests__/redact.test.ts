import crypto from 'node:crypto';
import fc from 'fast-check';
import { redact, redactor } from '../lib/redact';

const SECRET = '91_Ab-c+d/e=f.g~h!0123456789';

const FORMS: readonly (readonly [form: string, write: (secret: string) => string])[] = [
  ['raw', (secret) => secret],
  ['percent-encoded', encodeURIComponent],
  ['percent-encoded in lower case', (secret) => encodeURIComponent(secret).toLowerCase()],
  ['percent-encoded twice', (secret) => encodeURIComponent(encodeURIComponent(secret))],
  ['as a form', (secret) => new URLSearchParams({ a: secret }).toString()],
  [
    'with every character percent-encoded',
    (secret) => secret.replace(/./g, (char) => `%${char.charCodeAt(0).toString(16)}`),
  ],
  ['with \\/ as WeChat writes it', (secret) => secret.replaceAll('/', '\\/')],
  ['with \\\\/ in a JSON in a JSON', (secret) => secret.replaceAll('/', '\\\\\\/')],
  ['with \\/ that is percent-encoded', (secret) => encodeURIComponent(secret.replaceAll('/', '\\/'))],
  [
    'with \\u003d as some JSON writers do',
    (secret) => secret.replace(/[=+]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
  ],
  ['base64', (secret) => Buffer.from(secret).toString('base64')],
  ['base64url', (secret) => Buffer.from(secret).toString('base64url')],
  ['hex', (secret) => Buffer.from(secret).toString('hex')],
  ['hex in capitals', (secret) => Buffer.from(secret).toString('hex').toUpperCase()],
  ['base64, percent-encoded', (secret) => encodeURIComponent(Buffer.from(secret).toString('base64'))],
];

describe('redact', () => {
  it('masks the same in one text as in several with the same secrets', () => {
    const texts = [
      ...FORMS.map(([, write]) => `a ${write(SECRET)} b`),
      'no secret',
      '',
      `${SECRET}${SECRET}`,
    ];
    expect(texts.map(redactor([undefined, SECRET]))).toEqual(texts.map((text) => redact(text, [SECRET])));
  });

  it.each(FORMS)('masks a secret that is %s', (_form, write) => {
    const text = `before ${write(SECRET)} after`;
    const masked = redact(text, [undefined, SECRET]);
    expect(masked).toContain('***');
    expect(masked).toMatch(/^before .*after$/);
    expect(masked).not.toContain(write(SECRET).slice(4, 20));
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
        // At each offset of base64, the characters that the secret determines are masked.
        for (const offset of [0, 1, 2]) {
          const encoded = Buffer.from('x'.repeat(offset) + hidden + 'xx').toString('base64');
          const core = encoded.slice(4, 4 + Math.floor((hidden.length - 3) / 3) * 4);
          expect(redact(encoded, [hidden])).not.toContain(core);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('masks exactly the secret, and leaves the text around it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FORMS.slice(0, 4)),
        fc.stringMatching(/^[xyz ,;:]{0,80}$/),
        ([, write], words) => {
          expect(redact(`${words} ${write(SECRET)} ${words}`, [SECRET])).toBe(`${words} *** ${words}`);
        },
      ),
    );
  });

  it('masks a secret with characters outside of ASCII, raw and encoded', () => {
    const secret = '密码👩‍👩‍👧 with sixteen characters';
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret)])
      expect(redact(form, [secret])).not.toMatch(/密|sixteen|%E5/);
  });

  it('masks a part of a secret, which a driver cut at the start or the end', () => {
    const secret = crypto.randomBytes(60).toString('base64url');
    for (const part of [secret.slice(0, 30), secret.slice(20, 45), secret.slice(-12), secret.slice(-10)])
      expect(redact(`SET key "${part}`, [secret])).toBe('SET key "***');
    expect(redact(`SET key "${secret.slice(-9)}`, [secret])).toBe(`SET key "${secret.slice(-9)}`);
  });

  it.each([
    ['after another escape', String.raw`\nabcd0123/45\u0036789`, String.raw`\n***`],
    ['with signs that \\u writes', String.raw`\u0061bcd0123/456789`, '***'],
    ['with percent-encoded backslashes', 'abcd0123%5C%5C%2F456789', '***'],
  ])('masks exactly a secret %s', (_where, text, expected) => {
    expect(redact(`a ${text}0.`, ['abcd0123/4567890'])).toBe(`a ${expected}.`);
  });

  // The number of backslashes before a character does not say how often the text was escaped.
  it('masks the backslashes right before a secret with it: they may escape its first character', () => {
    for (const backslashes of ['\\', '\\\\'])
      expect(redact(`a ${backslashes}${String.raw`abcd0123\/456789`}0.`, ['abcd0123/4567890'])).toBe(
        'a ***.',
      );
  });

  it.each([
    'u0041BCDEFGHIJKLMNOP',
    String.raw`\x0041BCDEFGHIJKLMNOP`,
    String.raw`\u004GBCDEFGHIJKLMNOP`,
    '%4GBCDEFGHIJKLMNOP',
  ])('does not decode %s, which is not an escape', (text) => {
    expect(redact(text, ['ABCDEFGHIJKLMNOP'])).toBe(text);
  });

  it('leaves a word that has some letters in common with a secret', () => {
    const appId = 'wx0f1c1a10e0000001';
    const appSecret = `${appId.slice(2)}a0b1c2d3e4f50617`;
    const text = `the app uses AppID ${appId}, and not ${appSecret}`;
    expect(redact(text, [appSecret])).toBe(`the app uses AppID ${appId}, and not ***`);
    expect(redact(`x${appSecret}y`, [appSecret])).toBe('x***y');
  });

  it.each([
    ['{"access_token:"91_unknownunknown","x":1}', '{"access_token:"***","x":1}'],
    ['{\\"refresh_token\\":\\"91_unknownunknown\\"}', '{\\"refresh_token\\":\\"***\\"}'],
    ['https://h/x?secret=91_unknownunknown&y=1', 'https://h/x?secret=***&y=1'],
    ['session_key: 91_unknownunknown==', 'session_key: ***'],
    ['x%26code%3D91_unknownunknown%26', 'x%26code%3D***'],
    ['code=16_characters_16', 'code=***'],
    ['state: 0123456789abcdef', 'state: ***'],
    ['https://h/x?component_access_token=91_unknownunknown', 'https://h/x?component_access_token=***'],
    ['{"access_token":"91_unknown', '{"access_token":"***'],
    [`91_${'unknown'.repeat(12)}`, '***'],
    [`token 91_${'unknown'.repeat(12)}.`, 'token ***.'],
    [`token/1_${'u'.repeat(64)}`, 'token/***'],
    ['redis://user:unknown@127.0.0.1:6379 is not reached', 'redis://user:***@127.0.0.1:6379 is not reached'],
    [
      "ERR unknown command 'OLDSET', with args beginning with: 'key' '91_unknown'",
      "ERR unknown command 'OLDSET'",
    ],
    ['ERR unknown command `OLDSET` with args beginning with: `key`, \n', 'ERR unknown command `OLDSET`'],
  ])('masks a secret that it was not given, by its name or shape: %s', (text, expected) => {
    expect(redact(text, [])).toBe(expected);
  });

  it.each([
    'state: 0123456789abcde',
    `1_${'a'.repeat(63)}`,
    `x1_${'a'.repeat(64)}`,
    `-1_${'a'.repeat(64)}`,
    `1234_${'a'.repeat(64)}`,
    'http://a.example/user:name/@b',
  ])('leaves %s, which is too short for a secret, or does not look like one', (text) => {
    expect(redact(text, [])).toBe(text);
  });

  it('leaves words alone', () => {
    const words =
      'invalid code, rid: 66c69111-0a1b2c3d-4e5f6071, hints: [ req_id: abcDEF0123 ] state: ok, code: 40029';
    expect(redact(words, ['short', '', SECRET])).toBe(words);
    // A secret of fewer than 16 characters is not masked: it could be a word.
    expect(redact('a session_missing error', ['session_missing'])).toBe('a session_missing error');
    const reason = 'invalid credential, access_token is invalid or not latest; refresh_token missing';
    expect(redact(reason, [SECRET])).toBe(reason);
  });

  it('does not cut a text of 1,000 characters', () => {
    expect(redact('ab '.repeat(334).slice(0, 1_000), [])).toBe('ab '.repeat(334).slice(0, 1_000));
    expect(redact('a'.repeat(1_001), [])).toBe('…');
  });

  it('cuts a text to 1,000 characters, before a word', () => {
    const masked = redact('a word '.repeat(300), []);
    expect(masked.length).toBeLessThanOrEqual(1_001);
    expect(masked).toMatch(/^(?:a word )+(?:a )?…$/);
  });

  it('shows no part of a secret at the place where it cuts the text', () => {
    for (let before = 900; before <= 1_000; before++) {
      const masked = redact(`${' '.repeat(before)}${SECRET}`, [SECRET]);
      expect(masked.replace('***', '').trim().replace('…', '')).toBe('');
    }
  });

  it('replaces control characters, line separators and marks that change the direction of text', () => {
    expect(redact('a\u001b[31mb\r\nc\u0085d\u009be\u2028f\u202eg\u2066h\u007fi', [])).toBe(
      'a\ufffd[31mb  c\ufffdd\ufffde f\ufffdg\ufffdh\ufffdi',
    );
    expect(redact('错误：正常 text, 👩‍👩‍👧', [])).toBe('错误：正常 text, 👩‍👩‍👧');
  });
});

/** Texts and secrets on which backtracking regular expressions, or nested loops, take very long. */
const ADVERSARIAL: readonly (readonly [
  what: string,
  secret: (n: number) => string,
  text: (n: number) => string,
])[] = [
  ['letters and one sign', (n) => `${'a'.repeat(n - 1)}!`, (n) => `${'a'.repeat(n - 1)}!`],
  ['one letter', (n) => 'a'.repeat(n), (n) => `${'a'.repeat(n - 1)}b`],
  ['backslashes', (n) => '\\'.repeat(n), (n) => '\\'.repeat(n)],
  ['percent signs', (n) => '%'.repeat(n), (n) => '%'.repeat(n)],
  ['percent signs that were encoded again', (n) => '%25'.repeat(n / 3), (n) => '%25'.repeat(n / 3)],
  ['digits of a percent sign', (n) => '25'.repeat(n / 2), (n) => '25'.repeat(n / 2)],
  ['escapes', (n) => '\\u0025'.repeat(n / 6), (n) => '\\\\\\u0025'.repeat(n / 8)],
  ['signs of a pattern', (n) => '(a+)+$[^'.repeat(n / 8), (n) => 'a'.repeat(n)],
  ['an open bracket', (n) => '['.repeat(n), (n) => '['.repeat(n)],
  ['names of secrets', (n) => 'z'.repeat(n), (n) => 'code '.repeat(n / 5)],
  ['names of secrets with an equals sign', (n) => 'z'.repeat(n), (n) => 'secret = '.repeat(n / 9)],
  ['beginnings of addresses', (n) => 'z'.repeat(n), (n) => '://a:'.repeat(n / 5)],
  ['blanks', (n) => 'z'.repeat(n), (n) => `code${' '.repeat(n - 4)}`],
];

describe('the cost of redact', () => {
  /**
   * How often a string method reads from a string while redact works: a measure that does not depend on the
   * machine.
   */
  function readsOf(work: () => unknown): number {
    const methods = ['slice', 'charAt', 'startsWith', 'codePointAt', 'charCodeAt'] as const;
    const originals = String.prototype as unknown as Record<
      string,
      (this: string, ...args: unknown[]) => string
    >;
    let count = 0;
    const spies = methods.map((name) => {
      const original = originals[name];
      return jest.spyOn(String.prototype, name as 'slice').mockImplementation(function (
        this: string,
        ...args: unknown[]
      ) {
        count += 1;
        return original?.apply(this, args) ?? '';
      });
    });
    try {
      work();
      return count;
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  }

  it.each(ADVERSARIAL)('grows no faster than the text: %s', (_what, secret, text) => {
    const [small, large] = [240, 960].map((n) => readsOf(() => redact(text(n), [secret(n)]))) as [
      number,
      number,
    ];
    expect(large).toBeLessThan(small * 4.5 + 1_000);
  });

  it.each(ADVERSARIAL)(
    'does not depend on the part of a megabyte of text that is cut off: %s',
    (_what, secret, text) => {
      const [small, large] = [10_000, 1_000_000].map((n) => readsOf(() => redact(text(n), [secret(n)]))) as [
        number,
        number,
      ];
      expect(large).toBeLessThanOrEqual(small + 1_000);
    },
  );

  it.each(ADVERSARIAL)('ends in a short result: %s', (_what, secret, text) => {
    for (const n of [512, 2_000, 100_000]) {
      expect(redact(text(n), [secret(n)]).length).toBeLessThanOrEqual(1_001);
      expect(redact(`code=${text(n)}`, [secret(n), secret(n)]).length).toBeLessThanOrEqual(1_001);
    }
  });

  it.each([512, 2_000, 100_000])('masks a code of %d characters that WeChat repeats', (length) => {
    const code = `${'a'.repeat(length - 1)}!`;
    expect(redact(`invalid code ${code}`, [code])).toMatch(/^invalid code (?:\*\*\*|…)$/);
    const random = crypto.randomBytes(length).toString('base64').slice(0, length);
    expect(redact(`"${random}" is invalid`, [random])).not.toContain(random.slice(0, 10));
  });
});
