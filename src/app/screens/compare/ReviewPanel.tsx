import { rowsById, textOf } from '../../../dataset/labels';
import { Button, format, LabelTag, Panel, ProgressBar } from '../../ui';
import type { CloserProps } from './LookCloser';
import { useReview } from './use-closer';

/** Held-back rows whose label is given again, with every prediction and the old label out of sight. */
export function ReviewPanel({ comparison, evaluation, dataset, pair }: CloserProps) {
  const { queue, answers, saving, start, answer, back, leave, apply } = useReview((s) => s);
  const { labels } = evaluation.plan;
  const reviewed = evaluation.review?.reviewed ?? [];
  const left = (ids: readonly string[]) => ids.filter((id) => !reviewed.includes(id)).length;
  if (!pair || !dataset)
    return (
      <Panel title="No labels to check">
        <p className="dim">The rows of this comparison are not in this browser any more.</p>
      </Panel>
    );
  if (queue.length === 0)
    return (
      <Panel title="Are the labels right? Look again, without seeing what any prompt says">
        <div className="stack">
          <p>
            As many rows that the second prompt fixed as rows that it broke are drawn, in mixed order. You see the text
            and give it a label; only where yours differs is anything changed. The verdict then stands twice: as
            labelled, and after your corrections.
          </p>
          {Math.min(left(pair.fixed), left(pair.broken)) === 0 ? (
            <p className="dim">
              {reviewed.length > 0
                ? 'No further rows can be drawn in equal numbers: all of one kind have been looked at.'
                : `No fair draw is possible: ${pair.fixed.length === 0 ? 'no row was fixed' : 'no row was broken'}. Looking at one kind only would bend the result one way.`}
            </p>
          ) : (
            <div className="row">
              <Button onPress={start}>Check labels</Button>
              <span className="dim small">makes a new version of the data, and counts as one more look</span>
            </div>
          )}
        </div>
      </Panel>
    );
  const id = queue[answers.size];
  const row = id === undefined ? undefined : rowsById(dataset.table.rows).get(id);
  const given = [...answers].filter(([, label]) => label !== null);
  return (
    <Panel
      title={id === undefined ? `${format.counted(given.length, 'row')} labelled again` : 'Which label fits this text?'}
    >
      <div className="stack">
        <ProgressBar
          label={`${Math.min(answers.size + 1, queue.length)} of ${queue.length}`}
          value={answers.size / queue.length}
        />
        {id === undefined ? (
          <Given answers={given} {...{ comparison, evaluation, dataset, pair }} />
        ) : (
          <>
            <blockquote className="row-text" aria-live="polite">
              {row ? textOf(row, dataset.mapping) : `Row ${id}`}
            </blockquote>
            <div className="row">
              {labels.map((label, i) => (
                <Button key={label} onPress={() => answer(i)}>
                  {label}
                </Button>
              ))}
              <Button variant="quiet" onPress={() => answer(null)}>
                Skip
              </Button>
            </div>
          </>
        )}
        <div className="row">
          {id === undefined ? (
            <Button variant="primary" isDisabled={saving} onPress={() => void apply()}>
              Keep these labels
            </Button>
          ) : null}
          <Button isDisabled={answers.size === 0 || saving} onPress={back}>
            Undo the last
          </Button>
          <Button variant="quiet" isDisabled={saving} onPress={leave}>
            Leave without changes
          </Button>
        </div>
      </div>
    </Panel>
  );
}

/** At the end: where the labels differ, before anything is changed. */
function Given({
  answers,
  evaluation,
}: CloserProps & { readonly answers: readonly (readonly [string, number | null])[] }) {
  const { rowIds, gold, labels } = evaluation.plan;
  const changes = answers.flatMap(([id, label]) => {
    const was = gold[rowIds.indexOf(id)];
    return label === was || label === null ? [] : [{ id, was: labels[was ?? -1] ?? '', is: labels[label] ?? '' }];
  });
  if (changes.length === 0) return <p>You agree with every label: nothing will change but the count of looks.</p>;
  return (
    <>
      <p>
        You agree with {format.counted(answers.length - changes.length, 'label')}; {changes.length} will change.
      </p>
      <ul className="stack">
        {changes.map(({ id, was, is }) => (
          <li key={id}>
            Row {id}: <LabelTag>{was}</LabelTag> becomes <LabelTag>{is}</LabelTag>
          </li>
        ))}
      </ul>
    </>
  );
}
