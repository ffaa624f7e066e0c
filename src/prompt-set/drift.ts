/** Whether a version still does as well as before: its first result against a later one, in numbers and in words. */
import { bonettPrice, type Interval, meanInterval, meansInterval, newcombe } from '../metrics/intervals';
import type { Result } from './performance';
import { versionWords } from './versions';

export interface Drift {
  readonly kind: 'drop' | 'gain' | 'unclear';
  /** Both are on the same rows and are compared row by row. */
  readonly paired: boolean;
  /** Accuracy (or mean ROUGE-L) now minus then. */
  readonly difference: number;
  /** 95%. Accuracy: Bonett-Price on the same rows, Newcombe on different ones. ROUGE-L: Student's t, paired or Welch's. */
  readonly ci95: Interval;
}

const sameGold = (a: Result, b: Result) =>
  a.rowsKey === b.rowsKey && a.n === b.n && a.gold.every((label, i) => label === b.gold[i]);

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

function intervalOf(then: Result, now: Result, paired: boolean): Interval {
  if (now.measure === 'rougeL')
    return paired
      ? meanInterval(now.rows.map((value, i) => value - (then.rows[i] ?? 0)))
      : meansInterval(now.rows, then.rows);
  if (!paired) return newcombe(sum(now.rows), now.n, sum(then.rows), then.n);
  const lost = then.rows.filter((was, i) => was > (now.rows[i] ?? 0)).length;
  const won = then.rows.filter((was, i) => was < (now.rows[i] ?? 0)).length;
  return bonettPrice(lost, won, now.n);
}

/** A change counts as real only if its interval excludes zero. */
export function driftOf(then: Result, now: Result): Drift {
  const paired = sameGold(then, now);
  const ci95 = intervalOf(then, now, paired);
  const difference = now.value - then.value;
  return { kind: ci95.high < 0 ? 'drop' : ci95.low > 0 ? 'gain' : 'unclear', paired, difference, ci95 };
}

/** The first result of the same version, by the same measure; null where this is the first. */
export const firstOf = (results: readonly Result[], now: Result): Result | null => {
  const first = results.find(({ of, measure }) => of.version.id === now.of.version.id && measure === now.measure);
  return first && first.id !== now.id ? first : null;
};

const whole = (share: number) => `${Math.round(share * 100)}`;
const signed = (share: number) => {
  const value = Math.round(share * 100);
  return value < 0 ? `−${-value}` : value > 0 ? `+${value}` : '0';
};

/** "ROUGE-L " before figures other than accuracy. */
const measureWords = ({ measure }: Result) => (measure === 'rougeL' ? 'ROUGE-L ' : '');
/** "71% (64 to 78)". */
const reached = ({ value, ci95 }: Result) => `${whole(value)}% (${whole(ci95.low)} to ${whole(ci95.high)})`;

/** "Was 84% on 120 test rows of march.csv; now 71% (64 to 78) on 180 rows of april.csv: a real drop, −13 points (95% interval −22 to −3)". */
export function driftWords(then: Result | null, now: Result): string {
  const is = `${measureWords(now)}${reached(now)} on ${now.rowsName}`;
  if (!then) return `${is}. This is the first result: later ones are compared with it.`;
  const { kind, paired, difference, ci95 } = driftOf(then, now);
  const range = `${signed(difference)} points (95% interval ${signed(ci95.low)} to ${signed(ci95.high)})`;
  const verdict =
    kind === 'drop' ? `a real drop, ${range}` : kind === 'gain' ? `a real gain, ${range}` : `no clear change, ${range}`;
  const rows = paired ? 'the same rows' : now.rowsName;
  return `Was ${measureWords(then)}${whole(then.value)}% on ${then.rowsName}; now ${reached(now)} on ${rows}: ${verdict}.`;
}

/** Two versions on the newest rows that both answered: "On 120 test rows of march.csv: 68% and 82%, +14 points (95% interval +7 to +21)". Null = no such rows. */
export function betweenWords(results: readonly Result[], before: string, after: string): string | null {
  const of = (id: string) => results.filter(({ of: { version } }) => version.id === id).toReversed();
  for (const now of of(after)) {
    const then = of(before).find(({ rowsKey, measure }) => rowsKey === now.rowsKey && measure === now.measure);
    if (!then) continue;
    const { kind, difference, ci95 } = driftOf(then, now);
    const unclear = kind === 'unclear' ? ', which may be chance' : '';
    return `On ${now.rowsName}: ${measureWords(now)}${whole(then.value)}% and ${whole(now.value)}%, ${signed(difference)} points (95% interval ${signed(ci95.low)} to ${signed(ci95.high)})${unclear}`;
  }
  return null;
}

/** The chart's title: a real difference between the first and the last version if there is one, else what the chart shows. */
export function performanceTitle(results: readonly Result[]): string {
  const [first] = results;
  const last = results.at(-1);
  if (!first || !last) return 'No version has been measured yet';
  if (first === last) {
    const words = first.measure === 'rougeL' ? 'reaches ROUGE-L' : 'gets';
    const rows = first.measure === 'rougeL' ? 'on' : 'right on';
    return `${versionWords(first.of)} ${words} ${whole(first.value)}% ${rows} ${first.rowsName}`;
  }
  const { kind, difference, ci95 } = driftOf(first, last);
  if (kind === 'unclear') return `${results.length} versions on ${first.rowsName}: no clear change from first to last`;
  return `${versionWords(last.of)} is ${kind === 'gain' ? 'above' : 'below'} ${versionWords(first.of)} by ${whole(Math.abs(difference))} points (${signed(ci95.low)} to ${signed(ci95.high)})`;
}
