const DIGITS = 12;

/**
 * The same value with every number at 12 significant digits. `Math.exp` and `Math.log` differ in the last bit between
 * JavaScript engines: files that a page and Node write from the same rows are the same only without it.
 */
export function rounded<T>(value: T): T {
  return roundedValue(value) as T;
}

function roundedValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS));
  if (Array.isArray(value)) return value.map(roundedValue);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, roundedValue(inner)]));
}
