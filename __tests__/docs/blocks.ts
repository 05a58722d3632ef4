/**
 * The code blocks of the pages. HTML comments before a block mark it:
 *
 * - `<!-- given: … -->`: declarations that the blocks below may use, unless they declare the names themselves.
 * - `<!-- continues -->`: the next block continues the one before it.
 * - `<!-- not compiled: … -->`: the next block is not compiled, and why. Other blocks may import it.
 *
 * A block that starts with `// app.ts` is the file of that name for the other blocks of its page.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ENGLISH, ROOT, translationOf } from './pages';

export interface Block {
  readonly page: string;
  readonly language: string;
  readonly code: string;
  /** The line of the page where the code starts, counted from 1. */
  readonly line: number;
  readonly continues: boolean;
  /** Why the block is not compiled; undefined if it is. */
  readonly exempt: string | undefined;
  /** All declarations that the page has given before this block. */
  readonly given: string;
}

export const read = (page: string): string => readFileSync(path.join(ROOT, page), 'utf8');

/** Every page, in both languages. */
export const PAGES = ENGLISH.flatMap((page) => [page, translationOf(page)]).filter((page) =>
  existsSync(path.join(ROOT, page)),
);

/** The languages that the compiler reads. */
export const COMPILED = ['ts', 'tsx', 'js', 'mjs', 'cjs'];

const MARK = /^<!-- (given:|continues|not compiled:)([\s\S]*?)-->$/;
const COMMENT_OR_BLOCK = /^ *<!--[\s\S]*?-->$|^( *)```(\w*)[^\n]*\n([\s\S]*?)^\1```$/gm;

export function blocksOf(page: string): Block[] {
  const text = read(page);
  const blocks: Block[] = [];
  let given = '';
  let continues = false;
  let exempt: string | undefined;
  for (const found of text.matchAll(COMMENT_OR_BLOCK)) {
    const [whole, indent = '', language = '', code] = found;
    if (code === undefined) {
      const [, mark, rest = ''] = MARK.exec(whole.trim()) ?? [];
      if (mark === 'given:') given += rest;
      else if (mark === 'continues') continues = true;
      else if (mark === 'not compiled:') exempt = rest.trim();
      continue;
    }
    const line = text.slice(0, found.index).split('\n').length + 1;
    const unindented = indent ? code.replaceAll(new RegExp(`^${indent}`, 'gm'), '') : code;
    blocks.push({ page, language, code: unindented, line, continues, exempt, given });
    continues = false;
    exempt = undefined;
  }
  return blocks;
}

/** The code of a page's blocks in this language. */
export function blocksIn(page: string, language: string): string[] {
  return blocksOf(page)
    .filter((block) => block.language === language)
    .map(({ code }) => code);
}

/** The file that the first line of a block names, such as `// app.ts`. */
export function fileOf({ code }: Block): string | undefined {
  return /^\/\/ ([\w./-]+\.[cm]?[jt]sx?)\b/.exec(code)?.[1];
}

/** The lines of a block without comments and empty lines. */
export function linesOf({ code }: Block): string[] {
  return code
    .split('\n')
    .map((line) => line.replace(/(?:^|\s)(?:#|\/\/).*$/, '').trimEnd())
    .filter((line) => line !== '');
}
