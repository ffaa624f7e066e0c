import { useMemo } from 'react';
import { ChartPanel, drawLengths } from '../../charts';
import { useSession } from '../../state/studio';
import { Panel } from '../../ui/Panel';
import { ProgressBar } from '../../ui/ProgressBar';
import { useData } from './use-data';
import { targetsTitle } from './words';

/** How long the texts are that should be written; it stands where labels have their balance. */
export function TargetsPanel() {
  const waiting = useSession((s) => s.tokenizer.kind === 'waiting' && s.model.kind !== 'failed');
  const targets = useData((s) => s.lengths?.targets ?? null);
  const draw = useMemo(() => (targets ? drawLengths(targets.bins, Number.POSITIVE_INFINITY) : null), [targets]);
  if (!targets || !draw)
    return (
      <Panel title="What should be written" span={4}>
        {waiting ? (
          <ProgressBar label="Tokens of what should be written" value={null} />
        ) : (
          <p className="dim">As soon as the model’s vocabulary is there, the tokens of each answer are counted here.</p>
        )}
      </Panel>
    );
  return (
    <ChartPanel
      span={4}
      title={targetsTitle(targets)}
      unit="tokens an answer"
      draw={draw}
      twin={{
        columns: ['tokens from', 'tokens to', 'rows'],
        rows: targets.bins.map(({ from, to, rows }) => [from, to, rows]),
      }}
    />
  );
}
