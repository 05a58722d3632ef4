/**
 * Copies a string that is kept after its request. In V8, a part of a string keeps the whole string in memory,
 * such as a header or the request line.
 */
export function copyOf(text: string): string {
  return text.length < SHORTEST_PART ? text : Buffer.from(text).toString();
}

/** V8 copies a shorter part itself. */
const SHORTEST_PART = 13;
