// The code of a page is the same in both languages.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { blocksOf, type Block } from './blocks';
import { ENGLISH, ROOT, translationOf } from './pages';
import { differences } from './translations';

describe('the code of the pages in both languages', () => {
  it('has a Chinese page for every English one', () => {
    expect(ENGLISH.filter((page) => !existsSync(path.join(ROOT, translationOf(page))))).toEqual([]);
  });

  it.each(ENGLISH)('is the same except comments and texts: %s', (page) => {
    const [english, chinese] = [blocksOf(page), blocksOf(translationOf(page))];
    const marks = (blocks: Block[]): unknown[] =>
      blocks.map(({ language, continues, exempt, given }) => [
        language,
        continues,
        exempt === undefined,
        given,
      ]);
    expect(marks(chinese)).toEqual(marks(english));
    expect(english.flatMap((block, index) => differences(block, chinese[index] ?? block))).toEqual([]);
  });

  it.each(ENGLISH)('has Chinese comments in the Chinese page: %s', (page) => {
    const comments = blocksOf(translationOf(page))
      .filter(({ language }) => language !== 'text')
      .flatMap(({ code }) =>
        [...code.matchAll(/(?:^|\s)(?:#|\/\/) (.*)$/gm)].map(([, comment = '']) => comment),
      );
    // Three words in a row are a sentence; fewer may be names.
    const isEnglish = (comment: string): boolean =>
      !/\p{Script=Han}/u.test(comment) && /[a-z]{2,} [a-z]+ [a-z]{2,}/i.test(comment);
    expect(comments.filter(isEnglish)).toEqual([]);
  });
});
