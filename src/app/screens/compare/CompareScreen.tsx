import { useEffect, useState } from 'react';
import { otherVersionWords } from '../../../dataset/versions';
import { times } from '../../../evaluation/words';
import { chosenHard, chosenSoft } from '../../../project/prompt-set';
import { navigate, screenPath } from '../../shell/location';
import { ScreenFrame } from '../../shell/Screen';
import { useProject, useSession } from '../../state/studio';
import { Button, Choices, EmptyState, format, Note, Panel, ProgressBar } from '../../ui';
import { useData } from '../data/use-data';
import { type ArmPlan, alsoAmong, contestOf } from './arms';
import { CorrectedVerdict } from './CorrectedVerdict';
import { OthersRow } from './OthersRow';
import { ResultPanels } from './ResultPanels';
import { calibrationWords } from './results';
import { SaveDialog } from './SaveDialog';
import { useCompare } from './use-compare';
import './compare.css';

export default function CompareScreen() {
  const set = useProject((s) => s.set);
  const dataset = useProject((s) => s.dataset);
  const enter = useCompare((s) => s.enter);
  const state = useCompare((s) => s);
  const job = useSession((s) => s.job);
  const detectable = useData((s) => s.prepared?.detectable.sentence ?? null);
  const [saving, setSaving] = useState(false);
  const setId = set?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another set has other comparisons
  useEffect(() => void enter(), [enter, setId]);

  if (!set || !dataset)
    return (
      <ScreenFrame title="There is nothing to compare yet">
        <EmptyState
          title="First, labelled rows"
          action={
            <Button variant="primary" onPress={() => navigate(screenPath(set?.id ?? null, 'data'))}>
              Open a CSV
            </Button>
          }
        >
          Prompts are compared on rows that were held back: open a file with a text column and a label column.
        </EmptyState>
      </ScreenFrame>
    );

  const contest = contestOf(set, state.also);
  const { running, evaluation, comparison, error } = state;
  const shown = evaluation?.setId === set.id && comparison ? comparison : null;
  const busyElsewhere = job !== null && !running;
  const tuned = chosenSoft(set);
  const hard = chosenHard(set);
  const heldBack = format.counted(dataset.split.test.length, 'held-back row');
  const stale =
    shown &&
    evaluation &&
    (evaluation.softVersion !== (tuned?.id ?? null) ||
      evaluation.hardVersion !== (hard?.id ?? null) ||
      // corrections of this very comparison's labels do not make it old
      (evaluation.review?.datasetFingerprint ?? evaluation.datasetFingerprint) !== dataset.fingerprint);
  const otherRows = evaluation && otherVersionWords(dataset, evaluation.datasetFingerprint);
  const included = evaluation
    ? alsoAmong(
        set,
        evaluation.plan.arms.map(({ id }) => id),
      )
    : [];
  const added = shown && !stale && state.also.some((id) => id !== hard?.id && !included.includes(id));
  const canRun = !running && !busyElsewhere && dataset.split.test.length > 0;

  const title = running
    ? 'Comparing on rows that no prompt has seen'
    : shown
      ? shown.verdict.headline
      : tuned
        ? `Is the tuned prompt better than yours? ${heldBack} decide`
        : `Compare prompts on ${heldBack}`;

  return (
    <ScreenFrame
      title={title}
      lead={
        running
          ? null
          : shown
            ? shown.verdict.detail
            : 'Every prompt answers the same rows, in the same way; the difference comes with its interval, and the answer may be that yours is better.'
      }
      actions={
        running ? (
          <Button onPress={state.stop}>Stop</Button>
        ) : shown && evaluation ? (
          <>
            <Button onPress={() => setSaving(true)}>Download</Button>
            <Button isDisabled={!canRun} onPress={state.run} variant={stale || added ? 'primary' : 'plain'}>
              Compare again
            </Button>
            {tuned && !stale && !added ? (
              <Button variant="primary" onPress={() => navigate(`${screenPath(set.id, 'library')}?export=${set.id}`)}>
                Export
              </Button>
            ) : null}
          </>
        ) : (
          <>
            {tuned ? null : <Button onPress={() => navigate(screenPath(set.id, 'train'))}>Train first</Button>}
            <Button variant="primary" isDisabled={!canRun} onPress={state.run}>
              Compare
            </Button>
          </>
        )
      }
    >
      <div className="stack compare">
        {busyElsewhere ? (
          <Note tone="info" title={`${job?.title ?? 'Something'} runs now`}>
            There is one engine, and it does one thing at a time. Comparing can begin when that has ended.
          </Note>
        ) : null}
        {error ? (
          <Note
            tone="bad"
            live
            title="The comparison did not finish"
            action={
              <Button variant="link" onPress={state.run}>
                Try again
              </Button>
            }
          >
            {error.message} Earlier comparisons are kept.
          </Note>
        ) : null}
        {running ? <Progress /> : null}
        {stale && !running ? (
          <Note title="This comparison is of other versions" tone="warning">
            {otherRows ? `It was ${otherRows}. ` : null}Since then another prompt was chosen, or other rows were opened.
            Compare again to see how they stand; that is one more look at the held-back rows.
          </Note>
        ) : null}
        {tuned?.heldBackHash && dataset.heldBackHash && tuned.heldBackHash !== dataset.heldBackHash ? (
          <Note title="The tuned prompt may know some of these rows">
            It was trained while other rows were held back. Train again on this split before you trust a comparison.
          </Note>
        ) : null}
        {added && !running ? (
          <Note title="Compare again to see the prompt that was added" tone="info">
            What this visit has scored already is not scored again. It counts as one more look at the held-back rows.
          </Note>
        ) : null}
        {state.leftOut > 0 && shown ? (
          <Note tone="warning" title={`${format.counted(state.leftOut, 'held-back row')} left out`}>
            They are too long for at least one of the prompts. All prompts were compared on the same other rows.
          </Note>
        ) : null}
        {shown && evaluation && !running ? (
          <>
            <div className="row">
              <Choices
                label="Calibration"
                hideLabel
                value={state.mode}
                onChange={(mode) => void state.calibrate(mode)}
                options={[
                  { id: 'chosen', label: 'Calibrated where it helps', isDisabled: state.switching },
                  { id: 'calibrated', label: 'All calibrated', isDisabled: state.switching },
                  { id: 'raw', label: 'None', isDisabled: state.switching },
                ]}
              />
              <p className="dim small">{calibrationWords(shown, state.mode)}</p>
            </div>
            <CorrectedVerdict comparison={shown} evaluation={evaluation} />
            <OthersRow />
            <SaveDialog isOpen={saving} onClose={() => setSaving(false)} />
            <ResultPanels comparison={shown} evaluation={evaluation} dataset={dataset} />
          </>
        ) : null}
        {!shown && !running ? (
          <Panel title="What will be compared">
            <ol className="arms">
              {contest.arms.map((arm) => (
                <li key={arm.id}>
                  <strong>{arm.name}</strong>{' '}
                  <span className="dim">{ABOUT[arm.id] ?? 'another of your hand-written prompts'}</span>{' '}
                  <LeaveOut arm={arm} />
                </li>
              ))}
              <li>
                <strong>Two reference lines</strong>{' '}
                <span className="dim">
                  always the commonest label, and a word-count classifier (TF-IDF) without any language model
                </span>
              </li>
            </ol>
            <OthersRow />
            {hard ? null : (
              <p className="dim">
                There is no hand-written prompt yet: write one on the Prompts screen to have something to beat.
              </p>
            )}
            {detectable ? <p className="dim small">{detectable}</p> : null}
            <p className="dim small">
              {set.testLooks === 0
                ? 'These rows have not been looked at yet.'
                : `These rows have been looked at ${times(set.testLooks)}; each look makes a lucky result likelier.`}
            </p>
          </Panel>
        ) : null}
      </div>
    </ScreenFrame>
  );
}

