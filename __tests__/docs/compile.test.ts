// The code that the pages print compiles.
import { COMPILED, PAGES, blocksOf, fileOf, type Block } from './blocks';
import { errorsIn } from './compile';
import { proseOf } from './pages';

// The compiler needs a while on a busy machine.
jest.setTimeout(120_000);

describe('the code of the pages', () => {
  const blocks = PAGES.flatMap(blocksOf);

  it('compiles as a user would compile it', () => {
    const compiled = blocks.filter(
      ({ language, exempt }) => COMPILED.includes(language) && exempt === undefined,
    );
    expect(compiled.length).toBeGreaterThan(30);
    expect(errorsIn(blocks)).toEqual([]);
  });

  it('has no session cookie that ends with the browser, except in tests', () => {
    const sessions = blocks.filter(({ code, page }) => {
      const isForTests = /^docs\/(?:zh-CN\/)?(?:testing|emulator)\.md$/.test(page);
      return !isForTests && code.includes('cookieSession({');
    });
    expect(sessions.length).toBeGreaterThan(30);
    const endless = sessions.filter(({ code }) => !code.includes('maxAge'));
    expect(endless.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  });

  it('has a `secure` session cookie, or its page says where to read about `secure`', () => {
    const open = blocks.filter(
      ({ code, page }) =>
        /^docs\/(?:zh-CN\/)?guides\//.test(page) &&
        /(?:cookieSession|session)\(\{/.test(code) &&
        !/\bsecure\b/.test(code),
    );
    expect(open.length).toBeGreaterThan(20);
    const silent = open.filter(
      ({ page }) => !/`secure`[^\n]*\]\((?:\.\.\/)+deployment\.md\)/.test(proseOf(page)),
    );
    expect(silent.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  });

  it('can be copied into a JavaScript file where it has no types: environment variables without `!`, one spelling of a key', () => {
    const codes = blocks.map(({ page, line, code }) => ({ where: `${page}:${line}`, code }));
    const found = (pattern: RegExp): string[] =>
      codes.filter(({ code }) => pattern.test(code)).map(({ where }) => where);
    expect(found(/process\.env(?:\.\w+|\[[^\]]*\])!/)).toEqual([]);
    expect(found(/cookieSession\(\{[^}]*\bkeys:/)).toEqual([]);
    expect(found(/cookieSession\(\{[^}]*\bsecret:/).length).toBeGreaterThan(30);
  });

  it('is marked as not compiled only with a reason', () => {
    const exempt = blocks.filter((block) => block.exempt !== undefined);
    expect(
      exempt.filter((block) => (block.exempt ?? '').length < 5).map(({ page, line }) => `${page}:${line}`),
    ).toEqual([]);
  });
});

it.each([
  ['docs/guides/one-person-two-apps.md', ['accounts.ts', 'auth.ts'], 'Account'],
  ['docs/guides/accounts/own-users-table.md', ['users.ts', 'auth.ts'], '{ id: string; nickname: string }'],
])('compiles with the user type that the app declares: %s', (page, names, type) => {
  const blocks = blocksOf(page);
  const codes = names.map((name) => blocks.find((block) => fileOf(block) === name)?.code ?? '');
  // A block that augments a module is compiled alone.
  const errorsWith = (user: string): string[] =>
    errorsIn([
      {
        page,
        language: 'ts',
        line: 1,
        continues: false,
        exempt: undefined,
        given: '',
        code: `${codes.join('\n').replaceAll(/^import .* from '\.\/.*\n/gm, '')}
          interface Db { query<Row>(sql: string, values: readonly unknown[]): Promise<Row[]> }
          declare const db: Db;
          declare function transaction<T>(work: (db: Db) => Promise<T>): Promise<T>;
          export const id = (req: import('express').Request) => req.wechat.user?.id.length;
declare module 'express-wechat-auth' { interface AppTypes { user: ${user} } }`,
      },
    ]);
  expect(errorsWith(type)).toEqual([]);
  expect(errorsWith('{ id: number }')).not.toEqual([]);
});

it('reports a wrong option, an undeclared name and a forgotten mark', () => {
  const block = (line: number, code: string, rest: Partial<Block> = {}): Block => ({
    page: 'made-up.md',
    language: 'ts',
    line,
    code,
    continues: false,
    exempt: undefined,
    given: '',
    ...rest,
  });
  const USER = "import type { AppUser } from 'express-wechat-auth';\n";
  const errors = errorsIn([
    block(1, "import { wechatAuth } from 'express-wechat-auth';\nwechatAuth({ baseUrl: '' });\n"),
    block(11, 'wechatAuth();\n', { continues: true }),
    block(21, 'wechatAuth();\n'),
    block(31, 'app.use(1);\n', { given: 'declare const app: { use(text: string): void };' }),
    block(41, "const app = { use: Number };\napp.use('1');\n", { given: 'declare const app: string;' }),
    block(51, 'nowhere();\n', { exempt: 'made up' }),
    // The augmentation of one block does not apply to another.
    block(
      61,
      `${USER}const user: AppUser = { id: 1 };\ndeclare module 'express-wechat-auth' { interface AppTypes { user: { id: 1 } } }\n`,
    ),
    block(71, `${USER}const user: AppUser = { id: 1 };\n`),
    // Other blocks import a block that is not compiled; the errors inside it do not count.
    block(
      81,
      "// count.ts\nimport none from 'none';\nexport const count = (text: string): number => none(text);\n",
      {
        exempt: 'none is not installed',
      },
    ),
    block(91, "import { count } from './count.js';\ncount('a').toFixed();\ncount(1);\n"),
  ]);
  expect(errors).toEqual([
    expect.stringMatching(/^made-up.md:2 .*baseUrl/),
    expect.stringMatching(/^made-up.md:2 .*baseUrl/),
    expect.stringMatching(/^made-up.md:21 .*wechatAuth/),
    expect.stringMatching(/^made-up.md:31 .*number/),
    expect.stringMatching(/^made-up.md:72 .*openid/),
    expect.stringMatching(/^made-up.md:93 .*number/),
  ]);
});
