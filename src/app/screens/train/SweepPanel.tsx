import { PLACEMENTS } from '../../../prompt/soft-prompt';
import { isWriting } from '../../../prompt-set/prompt-set';
import { timeWords } from '../../../training/estimate';
import { gridOf, MOST_RUNS, NUMBER_SETTINGS, type NumberSetting, readNumbers } from '../../../training/fields';
import type { TrainingSettings } from '../../../training/settings';
import { learningCurveRuns } from '../../../workflow/learning-curve';
import { withoutRace } from '../../../workflow/runs';
import { MOST_TRAINING_ROWS } from '../../../workflow/training-rows';
import { whyTrainingOff } from '../../state/session-state';
import { usePromptSets, useSession } from '../../state/studio';
import { Button, Choices, format, Term, TextField } from '../../ui';
import { type SweepDraft, useNextRun, useSecondsOf } from './next-run';
import { useTraining } from './training-store';

type FieldKey = 'virtualTokens' | 'learningRate' | 'steps' | 'seeds';

const FIELDS: readonly {
  readonly key: FieldKey;
  readonly label: string;
  readonly of: NumberSetting['key'];
  readonly example: string;
}[] = [
  { key: 'virtualTokens', label: 'Numbers of vectors', of: 'virtualTokens', example: '4, 10, 20' },
  { key: 'learningRate', label: 'Learning rates', of: 'learningRate', example: '0.005, 0.01, 0.02' },
  { key: 'steps', label: 'Numbers of steps', of: 'steps', example: '60, 150' },
  { key: 'seeds', label: 'Seeds', of: 'seed', example: '0, 1, 2' },
];

/** Several values of some settings: every combination becomes a run. And runs on fewer rows, to see whether more would help. */
export function SweepPanel() {
  const isGenerating = usePromptSets((s) => s.set !== null && isWriting(s.set));
  return (
    <details className="fold">
      <summary>Try several settings</summary>
      <div className="stack fold-body">
        <p className="dim small">Trains every combination; blank fields keep the setting above.</p>
        <SweepFields />
        <SweepChoices isGenerating={isGenerating} />
        <StartSweep isGenerating={isGenerating} />
        {isGenerating ? null : <StartLearningCurve />}
      </div>
    </details>
  );
}

/** The numbers in a field, each once; a sentence for the first that cannot be used. */
function readField(sweep: SweepDraft, key: FieldKey): ReturnType<typeof readNumbers> {
  const of = FIELDS.find((field) => field.key === key)?.of;
  const setting = NUMBER_SETTINGS.find((each) => each.key === of);
  return setting ? readNumbers(setting, sweep[key]) : { values: [] };
}

function SweepFields() {
  const sweep = useNextRun((s) => s.sweep);
  const { changeSweep } = useNextRun.use();
  return (
    <div className="settings-grid">
      {FIELDS.map(({ key, label, example }) => {
        const read = readField(sweep, key);
        return (
          <TextField
            key={key}
            label={label}
            value={sweep[key]}
            placeholder={example}
            error={'problem' in read ? read.problem : null}
            onChange={(text) => changeSweep({ [key]: text })}
          />
        );
      })}
    </div>
  );
}

function SweepChoices({ isGenerating }: { readonly isGenerating: boolean }) {
  const { placements, starts } = useNextRun((s) => s.sweep);
  const { changeSweep } = useNextRun.use();
  return (
    <>
      <Choices
        label="Placements"
        value={placements}
        onChange={(value) => changeSweep({ placements: value })}
        options={{ 'as-set': 'As set', all: 'After the text, before its cue, before the text' }}
      />
      <Choices
        label="Starts"
        value={starts}
        onChange={(value) => changeSweep({ starts: value })}
        options={{
          'as-set': 'As set',
          both: isGenerating ? 'Text, sampled words' : 'Text, answer words, sampled words',
        }}
      />
    </>
  );
}

/** Every combination; null when a field cannot be read. */
function sweepRuns(
  settings: TrainingSettings,
  sweep: SweepDraft,
  isGenerating: boolean,
): readonly TrainingSettings[] | null {
  const values = (key: FieldKey) => {
    const read = readField(sweep, key);
    return 'values' in read ? read.values : null;
  };
  const [virtualTokens, learningRate, steps, seed] = FIELDS.map(({ key }) => values(key));
  if (!virtualTokens || !learningRate || !steps || !seed) return null;
  const answerWords = isGenerating ? [] : [{ kind: 'answer-words' } as const];
  return gridOf(withoutRace(settings), {
    placement: sweep.placements === 'all' ? PLACEMENTS : [],
    initialisation: sweep.starts === 'both' ? [{ kind: 'text', text: '' }, ...answerWords, { kind: 'vocabulary' }] : [],
    virtualTokens,
    learningRate,
    steps,
    seed,
  });
}

/** Adds runs to the queue as one group. */
function useEnqueueGroup() {
  const { enqueue } = useTraining.use();
  const hybrid = useNextRun((s) => s.hybrid);
  const examples = useNextRun((s) => s.examples);
  return (runs: readonly TrainingSettings[]) => {
    const group = crypto.randomUUID();
    void enqueue(runs.map((settings) => ({ settings, name: '', hybrid, examples, group })));
  };
}

function StartSweep({ isGenerating }: { readonly isGenerating: boolean }) {
  const settings = useNextRun((s) => s.settings);
  const sweep = useNextRun((s) => s.sweep);
  const secondsOf = useSecondsOf();
  const enqueue = useEnqueueGroup();
  const read = sweepRuns(settings, sweep, isGenerating);
  const runs = read ?? [settings];
  const isOff = useSession((s) => whyTrainingOff(s) !== null);
  const isTooMany = runs.length > MOST_RUNS;
  return (
    <>
      <p className="small">
        {isTooMany
          ? `${format.counted(runs.length, 'run')} are too many; the limit is ${MOST_RUNS}. The best of very many runs is often best by luck.`
          : `${format.counted(runs.length, 'run')}, ${timeWords(secondsOf(runs))}`}
      </p>
      <div className="row">
        <Button onPress={() => enqueue(runs)} isDisabled={isOff || read === null || runs.length < 2 || isTooMany}>
          {runs.length < 2 ? 'Train these' : `Train these ${runs.length}`}
        </Button>
      </div>
    </>
  );
}

function StartLearningCurve() {
  const settings = useNextRun((s) => s.settings);
  const trainRows = usePromptSets((s) => Math.min(MOST_TRAINING_ROWS, s.dataset?.split.train.length ?? 0));
  const secondsOf = useSecondsOf();
  const enqueue = useEnqueueGroup();
  const runs = learningCurveRuns(settings, trainRows);
  const isOff = useSession((s) => whyTrainingOff(s) !== null);
  const sizes = [...new Set(runs.map((each) => String(each.trainRows ?? trainRows)))];
  return (
    <>
      <h3>
        Would more labels help?{' '}
        <Term means="Repeats the run on a quarter, half and all of the training rows. If accuracy is still rising at the end, more labelled rows will probably help.">
          Learning curve
        </Term>
      </h3>
      <p className="dim small">
        {runs.length === 0
          ? 'There are too few training rows for this.'
          : `${format.counted(runs.length, 'run')} on ${format.listed(sizes)} rows, ${timeWords(secondsOf(runs))}.`}
      </p>
      <div className="row">
        <Button onPress={() => enqueue(runs)} isDisabled={isOff || runs.length === 0}>
          Draw the learning curve
        </Button>
      </div>
    </>
  );
}
