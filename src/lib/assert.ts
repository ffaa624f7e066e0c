/** Throws `internal: …` when an invariant of our own does not hold: a bug, never a user's mistake. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`internal: ${message}`);
}

/** Narrows away null and undefined, or throws `internal: …`. */
export function present<T>(value: T | null | undefined, what: string): T {
  assert(value !== null && value !== undefined, `${what} is missing`);
  return value;
}

/** The end of an exhaustive switch. */
export function never(value: never): never {
  throw new Error(`internal: unexpected ${JSON.stringify(value)}`);
}
