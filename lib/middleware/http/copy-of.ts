/** A copy of a text from a request: a part of a header or of a request line keeps the whole one in memory. */
export function copyOf(text: string): string {
  return Buffer.from(text).toString();
}
