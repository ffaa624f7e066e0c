/** Throws `internal: …` if one of our invariants is broken: a bug, never a user's mistake. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`internal: ${message}`);
}

/** The value without null and undefined, or throws `internal: …`. */
export function present<T>(value: T | null | undefined, what: string): T {
  assert(value !== null && value !== undefined, `${what} is missing`);
  return value;
}

/** For the default case of an exhaustive switch. */
export function never(value: never): never {
  throw new Error(`internal: unexpected ${JSON.stringify(value)}`);
}

/** Whether a value that was read is an object with fields, and no list. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
