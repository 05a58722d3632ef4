export type Language = 'zh' | 'en';

/** A text in both languages. */
export type Phrase = Readonly<Record<Language, string>>;

/** The first of Chinese and English in Accept-Language; Chinese if it names neither. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const accepted = (acceptLanguage ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().slice(0, 2));
  return accepted.find((tag) => tag === 'zh' || tag === 'en') === 'en' ? 'en' : 'zh';
}
