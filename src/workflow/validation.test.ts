import { describe, expect, it } from 'vitest';
import type { TokenRow } from '../tokens/tokenizer';
import { labelFigures } from './tries';

const row = (rowId: string, label: number | null): TokenRow => ({ rowId, label, ids: new Int32Array(1) });
const scored = (...logProbs: number[]) => ({ rowId: '', logProbs, tokensSent: 1, tokensComputed: 1 });

describe('figures of a try', () => {
  it('counts correct and wrong rows and remembers the wrong answers', () => {
    const tried = labelFigures(
      {
        dataset: { labels: ['x', 'y'] },
        rows: [row('a', 0), row('b', 1), row('c', 1), row('unlabelled', null)],
        with: { meanLogProbs: null },
      },
      { seconds: 2, rowsRun: 4, rows: [scored(-0.1, -3), scored(-0.1, -3), scored(-3, -0.1), scored(-0.1, -3)] },
    );
    expect(tried).toMatchObject({
      accuracy: 2 / 3,
      confusion: [
        [1, 0],
        [1, 1],
      ],
      wrongRowIds: ['b'],
      wrongPredictions: [0],
      rows: 3,
      seconds: 2,
    });
    expect(tried.macroF1).toBeCloseTo(2 / 3, 10);
  });
});
