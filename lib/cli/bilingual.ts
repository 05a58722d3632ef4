/**
 * The command prints English or Chinese. Each of its own texts exists in both; messages of errors of the
 * library and the emulator exist in English only.
 */
import type { Bilingual } from '../bilingual';

export type { Bilingual };

export type Language = keyof Bilingual;

export function bilingual(en: string, zh: string): Bilingual {
  return { en, zh };
}

/** Joins texts: in English with a space between them, in Chinese without. Undefined ones are left out. */
export function join(...texts: readonly (Bilingual | undefined)[]): Bilingual {
  const given = texts.filter((text) => text !== undefined);
  return {
    en: given.map(({ en }) => en).join(' '),
    zh: given.map(({ zh }) => zh).join(''),
  };
}

export function isLanguage(text: string | undefined): text is Language {
  return text === 'en' || text === 'zh';
}

/**
 * The language of `--lang`, otherwise that of the locale. As in POSIX, the first of the three variables that
 * is set decides. A wrong `--lang` is ignored here: the command reports it, in the language of the locale.
 */
export function languageOf(
  env: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
): Language {
  // The last one, as for every other flag.
  const flag = args
    .flatMap((arg, index) => (arg === '--lang' ? args[index + 1] : /^--lang=(.*)/.exec(arg)?.[1]) ?? [])
    .at(-1);
  if (isLanguage(flag)) return flag;
  const locale = [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find(Boolean);
  return /^zh(?![a-z])/i.test(locale ?? '') ? 'zh' : 'en';
}
