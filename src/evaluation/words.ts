/** Numbers and names as written in sentences and tables. */

import { count } from '../lib/format';

export function namesOf(arms: readonly { readonly id: string; readonly name: string }[]): (id: string) => string {
  const names = new Map(arms.map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? id;
}

/** A difference of shares in points, without the word: 14, 3.3, −2.5. Whole numbers from ten on. */
export function points(difference: number): string {
  const value = 100 * difference;
  const rounded = Math.abs(value) >= 9.95 ? value.toFixed(0) : String(Number(value.toFixed(1)));
  return rounded.replace('-', '−').replace(/^−0$/, '0');
}

/** Both ends of an interval in points, with `joiner` between; whole numbers as soon as one end has two digits. */
export function pointsRange(low: number, high: number, joiner = 'to'): string {
  const wide = Math.max(Math.abs(low), Math.abs(high)) >= 0.0995;
  const end = (value: number) => {
    const whole = (100 * value).toFixed(0).replace('-', '−');
    return wide && !/^−?0$/.test(whole) ? whole : points(value);
  };
  return `${end(low)} ${joiner} ${end(high)}`;
}

export const pointsWithUnit = (difference: number): string =>
  `${points(difference)} ${['1', '−1'].includes(points(difference)) ? 'point' : 'points'}`;

/** `p = 0.0015`, `p < 0.0001`. */
export function pValue(p: number): string {
  if (p < 0.0001) return 'p < 0.0001';
  return `p = ${p >= 0.1 ? p.toFixed(2) : p >= 0.01 ? p.toFixed(3) : p.toFixed(4)}`;
}

export const times = (n: number): string => (n === 1 ? 'once' : n === 2 ? 'twice' : `${n} times`);

const SMALL = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'];

export const numberWord = (n: number): string => SMALL[n] ?? String(n);

/** Up to two leading digits: 137 -> 140, 1234 -> 1,200. */
export function about(n: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, n))) - 1);
  return count(Math.ceil(n / unit) * unit);
}

/** A p-value in a table: "0.0015", "< 0.0001", "0.34". */
export const pText = (p: number): string => (p < 0.0001 ? '< 0.0001' : p >= 0.995 ? '1' : p.toPrecision(2));
