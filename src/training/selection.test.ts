import { describe, expect, it } from 'vitest';
import { clearlyHigher, select, type Validated } from './checkpoint';

const ROWS = 100;
/** A run of validations with these mean losses, whose rows differ from one to the next by `spread` at random-looking amounts. */
function run(losses: readonly number[], spread: number, metric: 'loss' | 'accuracy' = 'loss') {
  let state: Parameters<typeof select>[0] = { best: null, evaluationsWithoutGain: 0 };
  const kept: (number | undefined)[] = [];
  losses.forEach((mean, i) => {
    const wobble = Array.from({ length: ROWS }, (_, row) => spread * Math.sin(row * 7 + i * 13));
    const centre = wobble.reduce((sum, w) => sum + w, 0) / ROWS;
    const rowLosses = wobble.map((w) => mean + w - centre);
    const validated: Validated = { kind: 'classify', step: 10 * i, accuracy: 0.5, macroF1: 0.5, loss: mean, rowLosses };
    state = select(state, validated, { vectors: Float32Array.of(i) }, metric, (step) => losses[step / 10]);
    kept.push(state.best?.step);
  });
  return { kept, ...state };
}

describe('selecting the step to keep', () => {
  it('keeps the last step by loss while no earlier one is clearly better', () => {
    const { kept, best } = run([2, 1, 0.95, 1, 0.98], 1);
    expect(kept).toEqual([0, 10, 20, 30, 40]);
    expect(best).toMatchObject({ metric: -0.98, vectors: Float32Array.of(4) });
  });

  it('keeps an earlier step by loss when later ones are clearly worse', () => {
    const { kept, evaluationsWithoutGain } = run([2, 1, 0.95, 1.4, 1.6, 1.9], 0.3);
    expect(kept).toEqual([0, 10, 20, 20, 20, 20]);
    expect(evaluationsWithoutGain).toBe(3);
  });

  it('resets the count of clearly worse validations when one is as good again', () => {
    expect(run([1, 1.5, 1.5, 1.01], 0.3)).toMatchObject({ evaluationsWithoutGain: 0, best: { step: 30 } });
  });

  it('compares with the lowest loss, so that small increases add up', () => {
    const creeping = Array.from({ length: 12 }, (_, i) => 1 + 0.03 * i);
    const { best } = run(creeping, 0.5);
    expect(best?.step).toBeLessThan(60);
  });

  it('keeps the lower loss of equal accuracies without counting it as a gain', () => {
    expect(run([1, 0.9, 1.2], 0.3, 'accuracy')).toMatchObject({ best: { step: 10 }, evaluationsWithoutGain: 2 });
  });
});

it('calls a loss clearly higher above two standard errors of the paired differences', () => {
  const there = Array.from({ length: 50 }, (_, i) => i / 50);
  // differences by turns 0 and 0.4: mean 0.2, standard error 0.2 * sqrt(50/49) / sqrt(50) = 0.0286
  expect(
    clearlyHigher(
      there.map((x, i) => x + (i % 2) * 0.4),
      there,
    ),
  ).toBe(true);
  // by turns -0.2 and 0.3: mean 0.05, standard error 0.036
  expect(
    clearlyHigher(
      there.map((x, i) => x + (i % 2 === 0 ? -0.2 : 0.3)),
      there,
    ),
  ).toBe(false);
  expect(clearlyHigher(there, there)).toBe(false);
  expect(clearlyHigher([2], [1])).toBe(false);
});
