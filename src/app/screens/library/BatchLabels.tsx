import { useStore } from 'zustand';
import { firstOf } from '../../../prompt-set/planned';
import { RowLabels } from '../../shell/RowLabels';
import { labelledFrom } from '../../state/label-queue';
import { navigate, screenPath } from '../../state/location';
import { usePicked } from '../../state/studio';
import { Button, format } from '../../ui';
import type { BatchRun } from './batch-run';
import { batch, MOST_UNSURE } from './batch-store';

/** The rows that the prompt was least sure of come back as training rows: asked for, labelled by keyboard, added. */
export function BatchLabels({ run }: { readonly run: BatchRun }) {
  const { labelling, queue } = batch.use();
  const of = useStore(labelling, (s) => s.of);
  const isLabelling = useStore(queue, (s) => s.rows.length > 0);
  if (firstOf(run.request.plan).prompt.task.kind !== 'classify') return null;
  // answers that came since would be other rows
  return isLabelling && of === run ? <Label /> : <StartLabelling run={run} />;
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
function Label() {
  const { queue } = batch.use();
  const labels = useStore(queue, (s) => s.labels);
  return (
    <section aria-label="Rows to label" className="stack">
      <RowLabels
        of={queue}
        show={({ text, answer, confidence }) => ({
          text,
          suggested: labels.includes(answer) ? answer : undefined,
          note: `The prompt answers “${answer}”, with ${format.percentWhole(confidence)}.`,
        })}
      >
        <AddRows />
      </RowLabels>
    </section>
  );
}

function AddRows() {
  const { queue, add } = batch.use();
  const { rows, given, saving } = usePicked(queue, 'rows', 'given', 'saving');
  const labelled = labelledFrom({ rows, given });
  const corrected = labelled.filter(([{ answer }, label]) => label !== answer).length;
  const isDone = given.length === rows.length;
  return (
    <>
      <Button
        key={isDone ? 'all' : 'some'}
        variant="primary"
        autoFocus={isDone}
        isDisabled={labelled.length === 0 || saving}
        onPress={() => void add()}
      >
        {`Add ${format.counted(labelled.length, 'row')} for training`}
      </Button>
      {labelled.length > 0 ? (
        <span className="dim small">{`${format.count(corrected)} with another label than the prompt’s`}</span>
      ) : null}
    </>
  );
}
