import { useStore } from 'zustand';
import { firstOf } from '../../../prompt-set/ready-prompt';
import { RowLabels } from '../../shell/RowLabels';
import { navigate, screenPath } from '../../state/location';
import { Button, format } from '../../ui';
import type { BatchRun } from './batch-run';
import { batch, type Labelling, MOST_UNSURE } from './batch-store';

/** The rows that the prompt was least sure of come back as training rows: asked for, labelled by keyboard, added. */
export function BatchLabels({ run }: { readonly run: BatchRun }) {
  const { labelling } = batch.use();
  const now = useStore(labelling, (s) => s.now);
  if (firstOf(run.request.plan).prompt.task.kind !== 'classify') return null;
  // answers that came since would be other rows
  return now?.of === run ? <Label now={now} /> : <StartLabelling run={run} />;
}

function StartLabelling({ run: { progress } }: { readonly run: BatchRun }) {
  const { label, labelling, choice } = batch.use();
  const added = useStore(labelling, (s) => s.added);
  const setId = useStore(choice, (s) => s.setId);
  const answered = progress.counts.reduce((sum, n) => sum + n, 0);
  if (answered === 0) return null;
  return (
    <>
      {added ? (
        <p role="status">
          {added}.{' '}
          <Button variant="link" onPress={() => navigate(screenPath(setId, 'train'))}>
            Train with them
          </Button>
        </p>
      ) : null}
      <div className="row">
        <Button onPress={() => void label()}>{`Label the ${Math.min(MOST_UNSURE, answered)} least sure`}</Button>
        <span className="dim small">
          You give their labels; they become training rows of the prompt set. Its test rows stay as they are.
        </span>
      </div>
    </>
  );
}

/** Enter takes the prompt's answer. */
function Label({ now }: { readonly now: Labelling }) {
  const { give, back, stopLabelling } = batch.use();
  const { rows, given, labels, adding } = now;
  const row = rows[given.length];
  return (
    <section aria-label="Rows to label" className="stack">
      <RowLabels
        labels={labels}
        at={given.length}
        of={rows.length}
        text={row?.text ?? ''}
        suggested={row && labels.includes(row.answer) ? row.answer : undefined}
        note={row && `The prompt answers “${row.answer}”, with ${format.percentWhole(row.confidence)}.`}
        isSaving={adding}
        onGive={give}
        onBack={back}
        onLeave={stopLabelling}
      >
        <AddRows now={now} isDone={given.length === rows.length} />
      </RowLabels>
    </section>
  );
}

function AddRows({ now, isDone }: { readonly now: Labelling; readonly isDone: boolean }) {
  const { add } = batch.use();
  const { rows, given, adding } = now;
  const labelled = given.filter((label) => label !== null).length;
  const corrected = given.filter((label, i) => label !== null && label !== rows[i]?.answer).length;
  return (
    <>
      <Button
        key={isDone ? 'all' : 'some'}
        variant="primary"
        autoFocus={isDone}
        isDisabled={labelled === 0 || adding}
        onPress={() => void add()}
      >
        {`Add ${format.counted(labelled, 'row')} for training`}
      </Button>
      {labelled > 0 ? (
        <span className="dim small">{`${format.count(corrected)} with another label than the prompt’s`}</span>
      ) : null}
    </>
  );
}
