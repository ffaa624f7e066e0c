import { useMemo } from 'react';
import { ChartPanel, drawLengths } from '../../charts';
import { useData, useSession } from '../../state/studio';
import { counted } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { ProgressBar } from '../../ui/ProgressBar';
import { useCountTokens, useLengths } from './rows-store';
import { lengthsTitle, perWordWords } from './words';

/** How long the texts are to the model, against what it reads at once. */
export function LengthsPanel() {
  useCountTokens();
  const isComing = useSession((s) => s.tokenizer.kind === 'ready' || !['failed', 'idle'].includes(s.model.kind));
  const isPrepared = useData((s) => s.prepared !== null);
  const lengths = useLengths((s) => s.value?.texts ?? null);
  const draw = useMemo(() => (lengths ? drawLengths(lengths.bins, lengths.budget) : null), [lengths]);
  if (!isPrepared) return null;
  if (!lengths || !draw)
    return (
      <Panel span={7} title="Text lengths">
        {isComing ? (
          <ProgressBar label="Tokens of the texts" value={null} />
        ) : (
          <p className="dim">The tokens of each text are counted here once the model’s vocabulary has loaded.</p>
        )}
      </Panel>
    );
  return (
    <ChartPanel
      span={7}
      title={lengthsTitle(lengths)}
      unit={lengths.counted < lengths.texts ? `${counted(lengths.counted, 'row')} counted` : 'tokens per text'}
      draw={draw}
      twin={{
        columns: ['tokens from', 'tokens to', 'rows'],
        rows: lengths.bins.map(({ from, to, rows }) => [from, to, rows]),
      }}
    >
      <p className="dim small">{perWordWords(lengths)}</p>
    </ChartPanel>
  );
}
