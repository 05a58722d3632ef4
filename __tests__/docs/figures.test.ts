// The figures that other pages quote from docs/benchmarks.md are those of its tables.
import { CHINESE, ENGLISH, read, translationOf } from './pages';

const BENCHMARKS = 'docs/benchmarks.md';

interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The tables of a text, in order. */
function tablesOf(text: string): Table[] {
  return [...text.matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) => {
    const [columns = [], , ...rows] = table
      .trim()
      .split('\n')
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.replaceAll('*', '').trim()),
      );
    return { columns, rows };
  });
}

interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly decimals: number;
}

/** The figure that a cell consists of. */
function figureIn(cell = ''): Figure | undefined {
  const [, digits, unit = ''] = /^([\d,]+(?:\.\d+)?) ?(ms|µs|kB|MB|)$/.exec(cell) ?? [];
  if (digits === undefined) return undefined;
  return {
    value: Number(digits.replaceAll(',', '')),
    unit,
    decimals: /\.(\d+)/.exec(digits)?.[1]?.length ?? 0,
  };
}

/** Whether a figure is another one, rounded to fewer digits. */
function isRounded(rounded: Figure | undefined, exact: Figure | undefined): boolean {
  if (!rounded || !exact) return false;
  return (
    rounded.unit === exact.unit &&
    exact.value.toFixed(rounded.decimals) === rounded.value.toFixed(rounded.decimals)
  );
}

/**
 * The rows of a contender: those with exactly its name, or otherwise those that begin with it, such as
 * “wechat-oauth by hand, cookie-session”.
 */
function rowsOf({ rows }: Table, contender: string): readonly (readonly string[])[] {
  const exact = rows.filter(([name]) => name === contender);
  return exact.length > 0 ? exact : rows.filter(([name = '']) => new RegExp(`^${contender}[ ,]`).test(name));
}

/** Whether one column of a table has all of these figures, in rows of their contenders under the same conditions. */
function holds(
  table: Table,
  contenders: readonly string[],
  figures: readonly (Figure | undefined)[],
): boolean {
  const all = contenders.map((contender) => rowsOf(table, contender));
  const [first = []] = all;
  return table.columns.some((_, column) =>
    first.some((__, run) =>
      figures.every((figure, at) => isRounded(figure, figureIn(all[at]?.[run]?.[column]))),
    ),
  );
}

/** The rows of a README's table of contenders in which each contender has a figure. */
function measuredRows(
  text: string,
): { contenders: string[]; name: string; figures: (Figure | undefined)[] }[] {
  return tablesOf(text)
    .filter(({ columns: [, first] }) => first === 'express-wechat-auth')
    .flatMap(({ columns, rows }) => {
      const contenders = columns.slice(1).map((column) => /^[\w-]+/.exec(column)?.[0] ?? column);
      return rows.flatMap(([name = '', ...cells]) => {
        const figures = cells.map(figureIn);
        return figures.every(Boolean) ? [{ contenders, name, figures }] : [];
      });
    });
}

