import { describe, expect, it } from 'vitest';
import { adaptationStep, wasStillFalling } from './checkpoint';

describe('a validation loss that was still falling', () => {
  const falling = (...losses: number[]) => wasStillFalling(losses.map((loss) => ({ loss })));

  it('is lowest at the end, after a fall in the last third of the run', () => {
    expect(falling(1.2, 1, 0.9, 0.8, 0.7, 0.6)).toBe(true);
  });

  it('is none where it had levelled off, rose again, or was seen too rarely', () => {
    expect(falling(1.2, 0.8, 0.61, 0.605, 0.602, 0.6)).toBe(false);
    expect(falling(1.2, 0.8, 0.6, 0.5, 0.6, 0.7)).toBe(false);
    expect(falling(1.2, 0.8, 0.5)).toBe(false);
  });
});

describe('adaptation', () => {
  const points = [0.3, 0.6, 0.77, 0.7, 0.78, 0.8, 0.5].map((value, i) => ({ step: i * 10, value }));

  it('is the step from which on validation stays at 95% of what it ends with', () => {
    expect(adaptationStep(points, 50)).toBe(40);
    expect(adaptationStep(points, null)).toBe(10);
  });

  it('is not known of one point or of nothing learned', () => {
    expect(adaptationStep(points.slice(0, 1), null)).toBeNull();
    expect(
      adaptationStep(
        [
          { step: 0, value: 0 },
          { step: 10, value: 0 },
        ],
        null,
      ),
    ).toBeNull();
  });
});
