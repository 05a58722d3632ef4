/** A text for developers, in the two languages of this package. */
export interface Bilingual {
  readonly en: string;
  readonly zh: string;
}
