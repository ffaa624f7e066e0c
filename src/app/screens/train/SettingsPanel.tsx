import type { ReactNode } from 'react';
import { generates, TASK_FACTS } from '../../../dataset/task-facts';
import { headlineMetric, LABEL_METRICS } from '../../../metrics/registry';
import { type Placement, splitsCueAt } from '../../../prompt/soft-prompt';
import { chosenWritten } from '../../../prompt-set/make-versions';
import type { PromptSet } from '../../../prompt-set/types';
import { timeWords } from '../../../training/estimate';
import { NUMBER_SETTINGS, RUN_NUMBERS } from '../../../training/fields';
import { STANDARD } from '../../../training/settings';
import { learningCurveRuns } from '../../../workflow/learning-curve';
import { initialText, startId, startOptions, takenSettings } from '../../../workflow/runs';
import { MOST_TRAINING_ROWS } from '../../../workflow/training-rows';
import { whyTrainingOff } from '../../state/session-state';
import { useModel, useOpen, usePicked, usePromptSets, useSession } from '../../state/studio';
import { Button, Choices, type FieldOf, Fields, format, Select, Term, TextArea } from '../../ui';
import { decides, type NextFields, useKeys, useNextRun, useRunRows, useSecondsOf } from './next-run';
import { withSeeds } from './run-queue';
import { useTraining } from './training-store';

const FIELDS_ID = 'next-run-fields';

/** Shows the setting that refuses its value, with which a run would fail, or train with the one before it; false = none does. */
export function showRefused(): boolean {
  const fields = document.getElementById(FIELDS_ID);
  const refused = fields?.querySelector<HTMLElement>('[aria-invalid="true"], [data-refused]');
  if (!refused) return false;
  fields?.closest('details')?.setAttribute('open', '');
  refused.focus();
  return true;
}

/** @param children what comes before them in the fold */
export function SettingsPanel({ children }: { readonly children: ReactNode }) {
  const { set } = useOpen();
  const { change } = useNextRun.use();
  const next = useNextRun((s) => s);
  const isAuto = useNextRun((s) => decides(s.settings));
  const answers = useAnswerWords(set?.words.length ?? 0);
  if (!set) return null;
  const kind = set.kind;
  const isGenerating = generates(kind);
  const weights = TASK_FACTS[kind].answersWith === 'label' ? [CLASS_WEIGHTS] : [];
  const { answerVectors = 'fixed' } = takenSettings(kind, next.settings);
  const fields = (of: readonly FieldOf<NextFields>[]) => (
    <Fields<NextFields> of={of} values={{ answerVectors, ...next.settings, ...next }} onChange={change} />
  );
  return (
    <details className="fold">
      <summary>All settings</summary>
      <div className="stack fold-body" id={FIELDS_ID}>
        {children}
        <PlacementChoice />
        {isAuto ? null : <StartSettings set={set} />}
        {chosenWritten(set) ? fields([HYBRID]) : null}
        <div className="settings-grid">{fields(isGenerating ? NUMBERS_FOR_TEXTS : numbers)}</div>
        {isGenerating ? <LossNote /> : fields([metricField(headlineMetric(kind).name), ...weights])}
        {isGenerating || isAuto ? null : (
          <>
            {fields([answers.field])}
            <p className="dim small">{answers.hint}</p>
          </>
        )}
        <CurvePanel />
      </div>
    </details>
  );
}

function StartSettings({ set }: { readonly set: PromptSet }) {
  const { initialisation, placement } = useNextRun((s) => s.settings);
  const { change } = useNextRun.use();
  const isBeforeCue = splitsCueAt(placement);
  const options = startOptions(set);
  return (
    <>
      <Select
        label="The vectors start from"
        options={options}
        value={startId(initialisation)}
        onChange={(id) => change({ initialisation: options.find((each) => each.id === id)?.start ?? initialisation })}
      />
      {initialisation.kind === 'text' ? (
        <TextArea
          label="Text"
          rows={3}
          value={initialisation.text}
          placeholder={isBeforeCue ? 'Line breaks' : initialText(set)}
          hint={`If empty, ${isBeforeCue ? 'line breaks are' : 'your hand-written instruction is'} used.`}
          onChange={(text) => change({ initialisation: { kind: 'text', text } })}
        />
      ) : null}
    </>
  );
}

