import { useEffect } from 'react';
import { isUsable, isWriting, openRun } from '../../../project/prompt-set';
import { MOST_TRAINING_ROWS, validationIds } from '../../../workflow/training-rows';
import { navigate, screenPath } from '../../shell/location';
import { ScreenFrame } from '../../shell/Screen';
import { CHECKING } from '../../state/self-check';
import { whyTrainingOff } from '../../state/session-state';
import { useProject, useSession } from '../../state/studio';
import { Button, EmptyState, format, Note, ProgressBar } from '../../ui';
import { CurvesPanels } from './CurvesPanels';
import { LearnedPanel } from './LearnedPanel';
import { LearningCurvePanel } from './LearningCurvePanel';
import { QueuePanel } from './QueuePanel';
import { RunsPanel } from './RunsPanel';
import { templateOf } from './recording';
import { SideBySide } from './SideBySide';
import { StartPanel } from './StartPanel';
import { useTrain } from './use-train';
import { fractionOf, progressWords, trainHeadline } from './words';
import './train.css';

export default function TrainScreen() {
  const set = useProject((s) => s.set);
  const dataset = useProject((s) => s.dataset);
  const setId = set?.id ?? null;
  const fingerprint = dataset?.fingerprint;
  const enter = useTrain((s) => s.enter);
  const train = useTrain((s) => s);
  const trainingOff = useSession(whyTrainingOff);
  const check = useSession((s) => s.check);
  const model = useSession((s) => s.model);
  const ready = model.kind === 'ready';
  // biome-ignore lint/correctness/useExhaustiveDependencies: another set, other rows, or a model that is now ready: count and measure again
  useEffect(() => void enter(), [enter, setId, fingerprint, ready]);

  if (!set || !dataset)
    return (
      <ScreenFrame title="There is nothing to train on yet">
        <EmptyState
          title="First, labelled rows"
          action={
            <Button variant="primary" onPress={() => navigate(screenPath(setId, 'data'))}>
              Open a CSV
            </Button>
          }
        >
          Training needs a file with a text column and a column of answers: labels, or texts. A hand-written prompt
          helps, but is not needed.
        </EmptyState>
      </ScreenFrame>
    );

  // A run of another set may be going on; this screen shows its own.
  const live = train.live?.setId === set.id ? train.live : null;
  const running = live !== null && live.phase !== 'ended';
  const elsewhere = train.busy && !running;
  const run = set.soft.find((s) => s.id === live?.runId) ?? null;
  const settings = run?.settings ?? train.settings;
  const allRows = dataset.split.train.length;
  const trainRows = Math.min(allRows, MOST_TRAINING_ROWS);
  const left = openRun(set);
  const resumable = !train.busy && live?.resumeFrom != null && run ? run : !train.busy ? left : null;
  const done =
    !train.busy &&
    live !== null &&
    (live.ending === 'finished' || live.ending === 'early' || live.ending === 'stopped');

  const learned = (
    <LearnedPanel
      settings={running ? settings : train.settings}
      set={set}
      run={running ? run : null}
      nextTemplate={templateOf(set, train.hybrid)}
      hidden={model.kind === 'ready' ? model.info.hidden : null}
      parameters={model.kind === 'ready' ? model.info.parameters : null}
    />
  );
  const runs = <RunsPanel set={set} shown={live?.runId ?? null} />;

  return (
    <ScreenFrame
      title={train.waiting ? 'Getting the model ready' : trainHeadline(live, set, trainRows)}
      lead={
        running
          ? `${progressWords(live)}. You may look at other screens; the run goes on, and a reload picks it up where it was.`
          : trainingOff
            ? trainingOff
            : `The model stays as it is; only a few vectors are learned, from ${trainRows < allRows ? `${format.count(trainRows)} of ` : ''}${format.counted(allRows, 'training row')}${trainRows < allRows ? ' drawn by the seed' : ''}. The ${format.counted(dataset.split.test.length, 'held-back row')} are not touched.`
      }
      actions={
        running ? (
          <>
            {/* keys: a second press of what stood here before must not fall on what stands here now */}
            <Button key="add" onPress={() => void train.start()} isDisabled={train.waiting || trainingOff !== null}>
              Add to the queue
            </Button>
            <Button onPress={train.pause} isDisabled={live.phase === 'pausing' || live.phase === 'stopping'}>
              Pause
            </Button>
            <Button onPress={train.stop} isDisabled={live.phase === 'stopping'}>
              {live.bestStep !== null && live.bestStep > 0 ? `Stop, keep step ${live.bestStep}` : 'Stop'}
            </Button>
          </>
        ) : (
          <>
            {resumable ? (
              <Button
                key="resume"
                variant="primary"
                onPress={() => train.resume(resumable.id)}
                isDisabled={train.waiting || trainingOff !== null}
              >
                {live?.resumeFrom ? `Resume from step ${live.resumeFrom}` : 'Resume'}
              </Button>
            ) : null}
            <Button
              key="train"
              variant={resumable || done ? 'plain' : 'primary'}
              onPress={train.start}
              isDisabled={
                trainingOff !== null || elsewhere || train.waiting || !(isWriting(set) || set.words.length > 1)
              }
            >
              {set.soft.length > 0 ? 'Train another' : 'Train'}
            </Button>
            {done && set.soft.some(isUsable) ? (
              <Button variant="primary" onPress={() => navigate(screenPath(set.id, 'compare'))}>
                Compare
              </Button>
            ) : null}
          </>
        )
      }
    >
      <div className="stack train">
        {running ? <ProgressBar label="Training" hideLabel value={fractionOf(live)} /> : null}
        {train.waiting ? (
          <ProgressBar
            label={`${check.kind === 'running' ? CHECKING : 'The model is getting ready'}; training starts by itself`}
            value={check.kind === 'running' ? check.fraction : null}
          />
        ) : null}
        <p className="visually-hidden" role="status">
          {running
            ? `${live.phase === 'training' ? `Step ${Math.floor(live.step / 10) * 10} of ${live.stepsTotal}` : trainHeadline(live, set, 0)}`
            : ''}
        </p>
        {elsewhere ? (
          <Note tone="info" title="Another prompt set is being trained">
            There is one engine, and it does one thing at a time. The chip at the top leads there.
          </Note>
        ) : null}
        {train.error ? (
          <Note tone="bad" live title={troubleTitle(train.error.code, running)}>
            {train.error.message}
          </Note>
        ) : null}
        {live?.error ? (
          <Note
            tone="bad"
            live
            title={`The run stopped at step ${live.step}`}
            action={
              resumable ? (
                <Button variant="link" onPress={() => train.resume(resumable.id)}>
                  Go on from step {live.resumeFrom ?? 0}
                </Button>
              ) : null
            }
          >
            {live.error.message} What was reached is kept.
          </Note>
        ) : null}
        {train.tooLong.length > 0 ? (
          <Note
            title={`${format.counted(train.tooLong.length, 'row is', 'rows are')} too long for the model and left out`}
            tone="warning"
          >
            Row {train.tooLong.slice(0, 5).join(', ')}
            {train.tooLong.length > 5 ? ` and ${train.tooLong.length - 5} more` : ''}. The Data screen shows them.
          </Note>
        ) : null}
        <div className="grid">
          {live ? (
            <CurvesPanels
              live={live}
              run={run}
              trainRows={Math.min(run?.settings.trainRows ?? trainRows, trainRows)}
              vocabulary={model.kind === 'ready' ? model.info.embeddingNorms : null}
              onRemedy={({ change }) =>
                void train.startInstead({ ...settings, ...change }, run?.handVersion !== undefined)
              }
            />
          ) : null}
          <QueuePanel />
          <SideBySide set={set} />
          {isWriting(set) ? null : (
            <LearningCurvePanel set={set} trainRows={trainRows} validationRows={validationIds(dataset).length} />
          )}
          <StartPanel />
          <div className="c7 train-side">
            {learned}
            {runs}
          </div>
        </div>
      </div>
    </ScreenFrame>
  );
}

function troubleTitle(code: string, running: boolean): string {
  if (running)
    return code.startsWith('store-') ? 'The run goes on, but is not being saved' : 'Something beside the run failed';
  return code === 'store-blocked' ? 'This run is open in another tab' : 'Training did not start';
}
