// The guides have the same content in both languages, and names that exist in the code. docs/pages.test.ts
// checks their links.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { ERROR_KINDS } from '../../lib';
import { ENGLISH as PAGES, proseOf, read, ROOT, translationOf } from '../docs/pages';

const ENGLISH = PAGES.filter((page) => page.startsWith('docs/guides/'));
const ALL = ENGLISH.flatMap((file) => [file, translationOf(file)]);
describe('the guides', () => {
  it('exist in both languages', () => {
    expect(ENGLISH.length).toBeGreaterThan(8);
    const folders = ['docs/guides', 'docs/zh-CN/guides'];
    const files = folders.flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.md'))
        .map((name) => `${folder}/${name}`),
    );
    expect(files.sort()).toEqual([...ALL].sort());
  });

  it.each(ENGLISH)('%s has the same headings, rows and list items as its translation', (file) => {
    const shapeOf = (page: string): string[] =>
      proseOf(page)
        .split('\n')
        .flatMap((line) => /^(?:#+(?= )|- |\d+\. |\|)/.exec(line)?.[0] ?? [])
        .map((sign) => (/^\d/.test(sign) ? '1. ' : sign));
    expect(shapeOf(translationOf(file))).toEqual(shapeOf(file));
  });

  it.each(ENGLISH)('%s names the same options, kinds and routes as its translation', (file) => {
    const namesIn = (page: string): string[] =>
      [...new Set([...proseOf(page).matchAll(/`([^`\n]+)`/g)].map(([, name = '']) => name))].sort();
    expect(namesIn(translationOf(file))).toEqual(namesIn(file));
  });

  it.each(ALL)('%s names only kinds of errors and warnings that exist', (file) => {
    const text = proseOf(file);
    const kinds = [...text.matchAll(/kind(?:s| 为| 是)? (?:\[)?`(\w+)`/g)].map(([, kind = '']) => kind);
    expect(kinds.filter((kind) => !(ERROR_KINDS as readonly string[]).includes(kind))).toEqual([]);
    const warnings = read('docs/warnings.md');
    const codes = [...text.matchAll(/`(WECHAT_(?:COOKIE|TRUST|NO|OTHER|MEMORY|LOGIN)_\w+)`/g)];
    expect(codes.filter(([, code = '']) => !warnings.includes(code)).map(([, code]) => code)).toEqual([]);
  });
});
