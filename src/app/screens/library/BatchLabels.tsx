import { useStore } from 'zustand';
import { firstOf } from '../../../prompt-set/ready-prompt';
import { navigate, screenPath, useHeard } from '../../state/location';
import { Button, format, ProgressBar } from '../../ui';
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

function Label({ now }: { readonly now: Labelling }) {
  const { back, stopLabelling } = batch.use();
  const { rows, given, adding } = now;
  const isDone = given.length === rows.length;
  return (
    <section aria-label="Rows to label" className="stack">
      <ProgressBar
        label={`${Math.min(given.length + 1, rows.length)} of ${format.counted(rows.length, 'row')}`}
        value={given.length / rows.length}
      />
      {isDone ? null : <Question key={given.length} now={now} />}
      <div className="row">
        <AddRows now={now} isDone={isDone} />
        <Button isDisabled={given.length === 0 || adding} onPress={back}>
          Undo the last
        </Button>
        <Button variant="quiet" isDisabled={adding} onPress={stopLabelling}>
          Cancel
        </Button>
      </div>
    </section>
  );
}

/** One row: Enter takes the prompt's answer, a digit gives the label at its place. */
function Question({ now: { rows, given, labels } }: { readonly now: Labelling }) {
  const { give } = batch.use();
  const row = rows[given.length];
  useHeard('keydown', (event) => {
    const label = labels[Number(event.key) - 1];
    const isTyped = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
    if (label === undefined || isTyped || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    give(label);
  });
  if (!row) return null;
  const suggested = labels.includes(row.answer) ? row.answer : labels[0];
  return (
    <>
      <blockquote className="row-text" aria-live="polite">
        {row.text}
      </blockquote>
      <p className="dim small">
        {`The prompt answers “${row.answer}”, with ${format.percentWhole(row.confidence)}. Enter takes that; the digits give a label.`}
      </p>
      <div className="row">
        {labels.map((label, i) => (
          <Button key={label} autoFocus={label === suggested} onPress={() => give(label)}>
            {i < 9 ? `${i + 1} ${label}` : label}
          </Button>
        ))}
        <Button variant="quiet" onPress={() => give(null)}>
          Skip
        </Button>
      </div>
    </>
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
