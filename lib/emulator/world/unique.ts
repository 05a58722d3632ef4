/** @throws Error if two things have the same id, because the second could never be found. */
export function assertUnique<Thing>(
  what: string,
  things: readonly Thing[],
  idOf: (thing: Thing) => string,
): void {
  const seen = new Set<string>();
  for (const id of things.map(idOf)) {
    if (seen.has(id))
      throw new Error(`Two ${what} have the id ${JSON.stringify(id)}; give each an id of its own.`);
    seen.add(id);
  }
}
