import { bilingual, type Bilingual } from '../../bilingual';

/**
 * Finds characters that were copied by mistake with a value from a console or a chat. Undefined if there are
 * none, and for an empty value.
 */
export function findStray(value: string): Bilingual | undefined {
  const trimmed = value.trim();
  if (trimmed === '') return undefined;
  if (QUOTES.includes(trimmed.charAt(0)) && QUOTES.includes(trimmed.slice(-1))) return TEXTS.quotes;
  if (/\s/.test(value)) return TEXTS.space;
  return /[^\u0021-\u007e]/.test(value) ? TEXTS.invisible : undefined;
}

/** The remedy for such characters in the value of an environment variable or a flag. */
export function removeStray(source: string): Bilingual {
  return bilingual(`Remove these characters (${source}).`, `请去掉多余字符（${source}）。`);
}

const QUOTES = '"\'“”‘’`';

const TEXTS = {
  quotes: bilingual('has quotes around it', '带有引号'),
  space: bilingual('has a space or a line break in it', '含有空格或换行'),
  invisible: bilingual('has an invisible or full-width character in it', '含有不可见字符或全角字符'),
};
