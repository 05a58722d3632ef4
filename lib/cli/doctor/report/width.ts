/** Text in the columns of a terminal, where a Chinese character takes two. */
import type { Language } from '../../bilingual';

const EAST_ASIAN = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}';
const FULL_WIDTH = '\\u3000-\\u303f\\uff01-\\uff60\\uffe0-\\uffe6';
const WIDE = new RegExp(`[${EAST_ASIAN}${FULL_WIDTH}\\p{Emoji_Presentation}]`, 'u');
const NO_WIDTH = /[\p{Mn}\p{Cf}]/u;

export function widthOf(text: string): number {
  return Array.from(text).reduce((sum, char) => sum + widthOfCharacter(char), 0);
}

function widthOfCharacter(char: string): number {
  if (WIDE.test(char)) return 2;
  return NO_WIDTH.test(char) ? 0 : 1;
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** A piece that a Chinese line keeps together: a word, or one wide character with its punctuation. */
const CHINESE_PIECE = new RegExp(
  `[（「《]*(?:${WIDE.source})[，。；：、！？）」》…]*|(?:(?!${WIDE.source})\\S)+[，。；：、！？）」》]*|\\s+`,
  'gu',
);

const ENGLISH_PIECE = /\S+|\s+/g;

/**
 * Breaks a text into lines of at most `width` columns. Chinese text breaks between any two pieces (see
 * above). English text breaks only at spaces: Chinese in it is the name of a menu, and stays whole.
 */
export function wrap(text: string, width: number, language: Language): string[] {
  const pieces = text.match(language === 'zh' ? CHINESE_PIECE : ENGLISH_PIECE) ?? [];
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const part of pieces.flatMap((piece) => cut(piece, width))) {
    const needed = widthOf(part.trimEnd());
    if (used > 0 && used + needed > width) {
      lines.push(line.trimEnd());
      line = '';
      used = 0;
    }
    if (line === '' && part.trim() === '') continue;
    line += part;
    used += widthOf(part);
  }
  return line.trim() === '' ? lines : [...lines, line.trimEnd()];
}

/** Cuts a piece that is wider than a line into parts that fit. */
function cut(piece: string, width: number): string[] {
  const parts: string[] = [];
  let part = '';
  let used = 0;
  for (const char of piece) {
    const needed = widthOfCharacter(char);
    if (used > 0 && used + needed > width) {
      parts.push(part);
      part = '';
      used = 0;
    }
    part += char;
    used += needed;
  }
  return [...parts, part];
}
