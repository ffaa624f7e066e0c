/** The lowest point of a smooth convex function. */

interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

const dot = (a: Float64Array, b: Float64Array) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

/** x + s·d. In a loop, as `map` takes several times as long. */
function along(x: Float64Array, s: number, d: Float64Array): Float64Array {
  const out = x.slice();
  for (let i = 0; i < x.length; i++) out[i] = (x[i] as number) + s * (d[i] as number);
  return out;
}

interface Correction {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly rho: number;
}

/** −H·g by two-loop recursion. Source: Nocedal & Wright, Numerical Optimization, algorithm 7.4. */
function direction(gradient: Float64Array, history: readonly Correction[]): Float64Array {
  let q: Float64Array = gradient.slice();
  const alphas: number[] = [];
  for (const { step, change, rho } of history.toReversed()) {
    const alpha = rho * dot(step, q);
    alphas.push(alpha);
    q = along(q, -alpha, change);
  }
  const last = history.at(-1);
  const scale = last ? 1 / (last.rho * dot(last.change, last.change)) : 1;
  q = q.map((v) => v * scale);
  for (const { step, change, rho } of history) q = along(q, (alphas.pop() as number) - rho * dot(change, q), step);
  return q.map((v) => -v);
}

const MOST_ITERATIONS = 500;

/** L-BFGS with a backtracking line search (Armijo), ten corrections kept, until no slope is steeper than the tolerance. */
export function minimise(
  evaluate: (x: Float64Array) => Evaluation,
  start: Float64Array,
  tolerance = 1e-5,
): Float64Array {
  let x = start;
  let here = evaluate(x);
  const history: Correction[] = [];
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    if (here.gradient.every((g) => Math.abs(g) < tolerance)) break;
    const d = direction(here.gradient, history);
    const slope = dot(here.gradient, d);
    let size = iteration === 0 ? Math.min(1, 1 / Math.sqrt(dot(here.gradient, here.gradient))) : 1;
    let next = along(x, size, d);
    let there = evaluate(next);
    while (there.value > here.value + 1e-4 * size * slope && size > 1e-12) {
      size /= 2;
      next = along(x, size, d);
      there = evaluate(next);
    }
    const step = along(next, -1, x);
    const change = along(there.gradient, -1, here.gradient);
    const curvature = dot(step, change);
    // A pair without positive curvature would spoil the estimate.
    if (curvature > 1e-10) history.push({ step, change, rho: 1 / curvature });
    if (history.length > 10) history.shift();
    const gain = here.value - there.value;
    x = next;
    here = there;
    if (gain <= 1e-12 * Math.max(1, Math.abs(here.value))) break;
  }
  return x;
}
