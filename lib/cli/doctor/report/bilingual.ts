/** What the doctor says, it says in English and in Chinese. */
export type Language = 'en' | 'zh';

export type Bilingual = Readonly<Record<Language, string>>;

export function bilingual(en: string, zh: string): Bilingual {
  return { en, zh };
}

export function join(...parts: readonly (Bilingual | undefined)[]): Bilingual {
  const given = parts.filter((part) => part !== undefined);
  return {
    en: given.map(({ en }) => en).join(' '),
    zh: given.map(({ zh }) => zh).join(''),
  };
}

/** As programs choose it by: the first of these that is set decides. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find(Boolean);
  return /^zh(?![a-z])/i.test(locale ?? '') ? 'zh' : 'en';
}