const ABOUT: Readonly<Record<string, string>> = {
  untuned: 'the tuned prompt’s exact text without its vectors: shows what the vectors add',
  yours: 'your hand-written prompt as it stands',
  'yours-8': 'your prompt with eight labelled training rows before each text',
  tuned: 'the text with the trained vectors',
  ensemble: 'the mean answer of the runs that differ from Tuned in nothing but the seed',
  hybrid: 'your hand-written prompt with vectors trained on top',
};

function LeaveOut({ arm: { also, name } }: { readonly arm: ArmPlan }) {
  const include = useCompare((s) => s.include);
  return also === null ? null : (
    <Button size="s" variant="link" aria-label={`Leave out ${name}`} onPress={() => void include(also, false)}>
      Leave out
    </Button>
  );
}

function Progress() {
  const { progress, fraction, secondsLeft, note } = useCompare((s) => s);
  return (
    <div className="stack">
      <ProgressBar
        label={note ?? 'Comparing'}
        value={fraction}
        detail={secondsLeft === null ? null : `${format.clock(secondsLeft)} left`}
      />
      <ol className="arms" aria-label="Prompts">
        {progress.map((arm) => (
          <li key={arm.id}>
            {arm.state === 'done' ? '✓' : arm.state === 'running' ? '…' : '·'} {arm.name}{' '}
            <span className="dim small">
              {arm.state === 'running' ? format.percentWhole(arm.fraction) : arm.state === 'done' ? 'scored' : 'waits'}
            </span>
          </li>
        ))}
      </ol>
      <p className="visually-hidden" role="status">
        {note}
      </p>
    </div>
  );
}
