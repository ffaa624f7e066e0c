/**
 * Check rows: sentences that ship with the product, in the user's template, with the model's answers. They are exported
 * with a prompt, so that another machine can tell how closely it reproduces the first one.
 */
import { argmax } from '../metrics/classification';
import { asContinuation } from '../task/template';
import type { Sidecar } from './sidecar';

export interface CheckRow {
  readonly text: string;
  /** Without the virtual tokens. */
  readonly ids: ArrayLike<number>;
  /** In the order of the labels; uncalibrated. */
  readonly logProbs: readonly number[];
  /** If the prompt generates texts: a fixed text after the row. */
  readonly target?: { readonly text: string; readonly ids: ArrayLike<number>; readonly logProb: number };
}

/** The fixed text after every check row of a prompt that generates texts; its log-probability is compared. */
export const checkTarget = (template: string): string =>
  `${asContinuation(template, 'The customer writes about one thing.')}\n`;

/** How closely this machine and model reproduce the package. */
export interface Replay {
  readonly rows: number;
  /** Rows whose most likely label differs here. */
  readonly changed: number;
  readonly largestDifference: number;
}

/** @param found log-probabilities of the labels, by the index of the row */
export function compareReplay(
  sidecar: Pick<Sidecar, 'labels' | 'parityRows'>,
  found: ReadonlyMap<number, readonly number[]>,
): Replay {
  let changed = 0;
  let largestDifference = 0;
  for (const [i, row] of sidecar.parityRows.entries()) {
    const expected = sidecar.labels.map(({ label }) => row.logProbs[label] ?? Number.NaN);
    const got = found.get(i) ?? [];
    if (argmax(expected) !== argmax(got)) changed++;
    for (const [c, value] of expected.entries())
      largestDifference = Math.max(largestDifference, Math.abs(value - (got[c] ?? Number.NaN)));
  }
  return { rows: sidecar.parityRows.length, changed, largestDifference };
}

/** For prompts that generate texts: log-probabilities per token, because differences add up over long texts. */
export function compareTargets(
  { parityRows }: Pick<Sidecar, 'parityRows'>,
  found: readonly { readonly target?: { readonly logProb: number; readonly tokens: number } | null }[],
): Replay {
  const off = parityRows.map(({ target }, i) => {
    const here = found[i]?.target;
    return target && here ? Math.abs(target.logProb - here.logProb) / here.tokens : Number.NaN;
  });
  return { rows: parityRows.length, changed: 0, largestDifference: Math.max(0, ...off) };
}

/** "All 12 check rows agree, to within 0.0003". */
export function replayWords({ rows, changed, largestDifference }: Replay): string {
  const off = largestDifference < 0.0001 ? '0.0001' : largestDifference.toPrecision(2);
  if (changed > 0)
    return `${changed} of ${rows} check rows get a different answer here (log-probabilities differ by up to ${off})`;
  if (!(largestDifference <= 0.05))
    return `All ${rows} check rows get the same answer, but log-probabilities differ by up to ${off}`;
  return `All ${rows} check rows agree, to within ${off}`;
}
