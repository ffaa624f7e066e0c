import { timeWords } from '../../../training/estimate';
import { learningCurveRuns } from '../../../workflow/learning-curve';
import { MOST_TRAINING_ROWS } from '../../../workflow/training-rows';
import { whyTrainingOff } from '../../state/session-state';
import { usePromptSets, useSession } from '../../state/studio';
import { Button, format, Term } from '../../ui';
import { useNextRun, useSecondsOf } from './next-run';
import { useTraining } from './training-store';

export function CurvePanel() {
  const settings = useNextRun((s) => s.settings);
  const hybrid = useNextRun((s) => s.hybrid);
  const examples = useNextRun((s) => s.examples);
  const trainRows = usePromptSets((s) => Math.min(MOST_TRAINING_ROWS, s.dataset?.split.train.length ?? 0));
  const secondsOf = useSecondsOf();
  const { enqueue } = useTraining.use();
  const runs = learningCurveRuns(settings, trainRows);
  const isOff = useSession((s) => whyTrainingOff(s) !== null);
  const start = () => {
    const group = crypto.randomUUID();
    void enqueue(runs.map((each) => ({ settings: each, name: '', hybrid, examples, group })));
  };
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
        <Button onPress={start} isDisabled={isOff || runs.length === 0}>
          Draw the learning curve
        </Button>
      </div>
    </>
  );
}
