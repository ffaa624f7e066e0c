import { useStore } from 'zustand';
import type { Reading } from '../../../workflow/try-prompt';
import { isVocabularyComing } from '../../state/session-state';
import { useOpen, useSession } from '../../state/studio';
import { Button, format, Panel, ProgressBar, ScrollRegion, Stoppable } from '../../ui';
import { templateProblem, useDraft, usePrompts } from './prompts-store';
import { isNearest, readings, useReading } from './trying';
import { visible } from './words';

/** Tokens that are shown, from the end. */
const SHOWN = 160;

export function ReadingPanel() {
  const { value, status } = useReading();
  const reading = value?.reading ?? null;
  const isComing = useSession(isVocabularyComing);
  const { dataset } = useOpen();
  const rows = dataset?.split.validation.length ?? 0;
  const index = usePrompts((s) => s.index);
  const { readRow } = usePrompts.use();
  const draft = useDraft();
  const isWaiting = isNearest(draft) && templateProblem(draft, dataset) === null;
  return (
    <Panel
      span={7}
      title={reading ? `Row ${reading.rowId} as the model sees it` : 'A row as the model sees it'}
      aside={
        reading && rows > 1 ? (
          <>
            <Button variant="quiet" size="s" onPress={() => readRow(index - 1)}>
              Previous row
            </Button>
            <Button variant="quiet" size="s" onPress={() => readRow(index + 1)}>
              Next row
            </Button>
          </>
        ) : null
      }
    >
      {reading ? (
        <Tokens reading={reading} isEarlier={status === 'loading'} />
      ) : isComing ? (
        <ProgressBar label="Loading the model’s vocabulary" />
      ) : isWaiting ? (
        <NearestWait />
      ) : (
        <p className="dim">
          Once the model has loaded and the prompt contains {'{text}'}, a validation row appears here, token by token.
        </p>
      )}
    </Panel>
  );
}

interface TokensProps {
  readonly reading: Reading;
  readonly isEarlier: boolean;
}

function Tokens({ reading: { pieces, own, target }, isEarlier }: TokensProps) {
  const hidden = Math.max(0, pieces.length - SHOWN);
  return (
    <ScrollRegion className={isEarlier ? 'tokens tokens-earlier' : 'tokens'} label="Tokens">
      {hidden > 0 ? <span className="dim">{`… ${format.count(hidden)} earlier tokens … `}</span> : null}
      {tokens(pieces.slice(hidden), (i) => (own[hidden + i] ? 'tok tok-own' : 'tok'))}
      {target.length > 0 ? (
        <>
          <span className="dim tokens-answer">→ expected:</span>
          {tokens(target, () => 'tok tok-target')}
        </>
      ) : (
        <span className="dim tokens-answer" aria-hidden="true">
          → answer word
        </span>
      )}
      {pieces.includes('\uFFFD') ? (
        <p className="dim small">� is part of a character that the model has no token for.</p>
      ) : null}
    </ScrollRegion>
  );
}

const tokens = (pieces: readonly string[], look: (at: number) => string) =>
  pieces.map((piece, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: tokens repeat, and their place is what tells them apart
    <span key={i} className={look(i)}>
      {visible(piece)}
    </span>
  ));

/** The nearest examples are known once the model has read the words of all rows. */
function NearestWait() {
  const { read, vectors: store } = readings.use();
  const vectors = useStore(store, (s) => s.vectors);
  const { setHow } = usePrompts.use();
  const balancedInstead = () => {
    read.clear();
    setHow({ selection: 'balanced' });
  };
  if (!vectors) return <ProgressBar label="Waiting for the model, which then reads all rows to find similar ones" />;
  const { done, total } = vectors;
  return (
    <div className="stack">
      <Stoppable
        label="Reading all rows to find similar ones"
        fraction={total > 0 ? done / total : null}
        secondsLeft={null}
        pace={`${format.count(done)} of ${format.count(total)}`}
        stop="Use balanced examples instead"
        onStop={balancedInstead}
      />
    </div>
  );
}
