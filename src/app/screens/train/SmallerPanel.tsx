import { isText } from '../../../prompt/prompt';
import { chooseTrained, chooseWritten, hasEnded } from '../../../prompt-set/make-versions';
import type { PromptSet, Run } from '../../../prompt-set/types';
import { versionById, versionWords } from '../../../prompt-set/versions';
import { timeWords } from '../../../training/estimate';
import { forSmaller } from '../../../workflow/runs';
import { smallerWords, twinWords } from '../../../workflow/words';
import { navigateAfter, screenPath, useQuery } from '../../state/location';
import { whyTrainingOff } from '../../state/session-state';
import { usePicked, usePromptSets, useSession, useStores } from '../../state/studio';
import { Button, format, Panel } from '../../ui';
import { plannedRuns, useKeys, useNextRun, useSecondsOf } from './next-run';
import { showRefused } from './SettingsPanel';
import { useShownRun, useTraining } from './training-store';

export function SmallerPanel({ set }: { readonly set: PromptSet }) {
  const [asked] = useQuery('smaller', '');
  const runId = useShownRun(set.id, (live) => live?.runId ?? null);
  const run = set.runs.find(({ id }) => id === runId);
  if (versionById(set, asked)) return <PlanPanel set={set} versionId={asked} />;
  return run?.distilled ? <ResultPanel set={set} run={run} /> : null;
}

function PlanPanel({ set, versionId }: { readonly set: PromptSet; readonly versionId: string }) {
  const [, setAsked] = useQuery('smaller', '');
  const settings = useNextRun((s) => s.settings);
  const next = useNextRun.use();
  const secondsOf = useSecondsOf();
  const trainingOff = useSession(whyTrainingOff);
  const training = useTraining.use();
  const { waiting, busy } = usePicked(training, 'waiting', 'busy');
  const texts = usePromptSets((s) => s.dataset?.split.train.length ?? 0);
  const trained = forSmaller(settings, useKeys().areFirst);
  const place =
    trained.placement === settings.placement
      ? ''
      : `; with Auto, ${trained.placement === 'kv' ? 'each layer learns keys and values' : 'vectors come'} before the cue, and the answer words’ own vectors are trained too`;
  const seconds = secondsOf([trained]);
  const version = versionById(set, versionId);
  if (!version) return null;
  const start = () => {
    if (showRefused()) return;
    setAsked('');
    void training.enqueue(plannedRuns({ ...next.getState(), settings: trained }, version));
  };
  return (
    <Panel stack title={`Make hand-written ${version.number} smaller`}>
      <p>
        {`The prompt answers the texts of ${format.counted(texts, 'training row')} once, without their labels. Then ${format.counted(settings.virtualTokens, 'vector')} learn to give the same answers, so that a row needs its own text and the vectors alone. Validation rows choose the step to keep; test rows take no part.`}
      </p>
      <p className="dim small">
        {`The settings under “How thorough?” apply${place}.${seconds === null ? '' : ` After the prompt’s answers, training takes ${timeWords(seconds)}.`}`}
      </p>
      <div className="row">
        <Button variant="primary" isDisabled={trainingOff !== null || waiting} onPress={start}>
          {busy ? 'Add to the queue' : 'Make it smaller'}
        </Button>
        <Button onPress={() => setAsked('')}>Cancel</Button>
      </div>
    </Panel>
  );
}

function ResultPanel({ set, run }: { readonly set: PromptSet; readonly run: Run }) {
  const { promptSets } = useStores();
  const version = versionById(set, run.distilled?.from ?? null);
  const reached = run.distilled?.reached;
  const name = version ? versionWords(version) : 'a missing prompt';
  if (!reached || !hasEnded(run))
    return (
      <Panel title={`Learning to answer as ${name} does`}>
        <p className="dim">
          The loss is how far the vectors’ answers are from the prompt’s; at 0 they are the same. The rows’ labels are
          not used.
        </p>
      </Panel>
    );
  if (version && !isText(version.prompt))
    return (
      <Panel title={`A version of ${name} for PEFT`}>
        <p role="status">{`${twinWords(reached, name)}. Only test rows, in Compare, show how much accuracy it keeps.`}</p>
      </Panel>
    );
  const compare = async () => {
    await promptSets.getState().updateById(set.id, (s, { now }) => {
      const withRun = chooseTrained(s, run.id, now);
      return version ? chooseWritten(withRun, version.id, now) : withRun;
    });
    return screenPath(set.id, 'compare');
  };
  return (
    <Panel
      stack
      title={`Hand-written ${version?.number ?? '?'} in ${format.counted(run.settings.virtualTokens, 'vector')}`}
    >
      <p role="status">{`${smallerWords(reached)} Only test rows, in Compare, show how much accuracy it keeps.`}</p>
      <div className="row">
        <Button onPress={() => void navigateAfter(compare())}>Compare the two</Button>
        <span className="dim small">They become your entries in the comparison.</span>
      </div>
    </Panel>
  );
}
