import { useEffect, useMemo } from 'react';
import { generates } from '../../../dataset/task-facts';
import type { Dataset } from '../../../dataset/types';
import { comparedIds } from '../../../evaluation/rows';
import type { StudioError } from '../../../lib/errors';
import { hasEnded, openRun } from '../../../prompt-set/make-versions';
import type { PromptSet } from '../../../prompt-set/types';
import { textOf } from '../../../workflow/runs';
import { MOST_TRAINING_ROWS } from '../../../workflow/training-rows';
import { JobPanel, NeedsRows, ScreenFrame } from '../../shell/Screen';
import { Stages } from '../../shell/Stages';
import { navigate, screenPath, useQuery } from '../../state/location';
import { CHECKING } from '../../state/self-check';
import { whyTrainingOff } from '../../state/session-state';
import { type OpenRows, useModel, useOnlyShows, useOpen, usePicked, useSession } from '../../state/studio';
import { useWhole, useWholeRun } from '../../state/whole-run';
import { useWordFinder } from '../../state/word-jobs';
import { Button, Failed, format, Note, ProgressBar } from '../../ui';
import { CurvesPanels, useTrainAgain } from './CurvesPanels';
import { fractionOf, type LiveRun, progressWords, trainHeadline } from './live-run';
import { againOf, plannedRuns, useFairRival, useMachineSpeed, useNextRun, useRunRows } from './next-run';
import { QueuePanel, RunsPanel } from './RunsPanel';
import { showRefused } from './SettingsPanel';
import { LearningCurvePanel, SideBySide } from './SideBySide';
import { SmallerPanel } from './SmallerPanel';
import { LearnedPanel, openSettings, StartPanel } from './StartPanel';
import { useShownRun, useTraining } from './training-store';
import './train.css';

export default function TrainScreen() {
  const { set, dataset } = useOpen();
  if (set && dataset) return <OpenTraining set={set} dataset={dataset} />;
  return (
    <NeedsRows title="Nothing to train on yet" missing="No labelled rows yet">
      Training needs a file with a text column and an answer column (labels or expected texts). A hand-written prompt
      helps, but is optional.
    </NeedsRows>
  );
}

interface LiveProps {
  readonly set: PromptSet;
  readonly live: LiveRun | null;
}

const isRunning = (live: LiveRun | null): live is LiveRun => live !== null && live.phase !== 'ended';

function OpenTraining({ set, dataset }: OpenRows) {
  const trainRows = Math.min(dataset.split.train.length, MOST_TRAINING_ROWS);
  const waiting = useTraining((s) => s.waiting);
  const finding = useWordFinder((s) => s.running);
  const live = useShownRun(set.id, (run) => run);
  useArrival(set.id, dataset);
  useMachineSpeed();
  useFairRival();
  useAgain(set);
  const headline = trainHeadline(live, set, trainRows);
  const next = (
    <>
      <StartPanel set={set} />
      <LearnedPanel set={set} />
    </>
  );
  return (
    <ScreenFrame
      title={finding ? 'Finding answer words' : waiting ? 'Getting the model ready' : headline}
      lead={<Lead live={live} dataset={dataset} />}
      isQuiet={live?.phase === 'training'}
      actions={isRunning(live) ? <RunActions live={live} /> : <StartActions set={set} live={live} />}
    >
      <div className="stack train">
        <Stages />
        <Progress live={live} headline={headline} isStarting={waiting && !finding} />
        <Troubles set={set} live={live} />
        <div className="grid uneven">
          <SmallerPanel set={set} />
          {live ? <CurvesPanels live={live} set={set} trainRows={trainRows} /> : null}
          <QueuePanel />
          <SideBySide set={set} />
          <LearningCurvePanel set={set} dataset={dataset} />
          {live?.phase === 'ended' ? (
            <details className="fold c12">
              <summary>The next run</summary>
              <div className="grid uneven">{next}</div>
            </details>
          ) : (
            next
          )}
          <RunsPanel set={set} />
        </div>
      </div>
    </ScreenFrame>
  );
}

/** A link names a run to repeat, and how many steps: its settings are filled in, and nothing starts. */
function useAgain(set: PromptSet): void {
  const [runId, setRunId] = useQuery('again', '');
  const [steps, setSteps] = useQuery('steps', '');
  const { change } = useNextRun.use();
  useEffect(() => {
    if (runId === '') return;
    const settings = againOf(set, runId, steps);
    const run = set.runs.find(({ id }) => id === runId);
    setRunId('');
    setSteps('');
    if (!settings || !run) return;
    change({ ...settings, ...textOf(run) });
    openSettings();
  }, [set, runId, steps, setRunId, setSteps, change]);
}

