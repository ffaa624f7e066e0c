/** As written on screens and in reports. */
import { version } from '../../package.json';

/** As exports state them. */
export const PRODUCT = `Softprompt Studio ${version}`;

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const lists = new Intl.ListFormat('en-GB');
const one = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const count = (n: number): string => whole.format(n);

/** "1 row", "2 rows". */
export const counted = (n: number, noun: string, plural = `${noun}s`): string =>
  `${whole.format(n)} ${n === 1 ? noun : plural}`;

/** "a, b and c". */
export const listed = (names: Iterable<string>): string => lists.format(names);

/** "negative" -> "Negative". */
export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** "Tuned" -> "tuned"; "ROUGE-L" stays. */
export const midSentence = (name: string): string =>
  /^\p{Lu}\p{Ll}/u.test(name) ? name.charAt(0).toLowerCase() + name.slice(1) : name;

/** Measured: "66.3%", "68.0%". The one way of all figures, so that they align and say how exact they are. */
export const percent = (share: number): string => `${one.format(share * 100)}%`;

/** Chosen, estimated or glanced at while something runs: "66%". */
export const percentWhole = (share: number): string => `${whole.format(share * 100)}%`;

/** Fewer rows are counted: a per cent would say more than they can. */
export const LEAST_FOR_PERCENT = 30;

/** "12 of 22" or "12 of 22 rows" where rows are few, else "55.0%" or "55.0% of 93 rows". */
export function ofRows(share: number, rows: number, noun?: string, written = percent): string {
  const isFew = rows < LEAST_FOR_PERCENT;
  const of = isFew || noun ? ` of ${noun ? counted(rows, noun) : rows}` : '';
  return `${isFew ? Math.round(share * rows) : written(share)}${of}`;
}

/** "+14.2". The minus is a true minus sign. */
export const points = (difference: number): string => {
  const text = one.format(Math.abs(difference) * 100);
  return `${difference < 0 && text !== '0.0' ? '−' : '+'}${text}`;
};

/** "+0.42", "−1.30". */
export const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;

/** "0:43", "12:05", "1:02:09". */
export const clock = (seconds: number): string => {
  const total = Math.max(0, Math.round(seconds));
  const h = Math.floor(total / 3600);
  const m = Math.floor((total % 3600) / 60);
  const s = String(total % 60).padStart(2, '0');
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
};

/** "4 s", "about 3 min". */
export const duration = (seconds: number): string => {
  if (seconds < 0.95) return 'under 1 s';
  if (seconds < 90) return `${whole.format(Math.round(seconds))} s`;
  return `about ${whole.format(Math.round(seconds / 60))} min`;
};

/** Decimal units, as file managers show them: "23 kB", "114 MB", "0.6 GB". */
export const bytes = (n: number): string => {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${whole.format(n / 1e3)} kB`;
  if (n < 1e9) return `${whole.format(n / 1e6)} MB`;
  return `${one.format(n / 1e9)} GB`;
};

/** At the mean rate so far; null before there is a rate worth showing. */
export function secondsLeft(done: number, total: number, elapsedSeconds: number): number | null {
  if (done <= 0 || total <= 0 || elapsedSeconds < 1) return null;
  return Math.max(0, ((total - done) * elapsedSeconds) / done);
}

const DIGITS = 12;

/** To 12 significant digits: `Math.exp` and `Math.log` differ in the last bit between engines, so files would too. */
export function rounded<T>(value: T): T {
  return roundedValue(value) as T;
}

function roundedValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS));
  if (Array.isArray(value)) return value.map(roundedValue);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, roundedValue(inner)]));
}
