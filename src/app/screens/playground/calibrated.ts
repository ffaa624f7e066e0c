/** Probabilities of the labels, without what the prompt says whatever the text is: log-softmax(logProbs - mean). */
export function calibrated(logProbs: readonly number[], mean: readonly number[] | null): readonly number[] {
  if (!mean) return logProbs.map(Math.exp);
  const shifted = logProbs.map((value, i) => Math.exp(value - (mean[i] ?? 0)));
  const total = shifted.reduce((sum, value) => sum + value, 0);
  return shifted.map((value) => value / total);
}
