/** log(exp(x_i) / sum_j exp(x_j)), in double precision. */
export function logSoftmax(logits: ArrayLike<number>): number[] {
  const normaliser = logSumExp(logits);
  return Array.from(logits, (x) => x - normaliser);
}

export function logSumExp(logits: ArrayLike<number>): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) max = Math.max(max, logits[i] as number);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp((logits[i] as number) - max);
  return max + Math.log(sum);
}