describe('the figures of the READMEs', () => {
  const tables = tablesOf(read(BENCHMARKS));

  it.each(['README.md', 'README.zh-CN.md'])('are in a table of the benchmarks: %s', (readme) => {
    const measured = measuredRows(read(readme));
    expect(measured).toHaveLength(2);
    const wrong = measured.filter(
      ({ contenders, figures }) => !tables.some((table) => holds(table, contenders, figures)),
    );
    expect(wrong).toEqual([]);
  });

  it('are compared, each with the row of its contender', () => {
    const [table] = tablesOf(
      '| | p50 | p99 |\n| - | - | - |\n| a | 6.4 ms | 9 ms |\n| b by hand | 8.6 ms | 7 ms |\n',
    );
    const figures = (...cells: string[]): (Figure | undefined)[] => cells.map(figureIn);
    const isFound = (...cells: string[]): boolean =>
      table !== undefined && holds(table, ['a', 'b'], figures(...cells));
    expect([isFound('6 ms', '9 ms'), isFound('9 ms', '7 ms')]).toEqual([true, true]);
    expect([isFound('7 ms', '9 ms'), isFound('9 ms', '6 ms'), isFound('6', '9')]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

/**
 * A figure in a row and a column of the benchmarks, in the first table whose second column has this heading or whose
 * first row has this name.
 */
function measured(mark: string, row: string, column: number): number {
  const table = tablesOf(read(BENCHMARKS)).find(({ columns, rows }) =>
    [columns[1], rows[0]?.[0]].includes(mark),
  );
  return figureIn(table?.rows.find(([name]) => name === row)?.[column])?.value ?? NaN;
}

/** The logins a second without delay, 32 at once. */
function mostLogins(): number {
  const [, text = ''] = read(BENCHMARKS).split('\nWithout delay:\n');
  const [table] = tablesOf(text);
  const row = table?.rows.find(([name, atOnce]) => name === 'express-wechat-auth' && atOnce === '32');
  return figureIn(row?.at(-1))?.value ?? NaN;
}

const OURS = 'express-wechat-auth';
const AXIOS = 'express-wechat-auth, by axios';
const cpu = (row: string, column: number): number => measured('first 300 logins', row, column);
const account = (column: number): number => measured('heap', 'one of 1,000 accounts (`account`)', column);
const cookie = (row: string): number => measured('session as JSON, bytes', row, 2);

interface Quote {
  readonly page: string;
  /** The quoting sentence in English and in Chinese, with a group for each figure. */
  readonly sentences: readonly [RegExp, RegExp];
  /** What the figures must be, as the page writes them. */
  readonly figures: () => readonly string[];
}

/** Rounds down, or up, to a multiple. */
const down = (value: number, step: number): string => String(Math.floor(value / step) * step);
const up = (value: number, step: number): string => String(Math.ceil(value / step) * step);
const cookieSizes = (): readonly string[] => [
  down(cookie('a short nickname'), 50),
  up(cookie('four emoji sequences'), 50),
];

const QUOTES: readonly Quote[] = [
  {
    page: 'docs/project/decisions.md',
    sentences: [
      /takes (\S+) of the CPU time of one with axios in a fresh process, and (\S+) in/,
      /是经 axios 的 (\S+) 倍（新进程）或 (\S+) 倍/,
    ],
    figures: () => [1, 4].map((column) => (cpu(OURS, column) / cpu(AXIOS, column)).toFixed(2)),
  },
  {
    page: 'docs/guides/accounts/many-accounts.md',
    sentences: [
      /takes about (\S+) kB of memory and (\S+) ms before its first login/,
      /首次登录之前约占 (\S+) kB 内存、耗时 (\S+) ms/,
    ],
    figures: () => [account(1).toFixed(0), account(2).toFixed(1)],
  },
  {
    page: 'docs/scaling.md',
    sentences: [
      /serves more than (\d+) logins a second with 32 at once .* Plan with half of that, (\d+)\./,
      /32 个并发时每秒能完成 (\d+) 多次登录.*请按一半，即 (\d+) 次/,
    ],
    figures: () => [down(mostLogins(), 100), String(Number(down(mostLogins(), 100)) / 2)],
  },
  {
    page: 'docs/scaling.md',
    sentences: [/cookie of cookie-session has (\d+) to (\d+) bytes/, /会话 cookie 为 (\d+) 至 (\d+) 字节/],
    figures: cookieSizes,
  },
  {
    page: 'docs/sessions.md',
    sentences: [/cookie of (\d+) to (\d+) bytes/, /(\d+) 至 (\d+) 字节/],
    figures: cookieSizes,
  },
];

const plain = (page: string): string => read(page).replaceAll(/\s+/g, ' ');

describe('a page that quotes the benchmarks', () => {
  it.each(QUOTES)('has the figures of their tables: $page $sentences.0', ({ page, sentences, figures }) => {
    const [, ...english] = sentences[0].exec(plain(page)) ?? [];
    const [, ...chinese] = sentences[1].exec(plain(translationOf(page))) ?? [];
    expect([english, chinese]).toEqual([figures(), figures()]);
  });

  it('is compared: each page that says “measured”, with a link to them', () => {
    const link = /\[(?:measured|实测)\]\([^)]*benchmarks\.md/;
    const quoting = [...ENGLISH, ...CHINESE].filter((page) => link.test(read(page)));
    const compared = QUOTES.flatMap(({ page }) => [page, translationOf(page)]);
    expect(quoting.length).toBeGreaterThan(4);
    expect(quoting.filter((page) => !compared.includes(page))).toEqual([]);
  });
});

it('the tables of the benchmarks have the same figures in both languages', () => {
  const figures = (page: string): unknown[] =>
    tablesOf(read(page)).map(({ rows }) =>
      rows.map(([, ...cells]) => cells.map((cell) => cell.match(/[\d.]+/g) ?? [])),
    );
  expect(figures(translationOf(BENCHMARKS))).toEqual(figures(BENCHMARKS));
});
