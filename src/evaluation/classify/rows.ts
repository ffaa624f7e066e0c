import { textById } from '../../dataset/labels';
import type { Dataset } from '../../dataset/types';
import { counted, listed } from '../../lib/format';
import type { ArmOutcome, ArmResult, Comparison, ComparisonPlan, PairResult, RowAnswer } from '../types';

/** The rows of a comparison of labels, and the sentences about its costs and calibration. */

type RowGroup = 'fixed' | 'broken' | 'wrong' | 'right';

export interface ComparedRow {
  readonly id: string;
  /** Its place in the plan. */
  readonly at: number;
  readonly group: RowGroup;
  readonly text: string;
  readonly gold: string;
  readonly a: RowAnswer;
  readonly b: RowAnswer;
}

/** The rows of one pair with what became of them: fixed by B, broken by B, wrong in both, right in both. */
export function comparedRows(
  comparison: Comparison,
  plan: Pick<ComparisonPlan, 'rowIds' | 'gold' | 'labels'>,
  dataset: Dataset | null,
  pair: Pick<PairResult, 'a' | 'b'>,
): readonly ComparedRow[] {
  const a = comparison.arms.find((arm) => arm.id === pair.a);
  const b = comparison.arms.find((arm) => arm.id === pair.b);
  if (!a || !b) return [];
  const { rowIds, gold, labels } = plan;
  const text = textById(dataset);
  const answer = (arm: ArmResult, i: number): RowAnswer => ({
    label: labels[arm.predictions[i] ?? -1] ?? '',
    right: arm.predictions[i] === gold[i],
    probability: arm.confidences[i] ?? 0,
  });
  return rowIds.map((id, i) => {
    const [ofA, ofB] = [answer(a, i), answer(b, i)];
    return {
      id,
      at: i,
      group: ofA.right ? (ofB.right ? 'right' : 'broken') : ofB.right ? 'fixed' : 'wrong',
      text: text(id),
      gold: labels[gold[i] ?? -1] ?? '',
      a: ofA,
      b: ofB,
    };
  });
}

/** What of the rows is asked for; null leaves a question open. */
interface RowFilter {
  readonly label: string | null;
  /** What B says. */
  readonly said: string | null;
  readonly ids: ReadonlySet<string> | null;
  /** Places in the plan. */
  readonly at: ReadonlySet<number> | null;
}

export const filterRows = (rows: readonly ComparedRow[], { label, said, ids, at }: RowFilter): readonly ComparedRow[] =>
  rows.filter(
    (row) =>
      (label === null || row.gold === label) &&
      (said === null || row.b.label === said) &&
      (ids === null || ids.has(row.id)) &&
      (at === null || at.has(row.at)),
  );

/** How answers are calibrated: one rule for all prompts. @param arms as they were compared */
export function calibrationWords(
  comparison: Pick<Comparison, 'arms'>,
  arms: readonly Pick<ArmOutcome, 'id' | 'name' | 'decided' | 'hasIntercepts' | 'temperature' | 'validation'>[],
): string {
  const what = 'Calibration removes a prompt’s built-in bias toward a label.';
  const probes = new Map(arms.flatMap(({ id, name, hasIntercepts }) => (hasIntercepts ? [[id, name]] : [])));
  const always =
    probes.size > 0
      ? ` Prompts with a linear probe (${listed(probes.values())}) always keep theirs, which holds its intercepts.`
      : '';
  const helped = comparison.arms.filter(({ id, calibrated }) => calibrated && !probes.has(id));
  const names = helped.length === 0 ? 'none of the prompts' : listed(helped.map(({ name }) => name));
  const kept = arms.some(({ id, decided }) => decided !== undefined && !probes.has(id))
    ? ' A version that was compared before keeps its own, on any model.'
    : '';
  return `${what}${always} On the validation rows${pooledWords(arms)} it helps ${names}.${kept}`;
}

/** Where validation rows are few, training rows decide too for prompts that no vectors were trained on them. */
function pooledWords(arms: Parameters<typeof calibrationWords>[1]): string {
  const more = arms.flatMap(({ temperature, validation }) =>
    temperature && validation?.answers ? [temperature.rows - validation.answers.gold.length] : [],
  );
  const most = Math.max(0, ...more);
  return most > 0 ? `, which are few (prompts without vectors: and on ${counted(most, 'training row')}),` : '';
}
