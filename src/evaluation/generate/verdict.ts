import { midSentence } from '../../lib/format';
import type { Difference, GenerateArm, GenerateComparison, GeneratePair } from '../types';
import { namesOf, percent, pointsRange, points as roundedPoints, times } from '../words';

/** What a comparison of generated texts says: its verdict, and the titles of its charts and tables. */

const points = (share: number) => (100 * share).toFixed(1);
const signed = (share: number) => {
  const text = points(Math.abs(share));
  return text === '0.0' ? text : `${share < 0 ? '−' : '+'}${text}`;
};
const rowsOf = (n: number) => `${n.toLocaleString('en')} test ${n === 1 ? 'row' : 'rows'}`;

export function duelSentence(
  a: string,
  b: string,
  finding: GeneratePair['finding'],
  { difference, interval }: Difference,
  n: number,
): string {
  const range = `ROUGE-L ${points(Math.abs(difference))} points, 95% interval ${points(interval.low)} to ${points(interval.high)}, ${rowsOf(n)}`;
  return {
    'b-better': `${b} is closer to your texts than ${a}: ${range}.`,
    'a-better': `${a} is closer to your texts than ${b}: ${range}.`,
    unclear: `It is not clear whether ${b} or ${a} is closer to your texts: ${range}.`,
  }[finding];
}

/** "+27.8 (+23.6 to +31.9)". */
const gainWords = ({ difference, interval: { low, high } }: Difference) =>
  `${signed(difference)} (${signed(low)} to ${signed(high)})`;

/** How many texts match the expected one word for word. */
function exactWords(arm: GenerateArm, n: number): string {
  const rows = Math.round(arm.exactMatch * n);
  return rows === 0
    ? `None of its texts matches the expected one word for word.`
    : `${rows} of its ${n} texts ${rows === 1 ? 'matches' : 'match'} the expected one word for word.`;
}

/** Against the tuned prompt's own text without vectors: a hand-written prompt may be worse than both. */
const trainingAdded = ({ finding, rougeL }: GeneratePair): string =>
  ({
    'b-better': `Training itself added ${gainWords(rougeL)} over the untuned prompt, the same text without vectors.`,
    'a-better': `Training itself made it worse: ${gainWords(rougeL)} against the untuned prompt, the same text without vectors.`,
    unclear: `Training itself added nothing clear: ${gainWords(rougeL)} against the untuned prompt, the same text without vectors.`,
  })[finding];

/**
 * The headline's pair first; then whether examples in the prompt do as well, what training itself added, how well the
 * expected texts were predicted, and how often these rows were used.
 */
export function verdictOf(
  { n, arms, duels }: Omit<GenerateComparison, 'verdict'>,
  looks: number,
): GenerateComparison['verdict'] {
  const [first, ...others] = duels;
  const name = namesOf(arms);
  if (!first)
    return {
      headline: `${arms.length === 1 ? `${arms[0]?.name} alone answered` : 'The prompts answered'} ${rowsOf(n)}`,
      detail: 'There is nothing to compare it with: write a prompt, or train one.',
    };
  const [a, b] = [name(first.a), name(first.b)];
  const headline = {
    'b-better': `${b} is closer to your texts than ${midSentence(a)}: ${signed(first.rougeL.difference)} points of ROUGE-L`,
    'a-better': `Keep ${midSentence(a)}: ${midSentence(b)} is further from your texts, ${signed(first.rougeL.difference)} points of ROUGE-L`,
    unclear: `No clear difference between ${midSentence(b)} and ${midSentence(a)} on ${rowsOf(n)}`,
  }[first.finding];
  const examples = others.find(
    (duel) => duel.b === first.b && arms.find(({ id }) => id === duel.a)?.kind === 'few-shot',
  );
  const control = others.find(
    (duel) => duel.b === first.b && arms.some(({ id, kind = id }) => id === duel.a && kind === 'untuned'),
  );
  const winner = arms.find(({ id }) => id === (first.finding === 'a-better' ? first.a : first.b));
  const ratio = first.perplexity;
  const predictsBetter = ratio.interval.high < 1;
  const sentences = [
    `${gainWords(first.rougeL)} on ${rowsOf(n)}, closer on ${first.rows.nearer} and further on ${first.rows.farther}.`,
    ...(examples
      ? [
          examples.finding === 'b-better'
            ? `It is also closer than ${midSentence(name(examples.a))}: ${gainWords(examples.rougeL)}.`
            : examples.finding === 'a-better'
              ? `${name(examples.a)} is closer: against it ${midSentence(b)} is at ${gainWords(examples.rougeL)}. Use the examples.`
              : `Against ${midSentence(name(examples.a))} there is no clear difference: ${gainWords(examples.rougeL)}. Examples may do as well.`,
        ]
      : []),
    ...(control && first.finding === 'b-better' ? [trainingAdded(control)] : []),
    ...(predictsBetter && first.finding !== 'b-better'
      ? [
          `It predicts the expected texts better (perplexity × ${ratio.difference.toPrecision(2)}), but its own texts do not show it.`,
        ]
      : []),
    ...(winner ? [exactWords(winner, n)] : []),
    ...(looks > 1
      ? [`These test rows have been used ${times(looks)}: each use makes a lucky result more likely.`]
      : []),
  ];
  return { headline, detail: sentences.join(' ') };
}

/** Title of the measure's figure: both arms and how they differ; neutral where the interval holds zero. */
export function measureTitle(arms: readonly GenerateArm[], duel: GeneratePair | undefined): string {
  const a = arms.find((arm) => arm.id === duel?.a);
  const b = arms.find((arm) => arm.id === duel?.b);
  if (!duel || !a || !b) return 'How close the answers are to your texts';
  const head = `${b.name} ${percent(b.rougeL)}, ${midSentence(a.name)} ${percent(a.rougeL)}`;
  const { low, high } = duel.rougeL.interval;
  if (duel.finding === 'unclear') return `${head}: no clear difference (${pointsRange(low, high)} points)`;
  return `${head}: a ${duel.finding === 'b-better' ? 'gain' : 'loss'} of ${roundedPoints(Math.abs(duel.rougeL.difference))} points`;
}

export function costWords(arms: readonly GenerateArm[]): string {
  const yours = arms.find((arm) => arm.id === 'yours');
  const tuned = arms.find((arm) => arm.kind === 'tuned');
  if (!yours || !tuned) return 'Scores and costs of each prompt';
  return `Tuned sends ${Math.round(tuned.tokensSentMean)} tokens per row, yours ${Math.round(yours.tokensSentMean)}`;
}
