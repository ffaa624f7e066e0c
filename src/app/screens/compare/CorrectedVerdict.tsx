import { useEffect } from 'react';
import type { Comparison } from '../../../evaluation/types';
import { times } from '../../../evaluation/words';
import type { ClassifyEvaluation } from '../../../project/types';
import { format, Panel } from '../../ui';
import { useReview } from './use-closer';

/** The verdict twice, where labels were corrected: neither replaces the other. */
export function CorrectedVerdict({
  comparison,
  evaluation,
}: {
  readonly comparison: Comparison;
  readonly evaluation: ClassifyEvaluation;
}) {
  const { after, of, recount } = useReview((s) => s);
  const { review } = evaluation;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another comparison or another review is counted anew
  useEffect(() => void recount(), [recount, comparison, review]);
  if (!review) return null;
  const n = review.corrections.length;
  const looked = `${format.counted(review.reviewed.length, 'row')} looked at without predictions`;
  if (n === 0)
    return (
      <p className="dim small">{`${looked}: no label was corrected. The held-back rows have been looked at ${times(review.looks)}.`}</p>
    );
  return (
    <Panel title={`As labelled, and after ${format.counted(n, 'correction')}`} aside={looked}>
      <div className="verdicts">
        <section aria-label="As labelled">
          <h3>As labelled</h3>
          <p>
            <strong>{comparison.verdict.headline}</strong>
          </p>
          <p className="dim small">{comparison.verdict.detail}</p>
        </section>
        <section aria-label="After corrections">
          <h3>{`After ${format.counted(n, 'correction')}`}</h3>
          {after && of === comparison ? (
            <>
              <p>
                <strong>{after.verdict.headline}</strong>
              </p>
              <p className="dim small">{after.verdict.detail}</p>
            </>
          ) : (
            <p className="dim">Counting again…</p>
          )}
        </section>
      </div>
    </Panel>
  );
}
