import type { ComponentProps } from 'react';
import { useStore } from 'zustand';
import { accountSentence } from '../../../dataset/account';
import type { Dataset, RowAccount } from '../../../dataset/types';
import { otherVersionWords } from '../../../dataset/versions';
import { comparedIds } from '../../../evaluation/rows';
import { alsoAmong, isOutdated } from '../../../prompt-set/arms';
import { chosenHybrid, chosenTrained, chosenWritten } from '../../../prompt-set/make-versions';
import { productionOf } from '../../../prompt-set/stages';
import { deciding, type Evaluation, type KeptVerdict, type Opened, type PromptSet } from '../../../prompt-set/types';
import { mayKnowTestRows, seedsOfOtherSplits } from '../../../prompt-set/versions';
import { NeedsRows, ScreenFrame, ToComparison, ViewingOnly } from '../../shell/Screen';
import { Stages } from '../../shell/Stages';
import { navigate, screenPath } from '../../state/location';
import { useResource } from '../../state/resource';
import { weightsOf } from '../../state/session-state';
import { useCannotAsk, useOnlyShows, useOpen, usePicked, useSession } from '../../state/studio';
import { isBefore, useWhole } from '../../state/whole-run';
import { Button, EmptyState, Failed, format, Note } from '../../ui';
import { compareStores, type Latest } from './compare-store';
import { PlannedPanel, ProgressPanel } from './PlannedPanel';
import { PANELS, Questions } from './panels/table';
import './compare.css';

export default function CompareScreen() {
  const { set, dataset } = useOpen();
  if (set && dataset) return <Compare set={set} dataset={dataset} />;
  if (!set)
    return (
      <NeedsRows title="Nothing to compare yet" missing="Open labelled rows first">
        Prompts are compared on test rows: open a file with a column of texts and a column of answers.
      </NeedsRows>
    );
  return (
    <ScreenFrame title={set.verdict?.headline ?? 'Nothing to compare yet'}>
      <EmptyState
        title="No rows came with it"
        action={
          <Button variant="primary" onPress={() => navigate(screenPath(set.id, 'data'))}>
            Open a CSV
          </Button>
        }
      >
        {set.verdict ? `${keptWords(set.verdict)} ` : null}Prompts are compared on test rows: open a file with a column
        of texts and a column of answers.
      </EmptyState>
    </ScreenFrame>
  );
}

const keptWords = ({ rows, at }: KeptVerdict): string =>
  `The verdict comes from a comparison on ${format.counted(rows, 'test row')} of ${at.slice(0, 10)}, without its figures.`;

/** What is going to be compared, below a verdict that came along without its comparison. */
const NotCompared = (planned: ComponentProps<typeof PlannedPanel>) => {
  const { verdict } = planned.set;
  return (
    <>
      {verdict ? (
        <Note tone="info" title={verdict.headline}>
          {keptWords(verdict)}
        </Note>
      ) : null}
      <PlannedPanel {...planned} />
      {verdict ? null : <EmptyState title="The result will appear here" />}
    </>
  );
};

/** Whether the comparison on the screen is out of date, or lacks a prompt that was added since. */
function staleness(set: PromptSet, opened: Opened, evaluation: Evaluation | null, also: readonly string[]) {
  if (!evaluation) return { isStale: false, hasMore: false };
  const isStale = isOutdated(set, evaluation, opened);
  const arms = evaluation.plan.arms.map(({ id }) => id);
  const included = [...alsoAmong(set, arms), chosenWritten(set)?.id];
  return { isStale, hasMore: !isStale && also.some((id) => !included.includes(id)) };
}

const NO_IDS: readonly string[] = [];

function Compare({ set, dataset }: { readonly set: PromptSet; readonly dataset: Dataset }) {
  const compare = compareStores.use();
  const kind = set.kind;
  const { value } = useResource(compare.latest, { setId: set.id, kind });
  const also = useResource(compare.also, set.id).value ?? NO_IDS;
  const isOn = useStore(compare.run, (s) => s.running);
  const whole = useWhole();
  // from the end of the training on, and after a reload
  const running = isOn || (whole !== null && !isBefore(whole.stage, 'Comparison'));
  const model = useSession(weightsOf);
  const evaluation = value?.evaluation ?? null;
  const tuned = chosenTrained(set);
  const isPlanned = evaluation === null && model !== null && !running;
  const planned = useResource(compare.rows, isPlanned ? { set, dataset, also } : null).value;
  const rows = planned?.parts.test ?? comparedIds(kind, dataset).length;
  const { isStale, hasMore } = staleness(set, { dataset, model }, evaluation, also);
  const { running: runningWords, question, about } = PANELS[kind].words;
  const testRows = format.counted(rows, 'test row');
  const shown = planned?.detectable.sentence;
  const account = evaluation ? deciding(evaluation).account : planned?.account;
  const before = tuned ? `${question} ${testRows} decide` : `Compare prompts on ${testRows}`;
  return (
    <ScreenFrame
      title={running ? runningWords : evaluation ? deciding(evaluation).comparison.verdict.headline : before}
      lead={running || evaluation ? null : about}
      actions={
        <Actions
          set={set}
          evaluation={evaluation}
          outdated={isStale || hasMore}
          hasRows={dataset.split.test.length > 0}
        />
      }
    >
      <div className="stack compare">
        <Stages />
        <Troubles isEmpty={evaluation === null} />
        {running ? <ProgressPanel /> : null}
        {evaluation && isStale && !running ? <StaleNote dataset={dataset} evaluation={evaluation} /> : null}
        <SplitNote set={set} dataset={dataset} />
        {hasMore && !running ? (
          <Note title="Compare again to see the prompt you added" tone="info">
            {PANELS[kind].words.again}It counts as one more use of the test rows.
          </Note>
        ) : null}
        {value ? <LeftOutNotes tooLong={value.tooLong} account={account} /> : null}
        {evaluation && !running ? <Questions {...{ set, evaluation, dataset }} outdated={isStale || hasMore} /> : null}
        {evaluation || running ? null : <NotCompared {...{ set, dataset, also }} detectable={shown} />}
      </div>
    </ScreenFrame>
  );
}

