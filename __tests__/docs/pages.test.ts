// The pages have working links, equal headings in both languages, and a row for everything public in the
// code.
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ERROR_KINDS, WeChatAPIError, WechatAuthError } from '../../lib';
import { WARNING_CODES } from '../../lib/warnings';
import { memberNames, parametersOf } from '../support/compiler/types';
import { anchorsOf, CHINESE, ENGLISH, linkTo, proseOf, read, ROOT, translationOf } from './pages';

const PAGES = ['CHANGELOG.md', 'CONTRIBUTING.md', ...ENGLISH, ...CHINESE];

/** The words that a reader sees. A Chinese word has about two characters. */
function wordsIn(text: string): number {
  const shown = text.replaceAll(/<!--[\s\S]*?-->/g, '').replaceAll(/\]\([^)]*\)/g, ']');
  const chinese = shown.match(/\p{Script=Han}/gu)?.length ?? 0;
  const words = shown.replaceAll(/\p{Script=Han}+/gu, ' ').match(/\S*[\p{L}\p{N}]\S*/gu)?.length ?? 0;
  return words + chinese / 2;
}

describe('the documentation', () => {
  it.each(['docs/errors.md', 'docs/zh-CN/errors.md'])(
    'has a section for every kind of error in %s',
    (file) => {
      expect(anchorsOf(file).slice(1)).toEqual([...ERROR_KINDS]);
    },
  );

  it.each(['docs/errors.md', 'docs/zh-CN/errors.md'])(
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

  it.each([
    ['docs/errors.md', 'en'],
    ['docs/zh-CN/errors.md', 'zh'],
  ] as const)('gives the remedy that each error carries in %s', (file, language) => {
    const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
    for (const kind of ERROR_KINDS) {
      const { remedy } = new WechatAuthError(kind, '');
      const section =
        new RegExp(`^## ${kind}$([\\s\\S]*?)(?=^## |(?![\\s\\S]))`, 'm').exec(read(file))?.[1] ?? '';
      const [, shown = ''] = /(?:\*\*Remedy\.\*\*|\*\*处理\*\*：)([\s\S]*)$/.exec(section) ?? [];
      expect(`${kind}: ${plain(shown)}`).toBe(`${kind}: ${plain(remedy[language])}`);
    }
  });

  it.each(['docs/options.md', 'docs/zh-CN/options.md'])(
    'has a row for every option of wechatAuth() in %s',
    (file) => {
      const options = memberNames('WechatAuthOptions');
      expect(options.length).toBeGreaterThan(15);
      const rows = read(file)
        .split('\n')
        .filter((line) => line.startsWith('| `'))
        .join('\n');
      expect(options.filter((option) => !new RegExp(`\`${option}\\b`).test(rows))).toEqual([]);
    },
  );

  it.each(['docs/options.md', 'docs/zh-CN/options.md'])(
    'has a row for every member of req.wechat in %s',
    (file) => {
      const members = memberNames('WechatContext');
      expect(members.length).toBeGreaterThan(5);
      expect(members.filter((member) => !new RegExp(`^\\| \`${member}\\b`, 'm').test(read(file)))).toEqual(
        [],
      );
    },
  );

  it.each(['docs/options.md', 'docs/zh-CN/options.md'])(
    'gives the arguments of every method of req.wechat in %s',
    (file) => {
      const [, section = ''] = read(file).split('\n## req.wechat\n');
      const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)(?:\(([^)]*)\))?`/gm)];
      const written = rows.map(([, name = '', args]): [string, string[] | undefined] => {
        const names = args?.match(/\w+/g) ?? [];
        if (args?.startsWith('{')) return [name, ['{', ...names.sort(), '}']];
        return [name, args === undefined ? undefined : names];
      });
      expect(written).toEqual(written.map(([name]) => [name, parametersOf('WechatContext', name)]));
    },
  );

  it.each(['docs/errors.md', 'docs/zh-CN/errors.md'])(
    'lists every kind of error at the top of %s, with a link to its entry',
    (file) => {
      const rows = [...read(file).matchAll(/^\| \[`(\w+)`\]\(([^)]*)\)/gm)];
      expect(rows.map(([, kind, link]) => [kind, link])).toEqual(
        ERROR_KINDS.map((kind) => [kind, `#${kind}`]),
      );
    },
  );

  it.each(['README.md', 'README.zh-CN.md'])('can be read in five minutes, code included: %s', (file) => {
    expect(wordsIn(read(file))).toBeLessThanOrEqual(1500);
  });

  it.each([
    ['README.md', 'a release candidate', 'docs'],
    ['README.zh-CN.md', '候选版本', 'docs/zh-CN'],
  ])(
    'says which release it is, and where the docs are that npm does not install: %s',
    (file, candidate, docs) => {
      const { version } = JSON.parse(read('package.json')) as { version: string };
      const [start = ''] = read(file).split('![');
      const prerelease = /\b\d+\.\d+\.\d+(?:-[\w.]+)?/.exec(start)?.[0];
      expect([prerelease, start.includes(candidate)]).toEqual([version, version.includes('-rc.')]);
      expect(start).toContain(
        `<https://github.com/express-wechat-auth/express-wechat-auth/tree/HEAD/${docs}>`,
      );
    },
  );

  it.each([
    ['Two words, and `code`: [a link](page.md) that counts.', 8],
    ['<!-- not shown -->| a | row |', 2],
    ['微信登录 for Express', 4],
    ['- – · → 1', 1],
  ])('counts the words of %s', (text, words) => {
    expect(wordsIn(text)).toBe(words);
  });

  it.each(['README.md', 'README.zh-CN.md'])(
    'shows what it is, a picture, code for production and the start on the first screens: %s',
    (file) => {
      const [first = '', second = ''] = read(file).split(/^## /m);
      expect(wordsIn(first.replaceAll(/```[\s\S]*?```/g, ''))).toBeLessThan(120);
      const picture = /!\[[^\]]+\]\(([^)]+\.png)\)/.exec(first)?.[1] ?? 'none';
      // npm shows only pictures with an absolute address; this one leads to a file of the repository.
      const committed =
        /^https:\/\/raw\.githubusercontent\.com\/[^/]+\/[^/]+\/HEAD\/(.+)$/.exec(picture)?.[1] ?? 'none';
      expect(statSync(path.join(ROOT, committed)).size).toBeLessThan(200_000);
      expect(first.indexOf(picture)).toBeLessThan(first.indexOf('```ts'));
      expect(second).toContain('npx express-wechat-auth emulator');
    },
  );

  it.each(['docs/warnings.md', 'docs/zh-CN/warnings.md'])('has a row for every warning in %s', (file) => {
    const rows = [...read(file).matchAll(/^\| `(WECHAT_\w+)`/gm)].map(([, code = '']) => code);
    expect(rows.sort()).toEqual([...WARNING_CODES].sort());
  });

  it.each([
    ['SECURITY.md', ['Promises', 'OAuth threats']],
    [translationOf('SECURITY.md'), ['保证', 'OAuth 威胁']],
  ])('names an existing test for every promise of %s', (file, headings) => {
    const tests = readdirSync(path.join(ROOT, '__tests__'), { recursive: true, encoding: 'utf8' }).map(
      (name) => `__tests__/${name}`,
    );
    const named = [...read(file).matchAll(/`(__tests__\/[^`]+)`/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(40);
    const rows = headings.flatMap((heading) =>
      (read(file).split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '')
        .split('\n')
        .filter((line) => line.startsWith('| '))
        .slice(2),
    );
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter((row) => !/`__tests__\/|\| (?:not applicable: |不适用：)/.test(row))).toEqual([]);
    expect(
      named.filter((name) => !tests.some((file) => new RegExp(`^${name.replaceAll('*', '.*')}$`).test(file))),
    ).toEqual([]);
  });

  it('names the same code, RFC sections and tests in each row and item of SECURITY.md in both languages', () => {
    const facts = (page: string): string[] =>
      read(page)
        .split(/^(?=\| |- |#|$)/m)
        .map((part) =>
          [...part.matchAll(/`[^`]+`|\bRFC \d+|(?<![\d.])\d(?:\.\d+)+|not applicable|不适用/g)]
            .map(([fact]) => (fact === '不适用' ? 'not applicable' : fact))
            .sort()
            .join(' '),
        )
        .filter((found) => found !== '');
    expect(facts('SECURITY.md').length).toBeGreaterThan(80);
    expect(facts(translationOf('SECURITY.md'))).toEqual(facts('SECURITY.md'));
  });

  it('has no broken link between its pages', () => {
    const broken = PAGES.flatMap((page) =>
      [...proseOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(
        ([link, file = '', anchor]) => {
          const target = file ? path.posix.join(path.posix.dirname(page), file) : page;
          const exists =
            existsSync(path.join(ROOT, target)) &&
            (anchor === undefined || anchorsOf(target).includes(decodeURIComponent(anchor)));
          return exists ? [] : [`${page}: ${link}`];
        },
      ),
    );
    expect(broken).toEqual([]);
  });

  it('says in Chinese which links lead to pages in English', () => {
    const links = CHINESE.flatMap((page) =>
      [...proseOf(page).matchAll(/\[([^\]]+)\]\((?!https?:|#)([^)#]+\.md)[^)]*\)(（英文）)?/g)].map(
        ([link, text, file = '', mark]) => ({
          link: `${page}: ${link}`,
          // The link to the page's own translation says so itself.
          isMarked: mark !== undefined || text === 'English',
          isEnglish: !CHINESE.includes(path.posix.join(path.posix.dirname(page), file)),
        }),
      ),
    );
    expect(links.length).toBeGreaterThan(300);
    expect(links.filter(({ isMarked, isEnglish }) => isMarked !== isEnglish)).toEqual([]);
  });

  it('sets maxAge for every cookie-session, in docs/api too, except in the app of a test', () => {
    const reference = readdirSync(path.join(ROOT, 'docs/api'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => `docs/api/${file}`);
    const sessions = [...PAGES, ...reference].flatMap((page) =>
      [...read(page).matchAll(/cookieSession\(\{([^}]*)\}/g)].map(([, options = '']) => ({ page, options })),
    );
    expect(sessions.length).toBeGreaterThan(50);
    const without = sessions.filter(({ options }) => !/\bmaxAge: \d/.test(options));
    expect(without.map(({ page }) => page)).toEqual(['docs/emulator.md', 'docs/zh-CN/emulator.md']);
  });

  it('says on each page that an official account has two callback domains', () => {
    const counts = (pages: readonly string[], pattern: RegExp): string[] =>
      pages.flatMap((page) =>
        [...read(page).matchAll(pattern)].map(([, count, inTable = '']) => count ?? inTable),
      );
    const english = /\b(\w+)(?: callback domains?)? \(网页授权域名\)|^\| (\w+) domains per account/gm;
    expect(new Set(counts(ENGLISH, english))).toEqual(new Set(['two']));
    expect(counts(ENGLISH, english)).toHaveLength(3);
    const chinese = /服务号只能填(\S+?)网页授权域名|^\| 每个账号(\S+?)域名 /gm;
    expect(new Set(counts(CHINESE, chinese))).toEqual(new Set(['两个']));
    expect(counts(CHINESE, chinese)).toHaveLength(3);
  });

  it.each(ENGLISH)('has the same headings, rows and blocks of code in both languages: %s', (file) => {
    // A row counts by the code in its first cell: names are not translated, but their order may differ
    // between languages.
    const shape = (page: string): string[] =>
      [...read(page).matchAll(/^(?:(#+) |(\|) ([^|]*)\||( *```\w*))/gm)].map(
        ([, heading, row, cell = '', fence]) =>
          heading ?? fence ?? [row, ...[...cell.matchAll(/`[^`]*`/g)].map(([code]) => code).sort()].join(' '),
      );
    expect(shape(translationOf(file))).toEqual(shape(file));
  });

  it('has a page in both languages, or in neither', () => {
    expect([...CHINESE].sort()).toEqual(ENGLISH.map(translationOf).sort());
  });

  it.each(ENGLISH)('links to the other language at the top: %s', (file) => {
    const top = (page: string): string => read(page).split('\n').slice(0, 25).join('\n');
    expect(top(file)).toContain(`[中文](${linkTo(translationOf(file), file)})`);
    expect(top(translationOf(file))).toContain(`[English](${linkTo(file, translationOf(file))})`);
  });

  it.each(ENGLISH)('links to pages of the same language: %s', (file) => {
    const targets = (page: string): string[] =>
      [...proseOf(page).matchAll(/\]\((?!https?:)([^)#]+\.md)(?:#[^)]*)?\)/g)].map(([, link = '']) =>
        path.posix.join(path.posix.dirname(page), link),
      );
    expect(targets(file).filter((target) => CHINESE.includes(target))).toEqual([translationOf(file)]);
    expect(targets(translationOf(file)).filter((target) => ENGLISH.includes(target))).toEqual([file]);
  });
});
