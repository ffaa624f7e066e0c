import { useMemo } from 'react';
import { rowsById, textOf } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import { drawBallots, type Vote } from '../../../evaluation/vote';
import type { GenerateEvaluation } from '../../../project/types';
import { Panel } from '../../ui';
import { VoteBox } from './VoteBox';

interface WritingVotePanelProps {
  readonly evaluation: GenerateEvaluation;
  readonly dataset: Dataset;
  readonly onVotes: (votes: readonly Vote[]) => void;
}

/** Two written texts side by side, blind: which one a person would rather send. The wanted text is not shown. */
export function WritingVotePanel({ evaluation, dataset, onVotes }: WritingVotePanelProps) {
  const { plan, votes = [] } = evaluation;
  const [pair] = plan.pairs;
  const a = plan.arms.find(({ id }) => id === pair?.[0]);
  const b = plan.arms.find(({ id }) => id === pair?.[1]);
  const ballots = useMemo(() => (a && b ? drawBallots(plan, a.written, b.written) : []), [plan, a, b]);
  const rows = useMemo(() => rowsById(dataset.table.rows), [dataset]);
  if (!a || !b || ballots.length === 0)
    return (
      <Panel title="Nothing to vote on">
        <p className="dim">The two prompts write the same on every held-back row.</p>
      </Panel>
    );
  return (
    <VoteBox
      a={a}
      b={b}
      ballots={ballots}
      votes={votes}
      onVotes={onVotes}
      textOf={(id) => {
        const row = rows.get(id);
        return row ? textOf(row, dataset.mapping) : null;
      }}
      show={(text) => (text === '' ? '(nothing)' : text)}
    />
  );
}
