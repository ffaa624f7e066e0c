/** What the screen says of written texts. Pure. */
import type { Difference, GenerateArm, GeneratePair, TextMeasure } from '../../../evaluation/generate/compare';
import { sideOf } from '../../charts/comparison-charts';
import { percent, points } from '../../ui/format';

/** An arm without a kind stands for none of the sides. */
export const sideOfArm = ({ kind = 'untuned' }: Pick<GenerateArm, 'kind'>) => sideOf({ kind });

export const WRITING_TERMS: Readonly<Record<TextMeasure, string>> = {
  rougeL:
    'How much of the wanted words stand in the answer in their order, as the F1 of the longest common subsequence of words: 100% is word for word.',
  tokenF1: 'How many words both texts have in common, in whatever order, without articles and punctuation.',
  exactMatch: 'The share of answers that are the wanted text word for word; case, articles and punctuation aside.',
  perplexity:
    'How well the prompt foresees your texts: among so many equally likely tokens it seems to choose at each place. Lower is better; nothing is written for it.',
};

/** Title of the measure's figure: both arms and how they differ; neutral where the interval holds zero. */
export function measureTitle(arms: readonly GenerateArm[], duel: GeneratePair | undefined): string {
  const a = arms.find((arm) => arm.id === duel?.a);
  const b = arms.find((arm) => arm.id === duel?.b);
  if (!duel || !a || !b) return 'How near the answers are to your texts';
  const head = `${b.name} ${percent(b.rougeL)}, ${a.name.toLowerCase()} ${percent(a.rougeL)}`;
  const { low, high } = duel.rougeL.interval;
  if (duel.finding === 'unclear') return `${head}: no clear difference (${points(low)} to ${points(high)} points)`;
  return `${head}: a ${duel.finding === 'b-better' ? 'gain' : 'loss'} of ${points(Math.abs(duel.rougeL.difference)).slice(1)} points`;
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
