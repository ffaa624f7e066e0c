/** A number that a user types: its limits, and what is wrong with a text that is none. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
  /** What an empty field means; left out = it may not be empty. */
  readonly empty?: string;
}

/** Null = left empty. */
export function readNumber(
  { min, max, whole = false, empty }: NumberRange,
  text: string,
): { readonly value: number | null } | { readonly problem: string } {
  const trimmed = text.trim();
  if (trimmed === '') return empty === undefined ? { problem: 'Give a number.' } : { value: null };
  const value = Number(trimmed);
  if (!Number.isFinite(value) || (whole && !Number.isInteger(value)))
    return { problem: whole ? 'Give a whole number.' : 'Give a number, such as 0.01.' };
  if (value < min || value > max) return { problem: `Give a number from ${min} to ${max}.` };
  return { value };
}
