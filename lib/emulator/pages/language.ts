export type Language = 'zh' | 'en';

/** The first of Chinese and English that the browser asks for; Chinese for the rest. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().slice(0, 2));
  return wanted.find((tag) => tag === 'zh' || tag === 'en') === 'en' ? 'en' : 'zh';
}

/** One sentence in both languages. */
export type Phrase = Readonly<Record<Language, string>>;
