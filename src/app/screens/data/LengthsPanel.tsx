import { useEffect, useMemo } from 'react';
import { ChartPanel, drawLengths } from '../../charts';
import { useSession, useStores } from '../../state/studio';
import { counted } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { ProgressBar } from '../../ui/ProgressBar';
import { useData } from './use-data';
import { lengthsTitle, perWordWords } from './words';

/** How long the texts are to the model, against what it reads at once. */
export function LengthsPanel() {
  const { data } = useStores();
  const ready = useSession((s) => s.tokenizer.kind === 'ready');
  const waiting = useSession((s) => s.model.kind !== 'failed' && s.model.kind !== 'idle');
  const fingerprint = useData((s) => s.prepared?.dataset.fingerprint ?? null);
  const lengths = useData((s) => s.lengths?.found ?? null);
  useEffect(() => {
    if (ready && fingerprint !== null) void data.getState().countTokens();
  }, [ready, fingerprint, data]);
  const draw = useMemo(() => (lengths ? drawLengths(lengths.bins, lengths.budget) : null), [lengths]);
  if (fingerprint === null) return null;
  if (!lengths || !draw)
    return (
      <Panel span={7} title="How long the texts are">
        {ready || waiting ? (
          <ProgressBar label="Tokens of the texts" value={null} />
        ) : (
          <p className="dim">As soon as the model’s vocabulary is there, the tokens of each text are counted here.</p>
        )}
      </Panel>
    );
  return (
    <ChartPanel
      span={7}
      title={lengthsTitle(lengths)}
      unit={lengths.counted < lengths.texts ? `${counted(lengths.counted, 'row')} counted` : 'tokens a text'}
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
