import type { Dataset } from '../../../dataset/types';
import { otherVersionWords } from '../../../dataset/versions';
import { chosenHard, chosenSoft, isWriting } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import { navigate, screenPath } from '../../shell/location';
import { ScreenFrame } from '../../shell/Screen';
import { useData } from '../../state/data/use-data';
import { useSession } from '../../state/studio';
import { Button, format, Note } from '../../ui';
import { alsoAmong, contestOf } from './arms';
import { CompareProgress } from './CompareProgress';
import { comparedIds, drawnWords } from './compared-rows';
import type { ContestState } from './contest-run';
import { PlannedPanel } from './PlannedPanel';
import { useCompare } from './use-compare';

interface CompareFrameProps {
  readonly set: PromptSet;
  readonly dataset: Dataset;
  readonly state: ContestState & {
    readonly leftOut: number;
    readonly run: () => Promise<void>;
    readonly stop: () => void;
  };
  /** The comparison that there is, and of what. */
  readonly shown: {
    readonly verdict: { readonly headline: string; readonly detail: string };
    readonly armIds: readonly string[];
    readonly hardVersion: string | null;
    readonly softVersion: string | null;
    /** Of the rows that it was made on. */
    readonly madeOn: string;
    /** Of the rows that it still holds for: corrections of its own labels do not make it old. */
    readonly holdsFor: string;
  } | null;
  readonly words: {
    /** While it runs. */
    readonly running: string;
    /** Before it, with a tuned prompt. */
    readonly question: string;
    readonly about: string;
  };
  readonly onSave: () => void;
  /** What stands under the verdict. */
  readonly children: React.ReactNode;
}

/** Compare around its results, whatever prompts do: the verdict, what can be done, how far it is, and what to beware of. */
export function CompareFrame({ set, dataset, state, shown, words, onSave, children }: CompareFrameProps) {
  const also = useCompare((s) => s.also);
  const job = useSession((s) => s.job);
  const detectable = useData((s) => s.prepared?.detectable.sentence ?? null);
  const { running, error } = state;
  const contest = contestOf(set, also);
  const busyElsewhere = job !== null && !running;
  const tuned = chosenSoft(set);
  const hard = chosenHard(set);
  const rows = comparedIds(set, dataset).length;
  const heldBack = format.counted(rows, 'held-back row');
  const drawn = drawnWords(rows, dataset.split.test.length);
  const stale =
    shown &&
    (shown.softVersion !== (tuned?.id ?? null) ||
      shown.hardVersion !== (hard?.id ?? null) ||
      shown.holdsFor !== dataset.fingerprint);
  const otherRows = shown && otherVersionWords(dataset, shown.madeOn);
  const included = shown ? alsoAmong(set, shown.armIds) : [];
  const added = shown && !stale && also.some((id) => id !== hard?.id && !included.includes(id));
  const canRun = !running && !busyElsewhere && dataset.split.test.length > 0;
  const title = running
    ? words.running
    : shown
      ? shown.verdict.headline
      : tuned
        ? `${words.question} ${heldBack} decide`
        : `Compare prompts on ${heldBack}`;

  return (
    <ScreenFrame
      title={title}
      lead={running ? null : (shown?.verdict.detail ?? words.about)}
      actions={
        running ? (
          <Button onPress={state.stop}>Stop</Button>
        ) : shown ? (
          <>
            <Button onPress={onSave}>Download</Button>
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
        {running ? <CompareProgress {...state} /> : null}
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
            {isWriting(set) ? '' : 'What this visit has scored already is not scored again. '}It counts as one more look
            at the held-back rows.
          </Note>
        ) : null}
        {state.leftOut > 0 && shown ? (
          <Note tone="warning" title={`${format.counted(state.leftOut, 'held-back row')} left out`}>
            They are too long for at least one of the prompts. All prompts were compared on the same other rows.
          </Note>
        ) : null}
        {drawn && !running ? <p className="dim small">{drawn}</p> : null}
        {shown && !running ? children : null}
        {!shown && !running ? (
          <PlannedPanel set={set} arms={contest.arms} hasHand={hard !== null} detectable={detectable} />
        ) : null}
      </div>
    </ScreenFrame>
  );
}
