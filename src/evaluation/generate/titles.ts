/** What charts and tables of a comparison of generated texts are called. */
import { percent, points, pointsRange } from '../words';
import type { Difference, GenerateArm, GeneratePair, TextMeasure } from './types';

export const TEXT_TERMS: Readonly<Record<TextMeasure, string>> = {
  rougeL:
    'How many words of the expected text the answer has in the same order: the F1 of their longest common subsequence. 100% is word for word.',
  tokenF1: 'How many words both texts have in common, in any order, without articles and punctuation.',
  exactMatch: 'The share of answers that are the expected text word for word; case, articles and punctuation aside.',
  perplexity: 'How many equally likely next tokens the model is choosing between; lower is better.',
};

/** Title of the measure's figure: both arms and how they differ; neutral where the interval holds zero. */
export function measureTitle(arms: readonly GenerateArm[], duel: GeneratePair | undefined): string {
  const a = arms.find((arm) => arm.id === duel?.a);
  const b = arms.find((arm) => arm.id === duel?.b);
  if (!duel || !a || !b) return 'How close the answers are to your texts';
  const head = `${b.name} ${percent(b.rougeL)}, ${a.name.toLowerCase()} ${percent(a.rougeL)}`;
  const { low, high } = duel.rougeL.interval;
  if (duel.finding === 'unclear') return `${head}: no clear difference (${pointsRange(low, high)} points)`;
  return `${head}: a ${duel.finding === 'b-better' ? 'gain' : 'loss'} of ${points(Math.abs(duel.rougeL.difference))} points`;
}

export function costWords(arms: readonly GenerateArm[]): string {
  const yours = arms.find((arm) => arm.id === 'yours');
  const tuned = arms.find((arm) => arm.kind === 'tuned');
  if (!yours || !tuned) return 'What each prompt reaches, and what it costs';
  return `Tuned sends ${Math.round(tuned.tokensSentMean)} tokens a row, yours ${Math.round(yours.tokensSentMean)}`;
}

/** "× 0.15 (0.12 to 0.19)". */
export function factorWords({ difference, interval: { low, high } }: Difference): string {
  const form = (n: number) => String(Number(n.toPrecision(2)));
  return `× ${form(difference)} (${form(low)} to ${form(high)})`;
}