function useArrival(setId: string, dataset: Dataset): void {
  const { arrive, renewLines } = useTraining.use();
  const weights = useModel()?.sha256;
  useEffect(() => void arrive({ setId, dataset }), [arrive, setId, dataset]);
  // lines to beat that were measured with these weights
  useEffect(() => void (weights && renewLines()), [weights, renewLines]);
}

function Lead({ live, dataset }: Pick<LiveProps, 'live'> & Pick<OpenRows, 'dataset'>) {
  const trainingOff = useSession(whyTrainingOff);
  const examples = useNextRun((next) => next.examples);
  const isWhole = useWhole() !== null;
  if (isRunning(live))
    return `${progressWords(live)}.${isWhole ? '' : ' You can leave this screen: training continues, and survives a reload.'}`;
  if (trainingOff) return trainingOff;
  if (live) return null;
  const all = dataset.split.train.length - examples;
  const isSampled = all > MOST_TRAINING_ROWS;
  const rows = `${isSampled ? `${format.count(MOST_TRAINING_ROWS)} of ` : ''}${format.counted(all, 'training row')}${isSampled ? ' drawn at random' : ''}`;
  const tests = format.counted(dataset.split.test.length, 'test row');
  return `Learns from ${rows}, and never sees the ${tests}.`;
}

function useStart() {
  const { enqueue } = useTraining.use();
  const next = useNextRun.use();
  const waiting = useTraining((s) => s.waiting);
  const isOff = useSession((s) => whyTrainingOff(s) !== null) || waiting;
  const start = () => {
    if (!showRefused()) void enqueue(plannedRuns(next.getState()));
  };
  return { isOff, start };
}

/** keys: a second press of one button must not fall on the one that replaces it */
function RunActions({ live: { phase, bestStep } }: { readonly live: LiveRun }) {
  const { pause, stop } = useTraining.use();
  const { isOff, start } = useStart();
  return (
    <>
      <Button key="add" onPress={start} isDisabled={isOff}>
        Add to the queue
      </Button>
      <Button onPress={pause} isDisabled={phase === 'pausing' || phase === 'stopping'}>
        Pause
      </Button>
      <Button onPress={stop} isDisabled={phase === 'stopping'}>
        {bestStep ? `Stop, keep step ${bestStep}` : 'Stop'}
      </Button>
    </>
  );
}

function StartActions({ set, live }: LiveProps) {
  const busy = useTraining((s) => s.busy);
  const { resume } = useTraining.use();
  const { isOff, start } = useStart();
  const { ending, resumeFrom } = live ?? { ending: null, resumeFrom: null };
  const isDone = !busy && (ending === 'finished' || ending === 'early' || ending === 'stopped');
  const isShownOpen = resumeFrom !== null && set.runs.some(({ id }) => id === live?.runId);
  const resumable = busy ? null : isShownOpen ? live?.runId : openRun(set)?.id;
  return (
    <>
      {resumable ? (
        <Button key="resume" variant="primary" onPress={() => void resume(resumable)} isDisabled={isOff}>
          {resumeFrom === null ? 'Resume' : resumeFrom > 0 ? `Resume from step ${resumeFrom}` : 'Start again'}
        </Button>
      ) : null}
      <Button
        key="train"
        variant={resumable || isDone ? 'plain' : 'primary'}
        onPress={start}
        isDisabled={isOff || busy || !(generates(set.kind) || set.words.length > 1)}
      >
        {set.runs.length > 0 ? 'Train another' : 'Train'}
      </Button>
      {isDone && set.runs.some(hasEnded) ? <CompareButton set={set} /> : null}
    </>
  );
}

/** Compares at once where nothing is compared yet; afterwards Compare asks first, as each use of the test rows counts. */
function CompareButton({ set }: { readonly set: PromptSet }) {
  const { dataset } = useOpen();
  const kind = set.kind;
  const rows = useMemo(() => (dataset ? comparedIds(kind, dataset).length : 0), [dataset, kind]);
  const isOff = useOnlyShows();
  const isFirst = set.testLooks === 0 && rows > 0 && !isOff;
  const { compare } = useWholeRun.use();
  const open = () => (isFirst ? compare(set) : navigate(screenPath(set.id, 'compare')));
  return (
    <Button variant="primary" onPress={open}>
      {isFirst ? `Compare on ${format.counted(rows, 'test row')}` : 'Compare'}
    </Button>
  );
}

