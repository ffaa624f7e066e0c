import { useStore } from 'zustand';
import { textById } from '../../../../../dataset/labels';
import type { ComparisonPlan, PairResult } from '../../../../../evaluation/types';
import { times } from '../../../../../evaluation/words';
import { RowLabels } from '../../../../shell/RowLabels';
import { labelledFrom } from '../../../../state/label-queue';
import { useResource } from '../../../../state/resource';
import { usePicked } from '../../../../state/studio';
import { Button, format, LabelTag, Panel } from '../../../../ui';
import type { CloserProps } from '../../closer-store';
import { correctedKey, reviewStores } from '../../review-store';

/** Test rows to be labelled again, with every prediction and the old label out of sight. */
export function ReviewPanel(props: CloserProps) {
  const { evaluation, pair } = props;
  const isReviewing = useStore(reviewStores.use().queue, (s) => s.rows.length > 0);
  if (!isReviewing) return <StartReview pair={pair} reviewed={evaluation.review?.reviewed ?? NO_IDS} />;
  return <Review {...props} />;
}

const NO_IDS: readonly string[] = [];

function StartReview({ pair, reviewed }: { readonly pair: PairResult; readonly reviewed: readonly string[] }) {
  const { start } = reviewStores.use();
  const left = (ids: readonly string[]) => ids.filter((id) => !reviewed.includes(id)).length;
  return (
    <Panel stack title="Label rows again, without seeing an answer">
      <p>
        Equal numbers of fixed and broken rows, shuffled. You will see both verdicts: as labelled, and as corrected.
      </p>
      {Math.min(left(pair.fixed), left(pair.broken)) === 0 ? (
        <p className="dim">
          {reviewed.length > 0
            ? 'No more rows can be drawn in equal numbers: you have labelled all of one kind.'
            : `No fair draw is possible: ${pair.fixed.length === 0 ? 'no row was fixed' : 'no row was broken'}. Checking one kind only would bias the result.`}
        </p>
      ) : (
        <div className="row">
          <Button onPress={start}>Check labels</Button>
          <span className="dim small">a new version of the data, and one more use of the test rows</span>
        </div>
      )}
    </Panel>
  );
}

function Review({ evaluation: { plan }, dataset }: CloserProps) {
  const { queue, apply } = reviewStores.use();
  const { rows, given, saving } = usePicked(queue, 'rows', 'given', 'saving');
  const text = textById(dataset, '');
  const isDone = given.length === rows.length;
  const answers = labelledFrom({ rows, given });
  return (
    <Panel
      stack
      title={isDone ? `${format.counted(answers.length, 'row')} labelled again` : 'Which label fits this text?'}
    >
      {isDone ? <Given answers={answers} plan={plan} /> : null}
      <RowLabels of={queue} show={(id) => ({ text: text(id) })}>
        {isDone ? (
          <Button variant="primary" isDisabled={saving} onPress={() => void apply()}>
            Keep these labels
          </Button>
        ) : null}
      </RowLabels>
    </Panel>
  );
}

interface GivenProps {
  readonly answers: readonly (readonly [rowId: string, label: string])[];
  readonly plan: ComparisonPlan;
}

function Given({ answers, plan: { rowIds, gold, labels } }: GivenProps) {
  const changes = answers.flatMap(([id, label]) => {
    const was = gold[rowIds.indexOf(id)];
    const before = labels[was ?? -1] ?? '';
    return label === before ? [] : [{ id, was: before, is: label }];
  });
  if (changes.length === 0) return <p>You agree with every label: only the count of test-row uses will change.</p>;
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

/** Both verdicts, where labels were corrected: neither replaces the other. */
export function CorrectedVerdict({ evaluation }: Pick<CloserProps, 'evaluation'>) {
  const { review, comparison } = evaluation;
  const { value } = useResource(reviewStores.use().corrected, correctedKey(evaluation));
  if (!review) return null;
  const n = review.corrections.length;
  const reviewed = `${format.counted(review.reviewed.length, 'row')} checked without predictions`;
  if (n === 0)
    return <p className="dim small">{`${reviewed}: no label was corrected. Test rows used ${times(review.looks)}.`}</p>;
  const verdicts = { 'As labelled': comparison.verdict, 'After corrections': value?.verdict };
  return (
    <Panel title={`As labelled, and after ${format.counted(n, 'correction')}`} aside={reviewed}>
      <div className="verdicts">
        {Object.entries(verdicts).map(([title, verdict]) => (
          <section key={title} aria-label={title}>
            <h3>{title}</h3>
            <p>
              <strong>{verdict?.headline ?? 'Computing…'}</strong>
            </p>
            <p className="dim small">{verdict?.detail}</p>
          </section>
        ))}
      </div>
    </Panel>
  );
}
