import { useEffect, useMemo } from 'react';
import type { Dataset } from '../../../dataset/types';
import { comparedIds } from '../../../evaluation/rows';
import type { StudioError } from '../../../lib/errors';
import { isUsable, openRun } from '../../../prompt-set/make-versions';
import { isWriting, kindOf } from '../../../prompt-set/prompt-set';
import type { PromptSet } from '../../../prompt-set/types';
import { textOf } from '../../../workflow/runs';
import { MOST_TRAINING_ROWS } from '../../../workflow/training-rows';
import { NeedsRows, ScreenFrame } from '../../shell/Screen';
import { navigate, screenPath, useQuery } from '../../state/location';
import { CHECKING } from '../../state/self-check';
import { whyTrainingOff } from '../../state/session-state';
import { useOnlyShows, usePicked, usePromptSets, useSession, useStores } from '../../state/studio';
import { useWordFinder } from '../../state/word-jobs';
import { attempted, Button, Failed, format, Note, ProgressBar } from '../../ui';
import { CurvesPanels, useTrainAgain } from './CurvesPanels';
import { fractionOf, type LiveRun, progressWords, trainHeadline } from './live-run';
import { againOf, plannedRuns, useFairRival, useMachineSpeed, useNextRun, useRunRows } from './next-run';
import { QueuePanel, RunsPanel } from './RunsPanel';
import { refusedField } from './SettingsPanel';
import { LearningCurvePanel, SideBySide } from './SideBySide';
import { SmallerPanel } from './SmallerPanel';
import { LearnedPanel, openSettings, StartPanel } from './StartPanel';
import { useShownRun, useTraining } from './training-store';
import './train.css';

export default function TrainScreen() {
  const set = usePromptSets((s) => s.set);
  const dataset = usePromptSets((s) => s.dataset);
  if (set && dataset) return <OpenTraining set={set} dataset={dataset} />;
  return (
    <NeedsRows title="Nothing to train on yet" missing="No labelled rows yet" shows={SHOWS}>
      Training needs a file with a text column and an answer column (labels or expected texts). A hand-written prompt
      helps, but is optional.
    </NeedsRows>
  );
}

const SHOWS = [
  ['Curves', 'Accuracy on validation rows and the training loss, step by step, beside your own prompt.'],
  ['Advice', 'Whether the vectors are learning, overfitting or diverging, and what to change.'],
  ['Runs', 'Every run with its settings and its result. Compare two or more side by side.'],
] as const;

interface OpenProps {
  readonly set: PromptSet;
  readonly dataset: Dataset;
}

const isRunning = (live: LiveRun | null): live is LiveRun => live !== null && live.phase !== 'ended';
const isDone = (live: LiveRun | null) =>
  live?.ending === 'finished' || live?.ending === 'early' || live?.ending === 'stopped';

function OpenTraining({ set, dataset }: OpenProps) {
  const allRows = dataset.split.train.length;
  const trainRows = Math.min(allRows, MOST_TRAINING_ROWS);
  const waiting = useTraining((s) => s.waiting);
  const finding = useWordFinder((s) => s.running);
  const headline = useShownRun(set.id, (live) => trainHeadline(live, set, trainRows));
  const isStepping = useShownRun(set.id, (live) => live?.phase === 'training');
  useArrival(set.id, dataset);
  useMachineSpeed();
  useFairRival();
  useAgain(set);
  return (
    <ScreenFrame
      title={finding ? 'Finding answer words' : waiting ? 'Getting the model ready' : headline}
      lead={<Lead set={set} dataset={dataset} />}
      isQuiet={isStepping}
      actions={<Actions set={set} />}
    >
      <div className="stack train">
        <Progress set={set} />
        <Troubles set={set} />
        <div className="grid uneven">
          <SmallerPanel set={set} />
          <CurvesPanels set={set} trainRows={trainRows} />
          <QueuePanel />
          <SideBySide set={set} />
          <LearningCurvePanel set={set} dataset={dataset} />
          <StartPanel set={set} />
          <div className="c7 train-side">
            <LearnedPanel set={set} />
            <RunsPanel set={set} />
          </div>
        </div>
      </div>
    </ScreenFrame>
  );
}

/** A link names a run to repeat, and how many steps: its settings are filled in, and nothing starts. */
function useAgain(set: PromptSet): void {
  const [runId, setRunId] = useQuery('again', '');
  const [steps, setSteps] = useQuery('steps', '');
  const { change, chooseText } = useNextRun.use();
  useEffect(() => {
    if (runId === '') return;
    const settings = againOf(set, runId, steps);
    setRunId('');
    setSteps('');
    if (!settings) return;
    change(settings);
    const run = set.soft.find(({ id }) => id === runId);
    if (run) chooseText(textOf(run));
    openSettings();
  }, [set, runId, steps, setRunId, setSteps, change, chooseText]);
}

