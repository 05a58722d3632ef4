// The sentences about the causes of a lost login.
import { CAUSES, refusalCause, type Cause } from '../../../../lib/middleware/failures/lost-session/causes';

const name = { name: 'session' };
const where = { domain: 'a.example.com', host: 'b.example.com' };
const REFUSALS = ['secure', 'domain', 'prefix', 'none', 'size', 'expired'] as const;

/** The words with which the doctor names a cookie. */
const NAMED = { en: 'session', zh: '名为 session 的 cookie' };

const SENTENCES: readonly Cause[] = [
  ...[undefined, NAMED].flatMap((cookie) => [
    ...REFUSALS.map((refusal) => refusalCause(refusal, where, cookie)),
    CAUSES.sameSiteStrict(cookie),
    CAUSES.path({ path: '/shop', callback: '/callback' }, cookie),
    CAUSES.maxAge({ ms: 2000 }, cookie),
  ]),
  CAUSES.secure.untrustedProxy(),
  CAUSES.secure.silentProxy(),
  CAUSES.secure.callbackOverHTTP(),
  CAUSES.signature(name),
  CAUSES.sameName(name),
  CAUSES.replaced(name),
  CAUSES.gone(),
  CAUSES.navigation.otherHost({ from: 'a.example.com', to: 'b.example.com' }),
  CAUSES.navigation.hostOfOtherAccount({ from: 'a.example.com', to: 'b.example.com' }),
  CAUSES.navigation.frame(),
  CAUSES.navigation.untrustedProxy(),
];

describe('the Chinese sentences about a lost login', () => {
  it.each(SENTENCES)('separate Chinese characters by no space: $id, $what.zh', ({ what, remedy }) => {
    expect(`${what.zh}。${remedy.zh}`).not.toMatch(/[\p{Script=Han}，。：；、）」] +[\p{Script=Han}（「]/u);
  });

  it.each(SENTENCES)('have no colon, because one stands before them: $id, $what.zh', ({ what }) => {
    expect(what.zh).not.toContain('：');
  });

  it.each(SENTENCES)('separate Chinese from Latin letters by a space: $id, $what.zh', ({ what, remedy }) => {
    expect(`${what.zh}。${remedy.zh}`).not.toMatch(/\p{Script=Han}[\w-]|\w\p{Script=Han}/u);
  });
});

describe('a strict cookie', () => {
  it('is named without a consequence, which the warning and the doctor name themselves', () => {
    const { en, zh } = CAUSES.sameSiteStrict().what;
    expect(en).not.toMatch(/lost/);
    expect(zh).not.toMatch(/丢失/);
  });
});
