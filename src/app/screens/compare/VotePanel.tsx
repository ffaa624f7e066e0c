import { useMemo } from 'react';
import { rowsById, textOf } from '../../../dataset/labels';
import { drawBallots } from '../../../evaluation/vote';
import { Panel } from '../../ui';
import type { CloserProps } from './LookCloser';
import { useCompare } from './use-compare';
import { VoteBox } from './VoteBox';

/** Two labels side by side, blind. */
export function VotePanel({ comparison, evaluation, dataset, pair }: CloserProps) {
  const amend = useCompare((s) => s.amend);
  const { plan, votes = [] } = evaluation;
  const a = comparison.arms.find((arm) => arm.id === pair?.a);
  const b = comparison.arms.find((arm) => arm.id === pair?.b);
  const ballots = useMemo(() => (a && b ? drawBallots(plan, a.predictions, b.predictions) : []), [plan, a, b]);
  const rows = useMemo(() => rowsById(dataset?.table.rows ?? []), [dataset]);
  if (!a || !b || !dataset || ballots.length === 0)
    return (
      <Panel title="Nothing to vote on">
        <p className="dim">
          {dataset
            ? 'The two prompts say the same on every held-back row.'
            : 'The rows of this comparison are not in this browser any more.'}
        </p>
      </Panel>
    );
  return (
    <VoteBox
      a={a}
      b={b}
      ballots={ballots}
      votes={votes}
      onVotes={(next) => void amend({ votes: next })}
      textOf={(id) => {
        const row = rows.get(id);
        return row ? textOf(row, dataset.mapping) : null;
      }}
      show={(label) => plan.labels[label] ?? ''}
    />
  );
}
