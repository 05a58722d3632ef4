const BAD_INPUT = new WeakSet<Error>();

/** Marks an error as the caller's: a wrong name or value. Over HTTP its response has status 400, not 500. */
export function badInput<E extends Error>(error: E): E {
  BAD_INPUT.add(error);
  return error;
}

export function isBadInput(error: unknown): error is Error {
  return error instanceof Error && BAD_INPUT.has(error);
}
