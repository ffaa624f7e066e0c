/** What a report consists of, whatever it is printed as: the parts of its kind of task, and what every report says. */
import type { ByTask } from '../dataset/kind';
import { namesOf, times } from '../evaluation/words';
import { labelParts } from './labels';
import { textParts } from './texts';
import type { LabelReport, ReportInput, ReportParts, TextReport } from './types';

type PartsOf<R> = (input: R, nameOf: (armId: string) => string) => ReportParts;

const PARTS: { readonly [K in keyof ByTask<0>]: PartsOf<{ classify: LabelReport; generate: TextReport }[K]> } = {
  classify: labelParts,
  generate: textParts,
};

export function partsOf(input: ReportInput): ReportParts & { readonly nameOf: (armId: string) => string } {
  const nameOf = namesOf(input.comparison.arms);
  const parts = input.kind === 'classify' ? PARTS.classify(input, nameOf) : PARTS.generate(input, nameOf);
  return { ...parts, nameOf, limits: [...general(input, parts), ...parts.limits] };
}

/** What a reader might take any figures for and should not. */
const general = ({ comparison, model }: ReportInput, { seeds, looks }: ReportParts): readonly string[] => [
  `The intervals are about rows like these ${comparison.n.toLocaleString('en')}. Other customers, another month or another channel may be different.`,
  seeds > 1
    ? 'The intervals do not cover the choice of the seed; see the range over seeds.'
    : 'One seed was trained. Another seed would have given another prompt, and the intervals do not cover that.',
  looks > 1
    ? `The test rows have been used ${times(looks)}. The figures are exact for one use; each further one makes a lucky result more likely.`
    : 'The figures are for this one use of the test rows; if you change a prompt after reading them, you need fresh rows.',
  `They hold for ${model.id} with exactly these weights; with others, measure the prompt again.`,
];
