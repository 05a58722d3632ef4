// CONTRIBUTING.md is correct: its tree is the repository's, and its commands are those of package.json.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const PAGE = read('CONTRIBUTING.md');

/**
 * Folders whose line covers everything below them. The line of any other folder of lib/ covers its files, but
 * not its subfolders.
 */
const COVERS_EVERYTHING =
  /^(?:lib\/emulator\/[\w-]+\/|lib\/cli\/doctor\/|__tests__\/[\w-]+\/|docs\/|bench\/|example-app\/|\.ci\/|\.github\/)/;

interface Line {
  /** From the top of the repository; a folder ends in a slash. */
  readonly path: string;
  readonly words: string;
}

/** The lines of a tree; one with several names counts for each. */
function linesOf(tree: string): Line[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, rails, names, words = ''] =
      /^((?:[│ ] {3})*)[├└]── (\S+(?:, \S+)*)(?: {2,}(.*))?$/.exec(line) ?? [];
    if (rails === undefined || names === undefined) return [];
    above.length = rails.length / 4;
    const found = names.split(', ').map((name) => ({ path: above.join('') + name, words }));
    if (names.endsWith('/')) above.push(names);
    return found;
  });
}

/** The hidden files that belong to the repository; others come from editors and systems. */
const HIDDEN = ['.ci/', '.github/', '.gitignore', '.prettierignore'];

/** The files and folders that belong to the repository. */
function entriesOf(root: string, folder = ''): string[] {
  const ignored = readFileSync(path.join(root, '.gitignore'), 'utf8').split('\n');
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = entry.isDirectory() ? `${entry.name}/` : entry.name;
    const isIgnored =
      (name.startsWith('.') && !HIDDEN.includes(name)) ||
      ignored.some(
        (pattern) => pattern === name || (pattern.startsWith('*.') && name.endsWith(pattern.slice(1))),
      );
    if (isIgnored) return [];
    const found = folder + name;
    return entry.isDirectory() ? [found, ...entriesOf(root, found)] : [found];
  });
}

/** What is wrong in a tree, each with what to do. */
function faultsOf(lines: readonly Line[], entries: readonly string[]): string[] {
  const listed = lines.map((line) => line.path);
  const isCovered = (entry: string): boolean => {
    if (listed.includes(entry)) return true;
    const whole = COVERS_EVERYTHING.exec(entry)?.[0];
    if (whole !== undefined) return whole !== entry && listed.includes(whole);
    const folder = /^lib\/[\w-]+\/(?=.*\.ts$)(?:[\w-]+\/)*/.exec(entry)?.[0];
    return folder !== undefined && listed.includes(folder);
  };
  return [
    ...entries.filter((entry) => !isCovered(entry)).map((entry) => `${entry} is missing: give it a line`),
    ...listed
      .filter((each) => !entries.includes(each))
      .map((each) => `${each} does not exist: remove its line`),
    ...listed.filter((each, at) => listed.indexOf(each) < at).map((each) => `${each} has two lines`),
    ...lines.filter(({ words }) => words === '').map((line) => `${line.path} has no description`),
  ];
}

describe('CONTRIBUTING.md', () => {
  const tree = /^```\n\.\n([\s\S]*?)^```$/m.exec(PAGE)?.[1] ?? '';

  it('lists every file and folder of the repository once, and nothing else', () => {
    const lines = linesOf(tree);
    // No line of the tree is skipped by the parser.
    expect(
      tree
        .trim()
        .split('\n')
        .filter((line) => linesOf(line.replace(/^.*?(?=[├└])/, '')).length === 0),
    ).toEqual([]);
    expect(lines.length).toBeGreaterThan(50);
    expect(faultsOf(lines, entriesOf(ROOT))).toEqual([]);
  });

  it('names every command of package.json, and no other', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> };
    const commands = Object.keys(scripts).filter((name) => name !== 'prepack');
    const named = [...PAGE.matchAll(/`npm (?:run )?([\w:-]+)`/g)].map(([, name = '']) => name);
    expect([...new Set(named)].filter((name) => name !== 'ci').sort()).toEqual(commands.sort());
  });

  it('says what .ci/run does', () => {
    const steps = [...read('.ci/run').matchAll(/^npm (?:run )?([\w:-]+)/gm)].map(([, step = '']) => step);
    expect(steps).toEqual(['ci', 'test', 'lint:code', 'lint:format', 'typecheck', 'build', 'package-check']);
    expect(PAGE).toContain('install, tests, lint, types, build, package checks');
  });

  it('names only paths that exist', () => {
    const paths = [
      ...PAGE.replace(tree, '').matchAll(/`(?:npx jest )?((?:\.ci|__tests__|lib|docs)\/[\w./-]*)`/g),
    ];
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.map(([, name = '']) => name).filter((name) => !existsSync(path.join(ROOT, name)))).toEqual(
      [],
    );
  });

  it('is checked by a test that finds missing, removed and repeated entries, and entries without words', () => {
    const made = linesOf(
      [
        '├── lib/      code',
        '│   ├── a.ts  one',
        '│   └── b.ts',
        '├── c.md, d.md  two',
        '└── c.md  again',
      ].join('\n'),
    );
    expect(made.map((line) => line.path)).toEqual(['lib/', 'lib/a.ts', 'lib/b.ts', 'c.md', 'd.md', 'c.md']);
    expect(
      faultsOf(made, [
        'lib/',
        'lib/a.ts',
        'lib/new.ts',
        'lib/emulator/sns/x.ts',
        'lib/stores/',
        'c.md',
        'd.md',
      ]),
    ).toEqual([
      'lib/new.ts is missing: give it a line',
      'lib/emulator/sns/x.ts is missing: give it a line',
      'lib/stores/ is missing: give it a line',
      'lib/b.ts does not exist: remove its line',
      'c.md has two lines',
      'lib/b.ts has no description',
    ]);
    expect(entriesOf(ROOT)).toContain('lib/index.ts');
    expect(entriesOf(ROOT).filter((entry) => /^(?:node_modules|dist|\.git)\//.test(entry))).toEqual([]);
  });
});
