// The commands that the pages print exist, and so do their options.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../../../lib/cli/run';
import { startApp } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { PAGES, blocksOf, linesOf, read } from '../blocks';
import { namesPage } from './proofs';

describe('the commands in the documentation', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  /** Programs that a reader has, or that the page says how to get. */
  const PROGRAMS = [
    'npm',
    'npx',
    'node',
    'curl',
    'openssl',
    'docker',
    'nginx',
    'git',
    'redis-cli',
    'export',
    // For the pages about the emulator beside apps in other languages.
    'php',
    'python3',
    'go',
    'ruby',
    'java',
    'keytool',
    'dotnet',
    '.ci/run',
  ];
  /** Commands of other packages that `npx` runs. */
  const OF_OTHER_PACKAGES = ['jest', 'vitest', 'tsc', 'tsx', 'eslint', 'prettier', 'playwright'];

  /** The commands of a text, each with its place. */
  const commandsIn = (text: string, place: string): { place: string; words: string[] }[] =>
    text
      .replaceAll(/\\\n\s*/g, ' ')
      .split(/\n|&&|;|\|/)
      .map((command) => ({
        place,
        words: command
          .trim()
          .replace(/^\$ /, '')
          .replace(/^(?:[A-Z_]+=\S*\s*)+/, '')
          .split(/\s+/),
      }))
      .filter(({ words: [first = ''] }) => first !== '');

  const commands = [
    ...PAGES.flatMap(blocksOf)
      .filter(({ language }) => ['sh', 'bash', 'console', 'shell'].includes(language))
      .flatMap((block) => commandsIn(linesOf(block).join('\n'), `${block.page}:${block.line}`)),
    ...PAGES.flatMap((page) =>
      [...read(page).matchAll(/`((?:npx|npm) [^`\n]+)`/g)].flatMap(([, text = '']) => commandsIn(text, page)),
    ),
  ];

  const help = async (...args: string[]): Promise<{ status: number; text: string }> => {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    const status = await run([...args, '--help'], {
      env: {},
      out: print,
      err: print,
      stopped: Promise.resolve(),
    });
    return { status, text: lines.join('\n') };
  };

  it('are programs that a reader has, or scripts of package.json', () => {
    expect(commands.length).toBeGreaterThan(5);
    const wrong = commands.filter(({ words: [program = '', first = '', second = ''] }) => {
      if (!PROGRAMS.includes(program)) return true;
      if (program === 'npm')
        return first === 'run'
          ? !(second in scripts)
          : !['ci', 'test', 'install', 'ls', 'pack', 'pkg'].includes(first);
      if (program === 'npx') return ![...OF_OTHER_PACKAGES, 'express-wechat-auth'].includes(first);
      return false;
    });
    expect(wrong.map(({ place, words }) => `${place} ${words.join(' ')}`)).toEqual([]);
  });

  it('of this package exist, with every option that a page uses', async () => {
    const ours = commands.filter(
      ({ words: [program, name] }) => program === 'npx' && name === 'express-wechat-auth',
    );
    expect(ours.length).toBeGreaterThan(1);
    for (const { place, words } of ours) {
      const [, , command = '', ...options] = words;
      const { status, text } = await help(command);
      expect([place, command, status]).toEqual([place, command, 0]);
      for (const option of options.filter((each) => each.startsWith('--')))
        expect([place, command, text]).toEqual([
          place,
          command,
          expect.stringContaining(option.replace(/=.*/, '')),
        ]);
    }
  });
});

/** Lines that no test runs, by their beginning. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'npm ci': 'it installed this repository',
  'npm install ': 'it asks npm’s registry; packed/install.test.ts installs the tarball',
  'npm run bench': 'it takes minutes',
  'npm run mutation': 'it takes hours',
  'npm run soak': 'it takes minutes',
  'npm test': 'it runs this test',
  'docker ': 'it needs Docker',
  'dotnet run': 'it needs .NET',
};

const TESTS = {
  languages: 'emulator/standing-in/languages.test.ts',
  run: 'docs/run.test.ts',
  clientCodes: 'guides/client-codes.test.ts',
  typescript: 'docs/proofs/typescript.test.ts',
} as const;

/** Tests that run lines of a page. A test runs the whole block in which the line is. */
const RUN_ELSEWHERE: readonly (readonly [page: RegExp, line: RegExp, test: keyof typeof TESTS])[] = [
  [
    /emulator\/(?:php|python|go|ruby|java)\.md$/,
    /^(?:export|CA=|keytool|php|python3|go|ruby|java) ?/,
    'languages',
  ],
  [/emulator\/dotnet\.md$/, /^export /, 'languages'],
  [/emulator\/control-api\.md$/, /^curl /, 'languages'],
  [/emulator\/standing-in\.md$/, /^curl /, 'languages'],
  [/emulator\/node\.md$/, /^node --env-file=\.env login\.mjs$/, 'languages'],
  [/guides\/(?:mini-programs|mobile-apps)\.md$/, /^curl /, 'clientCodes'],
  [/guides\/from-(?:wechat-oauth|passport-wechat)\.md$/, /^(?:export |node before\.js$)/, 'languages'],
  [/typescript\.md$/, /^(?:npm pkg set|npx tsc --init) /, 'typescript'],
  [/\.md$/, /^node --env-file=\.env app\.mjs$/, 'run'],
];

describe('every line for a shell', () => {
  useEmulator();
  const folder = mkdtempSync(path.join(tmpdir(), 'commands-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const lines = [...PAGES, 'CONTRIBUTING.md', 'CHANGELOG.md'].flatMap((page) =>
    blocksOf(page)
      .filter(({ language }) => ['sh', 'bash', 'console', 'shell'].includes(language))
      .flatMap((block) =>
        linesOf(block)
          .join('\n')
          .replaceAll(/\\\n\s*/g, '')
          .split('\n')
          .map((line) => ({ page, line })),
      ),
  );
  const ours = lines.filter(({ line }) => line.startsWith('npx express-wechat-auth '));

  it('is run by a test, or a row says why not', () => {
    const isKnown = ({ page, line }: (typeof lines)[number]): boolean =>
      Object.keys(NOT_RUN).some((start) => line.startsWith(start)) ||
      RUN_ELSEWHERE.some(([pages, pattern]) => pages.test(page) && pattern.test(line));
    const rest = lines.filter((each) => !ours.includes(each) && !isKnown(each));
    expect(rest).toEqual([]);
  });

  it('is in a page that the test of its row names, or the same as a line there', () => {
    const wrong = lines.flatMap(({ page, line }) => {
      if (Object.keys(NOT_RUN).some((start) => line.startsWith(start))) return [];
      const rows = RUN_ELSEWHERE.filter(([pages, pattern]) => pages.test(page) && pattern.test(line));
      const pages = lines.filter((each) => each.line === line).map((each) => each.page);
      return rows.flatMap(([, , test]) =>
        pages.some((each) => namesPage(TESTS[test], each))
          ? []
          : [`${TESTS[test]} does not name ${page}: ${line}`],
      );
    });
    expect(wrong).toEqual([]);
  });

  it('has no row that is out of date', () => {
    expect(Object.keys(NOT_RUN).filter((start) => !lines.some(({ line }) => line.startsWith(start)))).toEqual(
      [],
    );
    expect(
      RUN_ELSEWHERE.filter(
        ([pages, pattern]) => !lines.some(({ page, line }) => pages.test(page) && pattern.test(line)),
      ),
    ).toEqual([]);
  });

  /**
   * Runs a command as printed, with other ports and files. A command that does not end is stopped as by
   * Ctrl+C.
   */
  async function runLine(line: string, appURL: string): Promise<{ status: number; out: string }> {
    const [, , ...words] = line.replace(/ > \S+$/, '').split(/\s+/);
    const args = words.map((word, index) => {
      const before = words[index - 1] ?? '';
      if (/^--(?:proxy-)?port$/.test(before)) return '0';
      if (['--ca-dir', '--config', '--env-file'].includes(before))
        return path.join(folder, path.basename(word));
      return before === '--url' ? appURL : word;
    });
    // The default port may be in use: by another emulator of the developer.
    if (words[0] === 'emulator' && !words.includes('--port')) args.push('--port', '0');
    const out: string[] = [];
    let stop = (): void => undefined;
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    const print = (text: string): void => {
      out.push(text);
      if (text.includes('Ctrl+C')) stop();
    };
    const { appId, appSecret } = emulator.apps.official;
    const env = {
      HOME: folder,
      WECHAT_APP_ID: appId,
      WECHAT_APP_SECRET: appSecret,
      WECHAT_OPEN_URL: emulator.url,
      WECHAT_API_URL: emulator.url,
    };
    const status = await run(args, { env, out: print, err: print, stopped });
    return { status, out: out.join('\n') };
  }

  it.each([...new Set(ours.map(({ line }) => line))])('works: %s', async (line) => {
    const config = blocksOf('docs/emulator/control-api.md').find(({ language }) => language === 'json');
    writeFileSync(path.join(folder, 'wechat.json'), config?.code ?? '');
    writeFileSync(path.join(folder, '.env'), 'SESSION_KEY=key\n');
    const app = await startApp(emulator, { auth: { website: undefined } });
    try {
      const { status, out } = await runLine(line, app.url);
      expect([status, out]).toEqual([0, expect.any(String)]);
      if (line.includes('--json')) expect(JSON.parse(out)).toMatchObject({ ok: true });
    } finally {
      await app.close();
    }
  });
});
