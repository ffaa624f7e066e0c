/** How much each step is smaller than the one before. */
const SHRINK = 2;

/**
 * f'(0) by Ridders' method: central differences at h, h/2, h/4, ..., extrapolated to h = 0, and of all extrapolations the one
 * that its neighbours agree with best. It finds by itself the step between curvature (too large) and rounding (too small).
 * `f` is asked once, for all the points at which it is wanted, so that it may compute them side by side.
 * `levels` steps are tried, each at two points.
 * Source: Ridders 1982; Press et al., Numerical Recipes, section 5.7.
 */
export async function slopeAtZero(
  f: (points: readonly number[]) => Promise<readonly number[]>,
  { firstStep, levels }: { readonly firstStep: number; readonly levels: number },
): Promise<number> {
  const steps = Array.from({ length: levels }, (_, level) => firstStep / SHRINK ** level);
  const values = await f(steps.flatMap((h) => [h, -h]));
  let above: readonly number[] = [];
  let best = { slope: Number.NaN, error: Number.POSITIVE_INFINITY };
  for (const [level, h] of steps.entries()) {
    const row = [((values[2 * level] as number) - (values[2 * level + 1] as number)) / (2 * h)];
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
  }
  return best.slope;
}
