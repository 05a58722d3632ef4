import { badInput } from './bad-input';

/** @throws Error if two things have the same id, because the second could never be found. */
export function assertUnique<Thing>(
  what: string,
  field: string,
  things: readonly Thing[],
  idOf: (thing: Thing) => string,
): void {
  const seen = new Set<string>();
  for (const id of things.map(idOf)) {
    if (seen.has(id))
      throw badInput(
        new Error(`Two ${what} have the ${field} ${JSON.stringify(id)}; give each one of its own.`),
      );
    seen.add(id);
  }
}