const LeftOutNotes = ({ tooLong, account }: Pick<Latest, 'tooLong'> & { readonly account: RowAccount | undefined }) => (
  <>
    {tooLong.length > 0 ? (
      <Note tone="info" title={`Without ${tooLong.join(' and ')}`}>
        With the examples, most test rows do not fit the model. Cut the texts on the Data screen to compare it too.
      </Note>
    ) : null}
    {account?.leftOut.long ? (
      <Note tone="warning" title={accountSentence(account)}>
        A row that is too long for one prompt is left out of all.
      </Note>
    ) : null}
  </>
);

interface ActionsProps {
  readonly set: PromptSet;
  readonly evaluation: Evaluation | null;
  readonly outdated: boolean;
  readonly hasRows: boolean;
}

function Actions({ set, evaluation, outdated, hasRows }: ActionsProps) {
  const { run } = compareStores.use();
  const running = useStore(run, (s) => s.running);
  const cannot = useCannotAsk() || !hasRows;
  const onlyShows = useOnlyShows();
  const tuned = chosenTrained(set);
  const start = () => void run.start();
  if (running) return <Button onPress={run.stop}>Stop</Button>;
  if (!evaluation)
    return (
      <>
        {tuned || onlyShows ? null : <Button onPress={() => navigate(screenPath(set.id, 'train'))}>Train first</Button>}
        <Button variant={onlyShows ? 'plain' : 'primary'} isDisabled={cannot} onPress={start}>
          Compare
        </Button>
        {onlyShows ? <ToComparison setId={set.id} /> : null}
      </>
    );
  return (
    <Button isDisabled={cannot} onPress={start} variant={outdated ? 'primary' : 'plain'}>
      Compare again
    </Button>
  );
}

function Troubles({ isEmpty }: { readonly isEmpty: boolean }) {
  const { run } = compareStores.use();
  const { running, error } = usePicked(run, 'running', 'error');
  const other = useSession((s) => s.job?.title ?? null);
  const stopped = useSession(({ model }) => (model.kind === 'failed' ? model.error.message : null));
  // what ended the model is said once, at the top of every screen
  const failure = error?.message === stopped ? null : error;
  return (
    <>
      <ViewingOnly isEmpty={isEmpty} />
      {other !== null && !running ? (
        <Note tone="info" title={`${other} is running`}>
          You can compare when it finishes.
        </Note>
      ) : null}
      <Failed title="The comparison did not finish" error={failure} onRetry={() => void run.start()}>
        Earlier comparisons are kept.
      </Failed>
    </>
  );
}

function StaleNote({ dataset, evaluation }: { readonly dataset: Dataset; readonly evaluation: Evaluation }) {
  const otherRows = otherVersionWords(dataset, evaluation.datasetFingerprint);
  return (
    <Note title="This comparison used other versions" tone="warning">
      {otherRows ? `It was ${otherRows}. ` : null}Since then the prompt, its answer words, the model or the rows have
      changed. Compare again to update it; that is one more use of the test rows.
    </Note>
  );
}

/** Prompts that were trained on another split: they may know test rows, or are left out of the mean over the seeds. */
function SplitNote({ set, dataset }: { readonly set: PromptSet; readonly dataset: Dataset }) {
  const tuned = chosenTrained(set);
  const inUse = productionOf(set);
  const trained = {
    'the tuned prompt': tuned,
    'the hybrid': chosenHybrid(set),
    'the version in production': inUse !== tuned ? inUse : null,
  };
  const knowing = Object.entries(trained).flatMap(([name, version]) =>
    version && mayKnowTestRows(set, version.id, dataset) ? [name] : [],
  );
  const others = tuned ? seedsOfOtherSplits(set, tuned).length : 0;
  return (
    <>
      {knowing.length > 0 ? (
        <Note title={`${format.capitalised(knowing.join(' and '))} may know some of these rows`}>
          Their vectors, or those that they started from, were trained with other test rows. Train again on this split
          before you trust a comparison.
        </Note>
      ) : null}
      {others > 0 ? (
        <Note title="A mean only uses runs of one split" tone="info">
          {`${format.counted(others, 'run')} with another seed ${others === 1 ? 'was' : 'were'} trained on another split, so the mean leaves ${others === 1 ? 'it' : 'them'} out. Train more seeds on this split to include more.`}
        </Note>
      ) : null}
    </>
  );
}