interface ProgressProps extends Pick<LiveProps, 'live'> {
  readonly headline: string;
  readonly isStarting: boolean;
}

/** For screen readers a step is said every ten steps. */
function Progress({ live, headline, isStarting }: ProgressProps) {
  const finder = useWordFinder.use();
  const note = useWordFinder((s) => s.note);
  const check = useSession((s) => s.check);
  const isOn = isRunning(live);
  const step = isOn && live.phase === 'training' ? Math.floor(live.step / 10) * 10 : null;
  return (
    <>
      {isOn ? <ProgressBar label="Training" hideLabel value={fractionOf(live)} /> : null}
      {/* before a first run whose labels are no words of the model */}
      <JobPanel
        of={finder}
        label="Finding answer words; training then starts"
        pace={note}
        stop="Keep the current words"
      />
      {isStarting ? (
        <ProgressBar
          label={`${check.kind === 'running' ? CHECKING : 'Getting the model ready'}; training then starts`}
          value={check.kind === 'running' ? check.fraction : null}
        />
      ) : null}
      <p className="visually-hidden" role="status">
        {isOn ? (step === null ? headline : `Step ${step} of ${live.stepsTotal}`) : ''}
      </p>
    </>
  );
}

function Troubles({ set, live }: LiveProps) {
  const { busy, error } = usePicked(useTraining.use(), 'busy', 'error');
  const rows = useRunRows();
  const tooLong = rows.value?.tooLong ?? [];
  const stopped = useSession(({ model }) => (model.kind === 'failed' ? model.error.message : null));
  const running = isRunning(live);
  const runError = live?.error ?? null;
  const found = error ?? rows.error;
  // said once: what ended the run with the way back, and what ended the model at the top of every screen
  const failure = [runError?.message, stopped].includes(found?.message) ? null : found;
  return (
    <>
      {busy && !running ? (
        <Note tone="info" title="Another prompt set is training">
          Available when training finishes. The button at the top takes you there.
        </Note>
      ) : null}
      {failure ? (
        <Failed
          title={troubleTitle(failure.code, running)}
          error={failure}
          actions={{
            'Open Data': failure.data.kind === 'too-long' ? () => navigate(screenPath(set.id, 'data')) : null,
          }}
        />
      ) : null}
      {live && runError ? (
        <RunEnded set={set} live={live} error={runError} isSaid={runError.message === stopped} />
      ) : null}
      {tooLong.length > 0 ? (
        <Note title={`${format.counted(tooLong.length, 'row is', 'rows are')} too long for the model and left out`}>
          Row {tooLong.slice(0, 5).join(', ')}
          {tooLong.length > 5 ? ` and ${tooLong.length - 5} more` : ''}. The Data screen shows them.
        </Note>
      ) : null}
    </>
  );
}

interface RunEndedProps {
  readonly set: PromptSet;
  readonly live: LiveRun;
  readonly error: StudioError;
  readonly isSaid: boolean;
}

/** What ended the run and what of it is saved; a lower rate where training diverged. Else the head of the screen resumes. */
function RunEnded({ set, live: { runId, resumeFrom }, error, isSaid }: RunEndedProps) {
  const next = useNextRun((s) => s.settings);
  const run = set.runs.find(({ id }) => id === runId);
  const trainAgain = useTrainAgain(run, run?.settings ?? next);
  const { suggestedLearningRate: lower } = error.data;
  const saved = resumeFrom ? `Everything up to step ${resumeFrom} is saved` : 'It ended before a step was saved';
  return (
    <Note
      tone="bad"
      live
      title={resumeFrom === null ? 'This run cannot be continued' : saved}
      actions={{
        'Train with a third of the rate': typeof lower === 'number' ? () => trainAgain({ learningRate: lower }) : null,
      }}
    >
      {isSaid ? null : error.message}
    </Note>
  );
}

function troubleTitle(code: string, running: boolean): string {
  if (running)
    return ['store-full', 'store-blocked', 'store-failed'].includes(code)
      ? 'Training continues, but is not being saved'
      : 'Training continues, but something else went wrong';
  if (code === 'store-full') return 'The run was not saved';
  return code === 'store-blocked' ? 'This run is open in another tab' : 'Training did not start';
}