/** These rows are on the screen: a cut-off run resumes, and the queue continues. */
function useArrival(setId: string, dataset: Dataset): void {
  const { arrive, renewLines } = useTraining.use();
  const weights = useSession(({ model }) => (model.kind === 'ready' ? model.info.sha256 : null));
  useEffect(() => void arrive({ setId, dataset }), [arrive, setId, dataset]);
  // lines to beat that were measured with these weights
  useEffect(() => void (weights && renewLines()), [weights, renewLines]);
}

function Lead({ set, dataset }: OpenProps) {
  const progress = useShownRun(set.id, (live) => (isRunning(live) ? progressWords(live) : null));
  const trainingOff = useSession(whyTrainingOff);
  const examples = useNextRun((next) => next.examples);
  if (progress !== null)
    return <>{`${progress}. You can leave this screen: training continues, and survives a reload.`}</>;
  if (trainingOff) return <>{trainingOff}</>;
  const all = dataset.split.train.length - examples;
  const isSampled = all > MOST_TRAINING_ROWS;
  const rows = `${isSampled ? `${format.count(MOST_TRAINING_ROWS)} of ` : ''}${format.counted(all, 'training row')}${isSampled ? ' drawn at random' : ''}`;
  const tests = format.counted(dataset.split.test.length, 'test row');
  return (
    <>{`Training learns a few vectors from ${rows} and leaves the model unchanged. It never sees the ${tests}.`}</>
  );
}

function Actions({ set }: { readonly set: PromptSet }) {
  const running = useShownRun(set.id, isRunning);
  return running ? <RunActions set={set} /> : <StartActions set={set} />;
}

function useStart() {
  const { enqueue } = useTraining.use();
  const next = useNextRun.use();
  return () => {
    const refused = refusedField();
    if (!refused) return void enqueue(plannedRuns(next.getState()));
    openSettings();
    refused.focus();
  };
}

/** keys: a second press of one button must not fall on the one that replaces it */
function RunActions({ set }: { readonly set: PromptSet }) {
  const phase = useTraining((s) => s.live?.phase);
  const bestStep = useShownRun(set.id, (live) => live?.bestStep ?? null);
  const { pause, stop } = useTraining.use();
  const waiting = useTraining((s) => s.waiting);
  const trainingOff = useSession(whyTrainingOff);
  const start = useStart();
  return (
    <>
      <Button key="add" onPress={start} isDisabled={waiting || trainingOff !== null}>
        Add to the queue
      </Button>
      <Button onPress={pause} isDisabled={phase === 'pausing' || phase === 'stopping'}>
        Pause
      </Button>
      <Button onPress={stop} isDisabled={phase === 'stopping'}>
        {bestStep !== null && bestStep > 0 ? `Stop, keep step ${bestStep}` : 'Stop'}
      </Button>
    </>
  );
}

function StartActions({ set }: { readonly set: PromptSet }) {
  const busy = useTraining((s) => s.busy);
  const waiting = useTraining((s) => s.waiting);
  const done = useShownRun(set.id, isDone) && !busy;
  const resumeFrom = useShownRun(set.id, (live) => live?.resumeFrom ?? null);
  const resumable = useResumable(set);
  const { resume } = useTraining.use();
  const trainingOff = useSession(whyTrainingOff);
  const start = useStart();
  return (
    <>
      {resumable ? (
        <Button
          key="resume"
          variant="primary"
          onPress={() => void resume(resumable)}
          isDisabled={waiting || trainingOff !== null}
        >
          {resumeFrom === null ? 'Resume' : resumeFrom > 0 ? `Resume from step ${resumeFrom}` : 'Start again'}
        </Button>
      ) : null}
      <Button
        key="train"
        variant={resumable || done ? 'plain' : 'primary'}
        onPress={start}
        isDisabled={trainingOff !== null || busy || waiting || !(isWriting(set) || set.words.length > 1)}
      >
        {set.soft.length > 0 ? 'Train another' : 'Train'}
      </Button>
      {done && set.soft.some(isUsable) ? <CompareButton set={set} /> : null}
    </>
  );
}

/** Compares at once where nothing is compared yet; afterwards Compare asks first, as each use of the test rows counts. */
function CompareButton({ set }: { readonly set: PromptSet }) {
  const { intents } = useStores();
  const dataset = usePromptSets((s) => s.dataset);
  const kind = kindOf(set);
  const rows = useMemo(() => (dataset ? comparedIds(kind, dataset).length : 0), [dataset, kind]);
  const isOff = useOnlyShows();
  const isFirst = set.testLooks === 0 && rows > 0 && !isOff;
  const open = () => {
    navigate(screenPath(set.id, 'compare'));
    if (isFirst) void attempted('The prompts were not compared', () => intents.ask('compare'));
  };
  return (
    <Button variant="primary" onPress={open}>
      {isFirst ? `Compare on ${format.counted(rows, 'test row')}` : 'Compare'}
    </Button>
  );
}

/** The run that can resume: the one on the screen, else one that the set left open. */
function useResumable(set: PromptSet): string | null {
  const busy = useTraining((s) => s.busy);
  const shown = useShownRun(set.id, (live) => (live?.resumeFrom == null ? null : live.runId));
  if (busy) return null;
  return set.soft.some(({ id }) => id === shown) ? shown : (openRun(set)?.id ?? null);
}