const HYBRID: FieldOf<NextFields> = {
  key: 'hybrid',
  label: 'The vectors are added to the text alone, or to your prompt',
  means: 'A hybrid keeps your instruction, so each row takes more tokens than with the text alone. Compare shows both.',
  no: 'Text alone',
  yes: 'Your prompt (hybrid)',
};

const numbers: readonly FieldOf<NextFields>[] = [...NUMBER_SETTINGS, ...RUN_NUMBERS];
/** Generated texts of several prompts have no mean, and no labels to keep in proportion. */
const FOR_TEXTS: Readonly<Record<string, string>> = {
  trainRows: 'Uses at most this many.',
  seeds: 'Results vary between seeds; the run with the lowest loss is used as the tuned prompt.',
};
const NUMBERS_FOR_TEXTS = numbers.map((field) =>
  FOR_TEXTS[field.key] ? { ...field, hint: FOR_TEXTS[field.key] } : field,
) as typeof numbers;

/** @param share what `accuracy` chooses by */
const metricField = (share: string): FieldOf<NextFields> => ({
  key: 'metric',
  label: 'Choose the step to keep by its measure on validation rows',
  means:
    'By loss, training keeps the latest step whose validation loss is not clearly above the lowest. A hundred rows cannot tell two good steps apart. Macro-F1 averages the F1 scores of the labels, so rare labels count as much as frequent ones.',
  options: { loss: 'Loss', accuracy: share, 'macro-f1': LABEL_METRICS.macroF1.name },
});

/** Labels that do not exclude each other have no weights. */
const CLASS_WEIGHTS: FieldOf<NextFields> = {
  key: 'classWeights',
  label: 'Weight labels equally',
  means:
    'The rarer a label, the more each mistake on it counts. This helps if rare labels matter, and costs accuracy on frequent ones.',
};

const LossNote = () => (
  <p className="dim small">
    Training keeps the latest step whose{' '}
    <Term means="Average loss per token of the expected text: 0 is perfect. Perplexity is e to the power of it: between how many equally likely tokens the model chooses. Lower is better.">
      loss
    </Term>{' '}
    on the validation rows is not clearly higher than the lowest.
  </p>
);

/** A word of several tokens has no output vector of its own. */
function useAnswerWords(words: number): { readonly field: FieldOf<NextFields>; readonly hint: string } {
  const hidden = useModel()?.hidden;
  const isLong = (useRunRows().value?.wordTokens ?? 0) > 1;
  const numbers = hidden ? `${format.count(words * hidden)} more numbers` : 'one more vector per answer word';
  return {
    field: {
      key: 'answerVectors',
      label: 'Train answer words too',
      means:
        'Each answer word has an output vector, which the model compares with what it has read. It starts as the model’s own and is trained with the prompt (a soft verbalizer). Where words fit well this can overfit. The prompt then has no PEFT adapter.',
      options: [
        { id: 'fixed', label: 'No' },
        { id: 'trained', label: 'Yes', isDisabled: isLong },
      ],
    },
    hint: isLong
      ? 'An answer word has several tokens. Choose words of one token on the Prompts screen to train them too.'
      : `Helps where the words mean little to the model, such as letters: ${numbers} to learn.`,
  };
}

const HERE: Placement = STANDARD.placement;

