/** Text in columns of a terminal, where a Chinese character takes two. */

import type { Language } from './bilingual';

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u;
const NONE = /[\p{Mn}\p{Cf}]/u;

export function widthOf(text: string): number {
  return Array.from(text).reduce((sum, char) => sum + columns(char), 0);
}

function columns(char: string): number {
  if (WIDE.test(char)) return 2;
  return NONE.test(char) ? 0 : 1;
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** What may stand apart on a line: a run without blanks, or one wide character with the punctuation that belongs to it. */
const PIECE = new RegExp(
  `[（「《]*(?:${WIDE.source})[，。；：、！？）」》…]*|(?:(?!${WIDE.source})\\S)+[，。；：、！？）」》]*|\\s+`,
  'gu',
);

const WORD = /\S+|\s+/g;

/** Lines of at most so many columns. Chinese breaks between any two characters; in other text, Chinese is a name and stays whole. */
export function wrap(text: string, width: number, language: Language): string[] {
  const lines: string[] = [];
  let line = '';
  const flush = (): void => {
    if (line.trim() !== '') lines.push(line.trimEnd());
    line = '';
  };
  for (const piece of text.match(language === 'zh' ? PIECE : WORD) ?? []) {
    if (widthOf(line + piece.trimEnd()) <= width) {
      line += line === '' ? piece.trimStart() : piece;
      continue;
    }
    flush();
    for (const part of cut(piece.trim(), width)) {
      flush();
      line = part;
    }
  }
  flush();
  return lines;
}

function cut(text: string, width: number): string[] {
  const parts: string[] = [];
  let part = '';
  for (const char of text) {
    if (widthOf(part + char) > width) {
      parts.push(part);
      part = '';
    }
    part += char;
  }
  return [...parts, part];
}
