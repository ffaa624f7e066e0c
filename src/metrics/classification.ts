export interface ClassMetrics {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Gold rows of this class. */
  readonly support: number;
  /** True where a 0/0 was read as 0. */
  readonly undefined: boolean;
}

export function correctCount(gold: ArrayLike<number>, predicted: ArrayLike<number>): number {
  let correct = 0;
  for (let i = 0; i < gold.length; i++) if (gold[i] === predicted[i]) correct++;
  return correct;
}

export const accuracy = (gold: ArrayLike<number>, predicted: ArrayLike<number>): number =>
  gold.length === 0 ? 0 : correctCount(gold, predicted) / gold.length;

/** `confusion[gold][predicted]`, rows counted. */
export function confusionMatrix(gold: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < gold.length; i++) {
    const row = matrix[gold[i] as number] as number[];
    row[predicted[i] as number] = (row[predicted[i] as number] as number) + 1;
  }
  return matrix;
}

/** P = TP/(TP+FP), R = TP/(TP+FN), F1 = 2TP/(2TP+FP+FN); 0/0 -> 0 and flagged (`docs/method/statistics.md`). */
export function classMetrics(confusion: readonly (readonly number[])[]): ClassMetrics[] {
  return confusion.map((row, c) => {
    const tp = row[c] as number;
    const support = row.reduce((a, b) => a + b, 0);
    const predicted = confusion.reduce((sum, other) => sum + (other[c] as number), 0);
    const ratio = (a: number, b: number) => (b === 0 ? 0 : a / b);
    return {
      precision: ratio(tp, predicted),
      recall: ratio(tp, support),
      f1: ratio(2 * tp, support + predicted),
      support,
      undefined: support === 0 || predicted === 0,
    };
  });
}

/** Mean of the class F1s. Source: Opitz & Burst 2019, "Macro F1 and Macro F1". */
export function macroF1(confusion: readonly (readonly number[])[]): number {
  const scores = classMetrics(confusion);
  return scores.reduce((sum, { f1 }) => sum + f1, 0) / scores.length;
}

/** The first of equal ones. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}

/** Of log-probabilities or logits. */
export function logSoftmax(values: ArrayLike<number>): number[] {
  const log = logSumExp(values);
  const normalised = new Array<number>(values.length);
  for (let i = 0; i < values.length; i++) normalised[i] = (values[i] as number) - log;
  return normalised;
}

/** Of `scale` times the values. */
export function logSumExp(values: ArrayLike<number>, scale = 1): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) max = Math.max(max, scale * (values[i] as number));
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(scale * (values[i] as number) - max);
  return max + Math.log(sum);
}