function Progress({ set }: { readonly set: PromptSet }) {
  const waiting = useTraining((s) => s.waiting);
  const finding = useWordFinder((s) => s.running);
  const check = useSession((s) => s.check);
  const running = useShownRun(set.id, isRunning);
  const fraction = useShownRun(set.id, (live) => (isRunning(live) ? fractionOf(live) : null));
  /** For screen readers, every ten steps. */
  const status = useShownRun(set.id, (live) => {
    if (!isRunning(live)) return '';
    return live.phase === 'training'
      ? `Step ${Math.floor(live.step / 10) * 10} of ${live.stepsTotal}`
      : trainHeadline(live, set, 0);
  });
  return (
    <>
      {running ? <ProgressBar label="Training" hideLabel value={fraction} /> : null}
      <FindingWords />
      {waiting && !finding ? (
        <ProgressBar
          label={`${check.kind === 'running' ? CHECKING : 'Getting the model ready'}; training then starts`}
          value={check.kind === 'running' ? check.fraction : null}
        />
      ) : null}
      <p className="visually-hidden" role="status">
        {status}
      </p>
    </>
  );
}

/** Before a first run: the labels are no words of the model, so that words are found first. */
function FindingWords() {
  const finder = useWordFinder.use();
  const { running, fraction, note } = usePicked(finder, 'running', 'fraction', 'note');
  if (!running) return null;
  return (
    <div className="row">
      <ProgressBar label="Finding answer words; training then starts" value={fraction} detail={note} />
      <Button onPress={finder.stop}>Keep the current words</Button>
    </div>
  );
}

function Troubles({ set }: { readonly set: PromptSet }) {
  const running = useShownRun(set.id, isRunning);
  const elsewhere = useTraining((s) => s.busy) && !running;
  const error = useTraining((s) => s.error);
  const runError = useShownRun(set.id, (live) => live?.error ?? null);
  const rows = useRunRows();
  const tooLong = rows.value?.tooLong ?? [];
  const stopped = useSession(({ model }) => (model.kind === 'failed' ? model.error.message : null));
  const found = error ?? rows.error;
  // said once: what ended the run with the way back, and what ended the model at the top of every screen
  const failure = [runError?.message, stopped].includes(found?.message) ? null : found;
  return (
    <>
      {elsewhere ? (
        <Note tone="info" title="Another prompt set is training">
          Available when training finishes. The button at the top takes you there.
        </Note>
      ) : null}
      {failure ? (
        <Failed title={troubleTitle(failure.code, running)} error={failure} action={wayOut(failure, set)} />
      ) : null}
      {runError ? <RunEnded set={set} error={runError} isSaid={runError.message === stopped} /> : null}
      {tooLong.length > 0 ? (
        <Note
          title={`${format.counted(tooLong.length, 'row is', 'rows are')} too long for the model and left out`}
          tone="warning"
        >
          Row {tooLong.slice(0, 5).join(', ')}
          {tooLong.length > 5 ? ` and ${tooLong.length - 5} more` : ''}. The Data screen shows them.
        </Note>
      ) : null}
    </>
  );
}

interface RunEndedProps {
  readonly set: PromptSet;
  readonly error: StudioError;
  /** Its message is at the top of the screen. */
  readonly isSaid: boolean;
}

/** What ended the run and what of it is saved; a lower rate where training diverged. Else the head of the screen resumes. */
function RunEnded({ set, error, isSaid }: RunEndedProps) {
  const runId = useShownRun(set.id, (live) => live?.runId ?? null);
  const resumeFrom = useShownRun(set.id, (live) => live?.resumeFrom ?? null);
  const next = useNextRun((s) => s.settings);
  const run = set.soft.find(({ id }) => id === runId);
  const trainAgain = useTrainAgain(run, run?.settings ?? next);
  const { suggestedLearningRate: lower } = error.data;
  const isLower = typeof lower === 'number';
  return (
    <Note
      tone="bad"
      live
      title={
        resumeFrom === null
          ? 'This run cannot be continued'
          : resumeFrom > 0
            ? `Everything up to step ${resumeFrom} is saved`
            : 'It ended before a step was saved'
      }
      action={
        isLower ? (
          <Button variant="link" onPress={() => trainAgain({ learningRate: lower })}>
            Train with a third of the rate
          </Button>
        ) : null
      }
    >
      {isSaid ? null : error.message}
    </Note>
  );
}

const wayOut = ({ data }: StudioError, { id }: PromptSet) =>
  data?.kind === 'too-long' ? (
    <Button variant="link" onPress={() => navigate(screenPath(id, 'data'))}>
      Open Data
    </Button>
  ) : null;

function troubleTitle(code: string, running: boolean): string {
  if (running)
    return code.startsWith('store-')
      ? 'Training continues, but is not being saved'
      : 'Training continues, but something else went wrong';
  if (code === 'store-full') return 'The run was not saved';
  return code === 'store-blocked' ? 'This run is open in another tab' : 'Training did not start';
}
