import { useState } from 'react';
import { isWriting } from '../../../project/prompt-set';
import { timeWords } from '../../../training/estimate';
import { NUMBER_SETTINGS, type NumberSetting } from '../../../training/fields';
import { gridOf, MOST_RUNS, readNumbers, type SweepText } from '../../../training/sweep';
import { MOST_TRAINING_ROWS } from '../../../workflow/training-rows';
import { useProject } from '../../state/studio';
import { Button, Choices, format, Term, TextField } from '../../ui';
import { learningCurveRuns } from './learning-curve';
import { useTrainPart } from './use-train';

const FIELDS: readonly { readonly key: keyof SweepText; readonly label: string; readonly of: NumberSetting['key'] }[] =
  [
    { key: 'virtualTokens', label: 'Vectors, several', of: 'virtualTokens' },
    { key: 'learningRate', label: 'Learning rates', of: 'learningRate' },
    { key: 'steps', label: 'Steps, several', of: 'steps' },
    { key: 'seeds', label: 'Seeds', of: 'seed' },
  ];
const EXAMPLES: SweepText = {
  virtualTokens: '4, 10, 20',
  learningRate: '0.005, 0.01, 0.02',
  steps: '60, 150',
  seeds: '0, 1, 2',
};
const NOTHING: SweepText = { virtualTokens: '', learningRate: '', steps: '', seeds: '' };

type Both = 'as-set' | 'both';

/** Several values of some settings: every combination becomes a run. And runs on fewer rows, to see whether more would help. */
export function SweepPanel() {
  const { settings, hybrid, secondsOf, enqueue } = useTrainPart(
    'settings',
    'hybrid',
    'secondsOf',
    'enqueue',
    'speed',
    'work',
  );
  const trainRows = useProject((s) => Math.min(MOST_TRAINING_ROWS, s.dataset?.split.train.length ?? 0));
  const writing = useProject((s) => s.set !== null && isWriting(s.set));
  const [typed, setTyped] = useState<SweepText>(NOTHING);
  const [placements, setPlacements] = useState<Both>('as-set');
  const [starts, setStarts] = useState<Both>('as-set');
  const read = FIELDS.map(({ key, of }) => {
    const setting = NUMBER_SETTINGS.find((each) => each.key === of) as NumberSetting;
    return { key, ...readNumbers(setting, typed[key]) };
  });
  const values = (key: keyof SweepText) => {
    const found = read.find((each) => each.key === key);
    return found && 'values' in found ? found.values : [];
  };
  const problem = (key: keyof SweepText) => {
    const found = read.find((each) => each.key === key);
    return found && 'problem' in found ? found.problem : null;
  };
  const runs = gridOf(settings, {
    placement: placements === 'both' ? ['suffix', 'prefix'] : [],
    initialisation:
      starts === 'both'
        ? [{ kind: 'text', text: '' }, ...(writing ? [] : [{ kind: 'answer-words' } as const]), { kind: 'vocabulary' }]
        : [],
    virtualTokens: values('virtualTokens'),
    learningRate: values('learningRate'),
    steps: values('steps'),
    seed: values('seeds'),
  });
  const wrong = FIELDS.some(({ key }) => problem(key) !== null);
  const seconds = secondsOf(runs);
  const add = (list: typeof runs) => {
    const group = crypto.randomUUID();
    void enqueue(list.map((each) => ({ settings: each, name: '', hybrid, group })));
  };
  const curve = learningCurveRuns(settings, trainRows);
  return (
    <details className="fold">
      <summary>Try several settings</summary>
      <div className="stack fold-body">
        <p className="dim small">
          Every value with every other; what is left empty stays as it is set above. All runs read each text once.
        </p>
        <div className="settings-grid">
          {FIELDS.map(({ key, label }) => (
            <TextField
              key={key}
              label={label}
              value={typed[key]}
              placeholder={EXAMPLES[key]}
              error={problem(key)}
              onChange={(text) => setTyped({ ...typed, [key]: text })}
            />
          ))}
        </div>
        <Choices
          label="Placements"
          value={placements}
          onChange={setPlacements}
          options={[
            { id: 'as-set', label: 'As set' },
            { id: 'both', label: 'After and before the text' },
          ]}
        />
        <Choices
          label="Starts"
          value={starts}
          onChange={setStarts}
          options={[
            { id: 'as-set', label: 'As set' },
            { id: 'both', label: writing ? 'Text, sampled words' : 'Text, answer words, sampled words' },
          ]}
        />
        <p className="small">
          {runs.length > MOST_RUNS
            ? `${format.counted(runs.length, 'run')} are too many: at most ${MOST_RUNS}. The best of very many is best by luck.`
            : `${format.counted(runs.length, 'run')}, ${timeWords(seconds)}`}
        </p>
        <div className="row">
          <Button onPress={() => add(runs)} isDisabled={wrong || runs.length < 2 || runs.length > MOST_RUNS}>
            {runs.length < 2 ? 'Train these' : `Train these ${runs.length}`}
          </Button>
        </div>
        {writing ? null : (
          <>
            <h3>
              Would more labels help?{' '}
              <Term means="The same run on a quarter, half and all of the training rows: if it still rises at the end, more rows probably help.">
                Learning curve
              </Term>
            </h3>
            <p className="dim small">
              {curve.length === 0
                ? 'There are too few training rows to leave some out.'
                : `${format.counted(curve.length, 'run')} on ${new Intl.ListFormat('en').format([...new Set(curve.map((each) => String(each.trainRows ?? trainRows)))])} rows, ${timeWords(secondsOf(curve))}.`}
            </p>
            <div className="row">
              <Button onPress={() => add(curve)} isDisabled={curve.length === 0}>
                Draw the learning curve
              </Button>
            </div>
          </>
        )}
      </div>
    </details>
  );
}
