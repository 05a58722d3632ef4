// The pages of the documentation, and the translation of each.
import { readdirSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(__dirname, '../..');

const isChinese = (page: string): boolean => page.startsWith('docs/zh-CN/');

/** Every page below docs/, except docs/api, which is generated. */
const WRITTEN = readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .map((file) => `docs/${file.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.md') && !file.startsWith('docs/api/'))
  .sort();

/** The English pages that exist in Chinese too, from the top of the repository. */
export const ENGLISH: readonly string[] = ['README.md', ...WRITTEN.filter((page) => !isChinese(page))];

/** The Chinese pages as they are on the disk. */
export const CHINESE: readonly string[] = ['README.zh-CN.md', ...WRITTEN.filter(isChinese)];

/** The Chinese page of an English one. */
export function twinOf(english: string): string {
  return english === 'README.md' ? 'README.zh-CN.md' : english.replace(/^docs\//, 'docs/zh-CN/');
}

/** A link from one page to another, as the page has to write it. */
export function linkTo(target: string, from: string): string {
  return path.posix.relative(path.posix.dirname(from), target);
}
