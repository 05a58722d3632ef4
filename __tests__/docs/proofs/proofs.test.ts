// Every block of the pages has a proof: it is compiled, a test runs it, or a row in proofs.ts says why neither
// is possible.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ENVIRONMENT } from '../../../lib/middleware/options/environment';
import { PAGES, blocksOf, linesOf, read } from '../blocks';
import { unproved, wrongRows } from './proofs';
import { ENGLISH } from '../pages';

const WITHOUT_TRANSLATION = ['CONTRIBUTING.md', 'CHANGELOG.md'];

describe('the blocks of the pages', () => {
  it.each([...ENGLISH, ...WITHOUT_TRANSLATION])('are all proved to be right: %s', (page) => {
    expect(unproved(page)).toEqual([]);
  });

  it.each([...PAGES, ...WITHOUT_TRANSLATION])('are all found: %s', (page) => {
    const fences = read(page).match(/^ *(?:`{3,}|~{3,})/gm) ?? [];
    expect(fences).toHaveLength(2 * blocksOf(page).length);
  });

  it('have no proof that is out of date', () => {
    expect(wrongRows()).toEqual([]);
  });

  it('import what they use: no page hides imports from its readers', () => {
    const hiding = PAGES.filter((page) => /^ *<!-- given:/m.test(read(page)));
    expect(hiding).toEqual([]);
  });

  it('are JSON where they say so', () => {
    const blocks = PAGES.flatMap(blocksOf).filter(({ language }) => language === 'json');
    expect(blocks.length).toBeGreaterThan(5);
    for (const { code } of blocks) expect(() => JSON.parse(code) as unknown).not.toThrow();
  });

  it('are .env files that Node can read, and name only variables that exist', () => {
    const blocks = PAGES.flatMap(blocksOf).filter(({ language }) => language === 'ini');
    expect(blocks.length).toBeGreaterThan(5);
    const known = [...ENVIRONMENT.values(), 'SESSION_KEY', 'DEBUG', 'EMULATOR'];
    const folder = mkdtempSync(path.join(tmpdir(), 'env-'));
    for (const block of blocks) {
      writeFileSync(path.join(folder, '.env'), block.code);
      const names = linesOf(block).map((line) => line.replace(/=.*/, ''));
      const script = `console.log(JSON.stringify(${JSON.stringify(names)}.map((name) => process.env[name])))`;
      const { stdout } = spawnSync(process.execPath, ['--env-file=.env', '-e', script], {
        cwd: folder,
        env: {},
        encoding: 'utf8',
      });
      expect(names.filter((name) => !known.includes(name))).toEqual([]);
      expect(JSON.parse(stdout)).toEqual(linesOf(block).map((line) => line.replace(/^\w+=/, '')));
    }
    rmSync(folder, { recursive: true });
  });

  it('set no variable in front of a command, which Windows does not understand', () => {
    const lines = PAGES.flatMap(blocksOf)
      .filter(({ language }) => language === 'sh' || language === 'json')
      .flatMap((block) => linesOf(block).map((line) => `${block.page}:${block.line} ${line}`));
    expect(lines.filter((line) => /(?:\s|")[A-Z_]+=\S+ (?:node|npm|npx)\b/.test(line))).toEqual([]);
  });
});
