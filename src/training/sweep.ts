/** A small grid of settings: every value of one with every value of the others. Pure. */
import type { Placement } from '../prompt/soft-prompt';
import { type NumberSetting, readNumber } from './fields';
import type { Initialisation, TrainingSettings } from './settings';

/** More runs than these are no small grid: they take hours, and the best of them is best by luck. */
export const MOST_RUNS = 36;

export interface SweepAxes {
  readonly placement: readonly Placement[];
  readonly initialisation: readonly Initialisation[];
  readonly virtualTokens: readonly number[];
  readonly learningRate: readonly number[];
  readonly steps: readonly number[];
  readonly seed: readonly number[];
}

/** Every combination; an empty list means the value in `base`. */
export function gridOf(base: TrainingSettings, axes: SweepAxes): readonly TrainingSettings[] {
  const keys = Object.keys(axes) as (keyof SweepAxes)[];
  return keys.reduce<readonly TrainingSettings[]>(
    (grid, key) =>
      axes[key].length === 0 ? grid : grid.flatMap((each) => axes[key].map((value) => ({ ...each, [key]: value }))),
    [base],
  );
}

/** Numbers separated by commas or spaces, each once; a sentence for the first that cannot be used. */
export function readNumbers(
  setting: Omit<NumberSetting, 'key'>,
  text: string,
): { readonly values: readonly number[] } | { readonly problem: string } {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  const values = new Set<number>();
  for (const word of words) {
    const read = readNumber(setting, word);
    if ('problem' in read) return { problem: `“${word}”: ${read.problem}` };
    if (read.value !== null) values.add(read.value);
  }
  return { values: [...values] };
}

/** The settings in which the runs of a list differ. */
export function variedKeys(list: readonly TrainingSettings[]): readonly (keyof TrainingSettings)[] {
  const keys = new Set(list.flatMap((settings) => Object.keys(settings) as (keyof TrainingSettings)[]));
  return [...keys].filter((key) => new Set(list.map((settings) => JSON.stringify(settings[key] ?? null))).size > 1);
}
