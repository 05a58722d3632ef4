// The pages of the documentation, and the translation of each.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(__dirname, '../..');

const isChinese = (page: string): boolean => page.startsWith('docs/zh-CN/');

/** Every page below docs/, except docs/api, which is generated. */
const WRITTEN = readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .map((file) => `docs/${file.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.md') && !file.startsWith('docs/api/'))
  .sort();

/** The pages outside docs/ that exist in Chinese too, and where. */
const OUTSIDE_DOCS: Readonly<Record<string, string>> = {
  'README.md': 'README.zh-CN.md',
  'SECURITY.md': 'docs/zh-CN/project/security.md',
};

/** The English pages that exist in Chinese too, from the top of the repository. */
export const ENGLISH: readonly string[] = [
  ...Object.keys(OUTSIDE_DOCS),
  ...WRITTEN.filter((page) => !isChinese(page)),
];

/** The Chinese pages as they are on the disk. */
export const CHINESE: readonly string[] = ['README.zh-CN.md', ...WRITTEN.filter(isChinese)];

/** The Chinese page of an English one. */
export function translationOf(english: string): string {
  return OUTSIDE_DOCS[english] ?? english.replace(/^docs\//, 'docs/zh-CN/');
}

/** A link from one page to another, as the page has to write it. */
export function linkTo(target: string, from: string): string {
  return path.posix.relative(path.posix.dirname(from), target);
}

/** The text of a file, by its path from the top of the repository. */
export function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** A page without its code blocks, which contain no headings and no links. */
export function proseOf(file: string): string {
  return withoutCode(read(file));
}

function withoutCode(text: string): string {
  return text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');
}

export function anchorsOf(file: string): string[] {
  return anchorsIn(read(file));
}

/** The anchors that GitHub gives to the headings of a text: a repeated one gets a number. */
export function anchorsIn(text: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}
