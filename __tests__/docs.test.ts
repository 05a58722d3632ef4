import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { ERROR_KINDS, WeChatAPIError, WechatAuthError } from '../lib';
import { WARNING_CODES } from '../lib/warnings';

const ROOT = path.resolve(__dirname, '..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

const DOCS = readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .map((file) => `docs/${file.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.md'));
const PAGES = [
  'README.md',
  'README.zh-CN.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...(existsSync(path.join(ROOT, 'CONTRIBUTING.md')) ? ['CONTRIBUTING.md'] : []),
  ...DOCS,
];
/** The English pages that have a Chinese twin: all but the generated reference. */
const ENGLISH = ['README.md', ...DOCS.filter((file) => !/^docs\/api\/|\.zh-CN\.md$/.test(file))];
const twinOf = (file: string): string => file.replace(/\.md$/, '.zh-CN.md');

/** A page without its blocks of code, in which nothing is a heading or a link. */
const proseOf = (file: string): string => read(file).replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');

/** The anchors that a heading gets, as GitHub makes them: one that comes again, with a number. */
function anchorsOf(file: string): string[] {
  const seen = new Map<string, number>();
  return [...proseOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

/** The names of an interface's members, as the source declares them. */
function membersOf(file: string, name: string): string[] {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
  const found = source.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === name);
  return found && ts.isInterfaceDeclaration(found)
    ? found.members.map((member) => member.name?.getText(source) ?? '')
    : [];
}

describe('the documentation', () => {
  it.each(['docs/errors.md', 'docs/errors.zh-CN.md'])('has a row for every kind of error in %s', (file) => {
    expect(anchorsOf(file).slice(1)).toEqual([...ERROR_KINDS]);
  });

  it.each(['docs/errors.md', 'docs/errors.zh-CN.md'])(
    'names the right status of every kind in %s',
    (file) => {
      const sections = read(file).split(/^## /m).slice(1);
      for (const section of sections) {
        const [kind = '', , facts = ''] = section.split('\n');
        const { status, retryable } = new WechatAuthError(kind as (typeof ERROR_KINDS)[number], '');
        expect(`${kind}: ${facts}`).toContain(`HTTP ${status}`);
        expect([kind, /worth a retry|可重试/.test(facts)]).toEqual([kind, retryable]);
        for (const [code = ''] of facts.replace(/^HTTP \d+/, '').matchAll(/-?\d+/g)) {
          expect([code, new WeChatAPIError(Number(code), '').kind]).toEqual([code, kind]);
        }
      }
    },
  );

  it.each(['README.md', 'README.zh-CN.md'])('has a row for every option of wechatAuth() in %s', (file) => {
    const options = membersOf('lib/middleware/options/options.ts', 'WechatAuthOptions');
    expect(options.length).toBeGreaterThan(15);
    const rows = read(file)
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .join('\n');
    expect(options.filter((option) => !new RegExp(`\`${option}\\b`).test(rows))).toEqual([]);
  });

  it.each(['README.md', 'README.zh-CN.md'])('has a row for every member of req.wechat in %s', (file) => {
    const members = membersOf('lib/middleware/req-wechat.ts', 'WechatContext');
    expect(members.length).toBeGreaterThan(5);
    expect(members.filter((member) => !new RegExp(`^\\| \`${member}\\b`, 'm').test(read(file)))).toEqual([]);
  });

  it.each(['README.md', 'README.zh-CN.md'])(
    'has a row for every kind of error in %s, which leads to its entry',
    (file) => {
      const entries = file.replace('README', 'docs/errors');
      const rows = [...read(file).matchAll(/^\| \[`(\w+)`\]\(([^)]*)\)/gm)];
      expect(rows.map(([, kind, link]) => [kind, link])).toEqual(
        ERROR_KINDS.map((kind) => [kind, `${entries}#${kind}`]),
      );
    },
  );

  it.each(['README.md', 'README.zh-CN.md'])('can be read in five minutes: %s', (file) => {
    expect(read(file).split('\n').length).toBeLessThanOrEqual(350);
  });

  it.each(['docs/warnings.md', 'docs/warnings.zh-CN.md'])('has a row for every warning in %s', (file) => {
    const rows = [...read(file).matchAll(/^\| `(WECHAT_\w+)`/gm)].map(([, code = '']) => code);
    expect(rows.sort()).toEqual([...WARNING_CODES].sort());
  });

  it('promises no security that a test does not hold', () => {
    const tests = readdirSync(path.join(ROOT, '__tests__'), { recursive: true, encoding: 'utf8' }).map(
      (name) => `__tests__/${name}`,
    );
    const named = [...read('SECURITY.md').matchAll(/`(__tests__\/[^`]+)`/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(
      named.filter((name) => !tests.some((file) => new RegExp(`^${name.replaceAll('*', '.*')}$`).test(file))),
    ).toEqual([]);
  });

  it('has no link inside that leads nowhere', () => {
    const broken = PAGES.flatMap((page) =>
      [...proseOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(
        ([link, file = '', anchor]) => {
          const target = file ? path.posix.join(path.posix.dirname(page), file) : page;
          const leads =
            existsSync(path.join(ROOT, target)) &&
            (anchor === undefined || anchorsOf(target).includes(decodeURIComponent(anchor)));
          return leads ? [] : [`${page}: ${link}`];
        },
      ),
    );
    expect(broken).toEqual([]);
  });

  it.each(ENGLISH)('has the same headings, rows and blocks of code in both languages: %s', (file) => {
    // Of a row, what is code in its first cell: names, which nobody translates, though their order may be the language's.
    const shape = (page: string): string[] =>
      [...read(page).matchAll(/^(?:(#+) |(\|) ([^|]*)\||( *```\w*))/gm)].map(
        ([, heading, row, cell = '', fence]) =>
          heading ?? fence ?? [row, ...[...cell.matchAll(/`[^`]*`/g)].map(([code]) => code).sort()].join(' '),
      );
    expect(shape(twinOf(file))).toEqual(shape(file));
  });

  it.each(ENGLISH)('leads from one language to the other at its top: %s', (file) => {
    const name = path.basename(file);
    const top = (page: string): string => read(page).split('\n').slice(0, 25).join('\n');
    expect(top(file)).toContain(`[中文](${twinOf(name)})`);
    expect(top(twinOf(file))).toContain(`[English](${name})`);
  });

  it.each(ENGLISH)('stays in its language where there is a choice: links in %s', (file) => {
    const strays = (page: string, wrong: (link: string) => boolean): string[] =>
      [...proseOf(page).matchAll(/\]\((?!https?:)([^)#]+\.md)(?:#[^)]*)?\)/g)]
        .map(([, link = '']) => link)
        .filter((link) => link !== twinOf(path.basename(file)) && link !== path.basename(file))
        .filter(wrong);
    const target = (link: string): string => path.posix.join(path.posix.dirname(file), link);
    expect(strays(file, (link) => link.endsWith('.zh-CN.md'))).toEqual([]);
    expect(strays(twinOf(file), (link) => ENGLISH.includes(target(link)))).toEqual([]);
  });
});
