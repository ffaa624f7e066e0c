/** How much each step is smaller than the one before. */
const SHRINK = 2;
const LEVELS = 6;

/**
 * f'(0) by Ridders' method: central differences at h, h/2, h/4, ..., extrapolated to h = 0, and of all extrapolations the one
 * that its neighbours agree with best. It finds by itself the step between curvature (too large) and rounding (too small).
 * Source: Ridders 1982; Press et al., Numerical Recipes, section 5.7.
 */
export async function slopeAtZero(f: (h: number) => Promise<number>, firstStep: number): Promise<number> {
  let above: readonly number[] = [];
  let best = { slope: Number.NaN, error: Number.POSITIVE_INFINITY };
  let h = firstStep;
  for (let level = 0; level < LEVELS; level++) {
    const row = [((await f(h)) - (await f(-h))) / (2 * h)];
    let factor = SHRINK * SHRINK;
    for (const [k, left] of above.entries()) {
      const before = row[k] as number;
      const slope = (factor * before - left) / (factor - 1);
      factor *= SHRINK * SHRINK;
      const error = Math.max(Math.abs(slope - before), Math.abs(slope - left));
      if (error < best.error) best = { slope, error };
      row.push(slope);
    }
    above = row;
    h /= SHRINK;
  }
  return best.slope;
}
