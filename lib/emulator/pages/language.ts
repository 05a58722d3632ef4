export type Language = 'zh' | 'en';

/** A text in both languages. */
export type Phrase = Readonly<Record<Language, string>>;

/** Chinese or English: the language that Accept-Language names first, or Chinese if it names neither. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const accepted = (acceptLanguage ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().slice(0, 2));
  return accepted.find((tag) => tag === 'zh' || tag === 'en') === 'en' ? 'en' : 'zh';
}
