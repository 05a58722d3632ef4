/** Refuses two things of one id: which of them was meant would depend on the order. */
export function assertUnique<Thing>(
  what: string,
  things: readonly Thing[],
  idOf: (thing: Thing) => string,
): void {
  const seen = new Set<string>();
  for (const id of things.map(idOf)) {
    if (seen.has(id))
      throw new Error(`Two ${what} are called ${JSON.stringify(id)}; the emulator needs distinct ones`);
    seen.add(id);
  }
}
