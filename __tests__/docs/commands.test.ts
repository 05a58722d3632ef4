// The commands that the pages print exist, and so do their options.
import { run } from '../../lib/cli/run';
import { PAGES, blocksOf, linesOf, read } from './blocks';

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
    // Of the pages about the emulator beside apps in other languages.
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
  const OF_OTHER_PACKAGES = ['jest', 'vitest', 'tsc', 'eslint', 'prettier', 'playwright'];

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
          : !['ci', 'test', 'install', 'ls', 'pack'].includes(first);
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
