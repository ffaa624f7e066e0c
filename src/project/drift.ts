/** Whether a version still does what it was recorded to do: its first result against a later one, in numbers and in words. */
import { bonettPrice, type Interval, newcombe } from '../metrics/intervals';
import type { Result } from './performance';
import { versionWords } from './versions';

export interface Drift {
  readonly kind: 'drop' | 'gain' | 'unclear';
  /** Both answered the same rows, so that they are compared row by row. */
  readonly paired: boolean;
  /** Accuracy now minus accuracy then. */
  readonly difference: number;
  /** 95%: Bonett-Price on the same rows, Newcombe on different ones. */
  readonly ci95: Interval;
}

const sameGold = (a: Result, b: Result) =>
  a.rowsKey === b.rowsKey && a.n === b.n && a.gold.every((label, i) => label === b.gold[i]);

/** A change is called one only where its interval leaves out zero. */
export function driftOf(then: Result, now: Result): Drift {
  const paired = sameGold(then, now);
  let ci95: Interval;
  if (paired) {
    let lost = 0;
    let won = 0;
    for (const [i, label] of now.gold.entries()) {
      const wasRight = then.predictions[i] === label;
      const isRight = now.predictions[i] === label;
      if (wasRight && !isRight) lost++;
      if (!wasRight && isRight) won++;
    }
    ci95 = bonettPrice(lost, won, now.n);
  } else ci95 = newcombe(now.correct, now.n, then.correct, then.n);
  const difference = now.accuracy - then.accuracy;
  return { kind: ci95.high < 0 ? 'drop' : ci95.low > 0 ? 'gain' : 'unclear', paired, difference, ci95 };
}

/** The first result of the same version; null where this is the first. */
export const firstOf = (results: readonly Result[], now: Result): Result | null => {
  const first = results.find(({ of }) => of.version.id === now.of.version.id);
  return first && first.id !== now.id ? first : null;
};

const whole = (share: number) => `${Math.round(share * 100)}`;
const signed = (share: number) => {
  const value = Math.round(share * 100);
  return value < 0 ? `−${-value}` : value > 0 ? `+${value}` : '0';
};

/** "Was 84% on 120 held-back rows of march.csv; now 71% (64 to 78) on 180 rows of april.csv: a real drop, −13 points (95% interval −22 to −3)". */
export function driftWords(then: Result | null, now: Result): string {
  const is = `${whole(now.accuracy)}% (${whole(now.accuracyCi95.low)} to ${whole(now.accuracyCi95.high)}) on ${now.rowsName}`;
  if (!then) return `${is}. Nothing was recorded before: later measurements are held against this one.`;
  const { kind, paired, difference, ci95 } = driftOf(then, now);
  const range = `${signed(difference)} points (95% interval ${signed(ci95.low)} to ${signed(ci95.high)})`;
  const verdict =
    kind === 'drop' ? `a real drop, ${range}` : kind === 'gain' ? `a real gain, ${range}` : `no clear change, ${range}`;
  const rows = paired ? 'the same rows' : now.rowsName;
  return `Was ${whole(then.accuracy)}% on ${then.rowsName}; now ${whole(now.accuracy)}% (${whole(now.accuracyCi95.low)} to ${whole(now.accuracyCi95.high)}) on ${rows}: ${verdict}.`;
}

/** Two versions on the newest rows that both have answered: "On 120 held-back rows of march.csv: 68% and 82%, +14 points (95% interval +7 to +21)". Null = there are none. */
export function betweenWords(results: readonly Result[], before: string, after: string): string | null {
  const of = (id: string) => results.filter(({ of: { version } }) => version.id === id).toReversed();
  for (const now of of(after)) {
    const then = of(before).find(({ rowsKey }) => rowsKey === now.rowsKey);
    if (!then) continue;
    const { kind, difference, ci95 } = driftOf(then, now);
    const unclear = kind === 'unclear' ? ', which these rows do not tell from none' : '';
    return `On ${now.rowsName}: ${whole(then.accuracy)}% and ${whole(now.accuracy)}%, ${signed(difference)} points (95% interval ${signed(ci95.low)} to ${signed(ci95.high)})${unclear}`;
  }
  return null;
}

/** The chart's title: a difference between the first and the last version where the rows show one, else what is shown. */
export function performanceTitle(results: readonly Result[]): string {
  const [first] = results;
  const last = results.at(-1);
  if (!first || !last) return 'No version has been measured yet';
  if (first === last) return `${versionWords(first.of)} is right on ${whole(first.accuracy)}% of ${first.rowsName}`;
  const { kind, difference, ci95 } = driftOf(first, last);
  if (kind === 'unclear') return `${results.length} versions on ${first.rowsName}: no clear change from first to last`;
  return `${versionWords(last.of)} is ${kind === 'gain' ? 'above' : 'below'} ${versionWords(first.of)} by ${whole(Math.abs(difference))} points (${signed(ci95.low)} to ${signed(ci95.high)})`;
}
