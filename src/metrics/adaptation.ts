/** A run's validation result after so many steps. */
export interface Progress {
  readonly step: number;
  readonly value: number;
}

const NEARLY = 0.95;

/**
 * The first step from which on validation stays at 95% of its final value or above; null where the final value is 0 or
 * there is nothing to see. "Final" is the value at the step that was kept (`bestStep`), else the last.
 */
export function adaptationStep(points: readonly Progress[], bestStep: number | null): number | null {
  const until = bestStep === null ? points : points.filter(({ step }) => step <= bestStep);
  const final = until.at(-1);
  if (!final || until.length < 2 || final.value <= 0) return null;
  const below = until.findLastIndex(({ value }) => value < NEARLY * final.value);
  return until[below + 1]?.step ?? null;
}