function PlacementChoice() {
  const { placement, auto } = useNextRun((s) => s.settings);
  const { choosePlacement } = useNextRun.use();
  const takesKeys = useModel()?.keys !== null;
  const { whyNot } = useKeys();
  return (
    <>
      <Choices
        label="Where will it run?"
        value={placement === 'prefix' ? 'peft' : 'here'}
        onChange={(place) => choosePlacement(place === 'peft' ? 'prefix' : HERE)}
        options={{ here: 'In this page or with our script', peft: 'In PEFT' }}
      />
      {placement === 'prefix' || auto ? null : (
        <Choices
          label="Where do the vectors go?"
          value={placement}
          onChange={choosePlacement}
          options={{
            ...(takesKeys ? { kv: 'Keys and values before the cue' } : {}),
            infix: 'Before the cue',
            suffix: 'After the text',
          }}
        />
      )}
      {placement === 'kv' && whyNot ? (
        <p className="field-error" role="alert" tabIndex={-1} data-refused>
          {whyNot}
        </p>
      ) : (
        <PlacementWords />
      )}
    </>
  );
}

function PlacementWords() {
  const { settings, seeds } = usePicked(useNextRun.use(), 'settings', 'seeds');
  const secondsOf = useSecondsOf();
  const { placement, auto } = settings;
  const time = (at: Placement) => timeWords(secondsOf(withSeeds({ ...settings, placement: at }, seeds)));
  const isMeasured = secondsOf([settings]) !== null;
  return (
    <p className="dim small">
      {auto && placement !== 'prefix' ? (
        <>
          Auto learns keys and values before the cue where the model takes them, else vectors after the text; with
          answer words of one token, those too. It begins on 64 rows, so that the rest need not be read first. Changing
          a field below turns this off: your own settings are then used as they are.
        </>
      ) : placement === 'kv' ? (
        <>
          Each layer learns{' '}
          <Term means="Attention looks a text up by keys and reads values. Trained ones stand before the cue in every layer (prefix tuning), so only the cue is run for an answer.">
            keys and values
          </Term>{' '}
          before the cue, so the prompt adds no token to an answer
          {isMeasured ? `: ${time('kv')}` : ''}. PEFT cannot load it.
        </>
      ) : placement === 'infix' ? (
        <>
          The vectors come between the text and its{' '}
          <Term means="The cue is the template’s last line, such as “Sentiment:”. It comes after the vectors (an infix), so the model is asked as it is without them. Each text is read once for all steps.">
            cue
          </Term>
          {isMeasured ? `: ${time('infix')}. In PEFT it would be ${time('prefix')}` : ''}.
        </>
      ) : placement === 'suffix' ? (
        <>
          The vectors come after the text (
          <Term means="A suffix comes after the row’s text, which the model reads as before: once for all steps.">
            suffix
          </Term>
          ): the fastest option here{isMeasured ? `, ${time('suffix')}. In PEFT it would be ${time('prefix')}` : ''}.
        </>
      ) : (
        <>
          The vectors come before the text (
          <Term means="A prefix comes before the row’s text, as PEFT expects. It changes how the model reads the text, so every step reads the texts again.">
            prefix
          </Term>
          ):{' '}
          {settings.answerVectors === 'trained'
            ? 'the answer words are trained too, so it does not load in PEFT, and it'
            : 'this loads in PEFT unchanged, but'}{' '}
          takes longer, {time('prefix')}. In this page it would be {time(HERE)}.
        </>
      )}
    </p>
  );
}

function CurvePanel() {
  const { settings, hybrid, examples } = usePicked(useNextRun.use(), 'settings', 'hybrid', 'examples');
  const trainRows = usePromptSets((s) => Math.min(MOST_TRAINING_ROWS, s.dataset?.split.train.length ?? 0));
  const secondsOf = useSecondsOf();
  const { enqueue } = useTraining.use();
  const runs = learningCurveRuns(settings, trainRows);
  const isOff = useSession((s) => whyTrainingOff(s) !== null);
  const start = () => {
    if (showRefused()) return;
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
