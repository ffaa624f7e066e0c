import type { ReactNode } from 'react';
import { LABEL_METRICS } from '../../../metrics/registry';
import { chosenHard } from '../../../prompt-set/make-versions';
import { isWriting } from '../../../prompt-set/prompt-set';
import type { PromptSet } from '../../../prompt-set/types';
import { NUMBER_SETTINGS, RUN_NUMBERS } from '../../../training/fields';
import { initialText, startId, startOptions, startWith } from '../../../workflow/runs';
import { useModel, useOpen } from '../../state/studio';
import { type FieldOf, Fields, format, Select, Term, TextArea } from '../../ui';
import { decides, type NextFields, useNextRun, useRunRows } from './next-run';

const NUMBERS_ID = 'next-run-numbers';

/** The field that refuses its text; a run would train with the value before it. */
export const refusedField = () =>
  document.getElementById(NUMBERS_ID)?.querySelector<HTMLElement>('[aria-invalid="true"]') ?? null;

export function SettingsPanel({ children, more }: { readonly children: ReactNode; readonly more: ReactNode }) {
  const { set } = useOpen();
  const { change } = useNextRun.use();
  const next = useNextRun((s) => s);
  const isRace = useNextRun((s) => decides(s.settings));
  const answers = useAnswerWords(set?.words.length ?? 0);
  if (!set) return null;
  const isGenerating = isWriting(set);
  const fields = (of: readonly FieldOf<NextFields>[]) => (
    <Fields<NextFields> of={of} values={{ answerVectors: 'fixed', ...next.settings, ...next }} onChange={change} />
  );
  return (
    <details className="fold">
      <summary>All settings</summary>
      <div className="stack fold-body">
        {children}
        {isRace ? null : <StartSettings set={set} />}
        {chosenHard(set) ? fields([HYBRID]) : null}
        <div className="settings-grid" id={NUMBERS_ID}>
          {fields(NUMBERS[isGenerating ? 'generate' : 'classify'])}
        </div>
        {isGenerating ? <LossNote /> : fields(LABEL_FIELDS)}
        {isGenerating || isRace ? null : (
          <>
            {fields([answers.field])}
            <p className="dim small">{answers.hint}</p>
          </>
        )}
        {more}
      </div>
    </details>
  );
}

function StartSettings({ set }: { readonly set: PromptSet }) {
  const { initialisation, placement } = useNextRun((s) => s.settings);
  const { change } = useNextRun.use();
  const isInfix = placement === 'infix';
  return (
    <>
      <Select
        label="The vectors start from"
        options={startOptions(set)}
        value={startId(initialisation)}
        onChange={(id) => change({ initialisation: startWith(id, set) })}
      />
      {initialisation.kind === 'text' ? (
        <TextArea
          label="Text"
          rows={3}
          value={initialisation.text}
          placeholder={isInfix ? 'Line breaks' : initialText(set)}
          hint={`If empty, ${isInfix ? 'line breaks are' : 'your hand-written instruction is'} used.`}
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
  seeds: 'Results vary between seeds; the run with the lowest loss is used as Tuned.',
};
const NUMBERS = {
  classify: numbers,
  generate: numbers.map((field) =>
    FOR_TEXTS[field.key] ? { ...field, hint: FOR_TEXTS[field.key] } : field,
  ) as typeof numbers,
};

const LABEL_FIELDS: readonly FieldOf<NextFields>[] = [
  {
    key: 'metric',
    label: 'Choose the step to keep by its measure on validation rows',
    means:
      'By loss, training keeps the latest step whose loss on the validation rows is not clearly higher than the lowest: a hundred rows cannot tell two good steps apart. Accuracy is the share of correct answers. Macro-F1 averages the F1 scores of the labels, so rare labels count as much as frequent ones.',
    options: { loss: 'Loss', accuracy: LABEL_METRICS.accuracy.name, 'macro-f1': LABEL_METRICS.macroF1.name },
  },
  {
    key: 'classWeights',
    label: 'Weight labels equally',
    means:
      'The rarer a label, the more each mistake on it counts. This helps if rare labels matter, and costs accuracy on frequent ones.',
  },
];

const LossNote = () => (
  <p className="dim small">
    Training keeps the latest step whose{' '}
    <Term means="Average loss per token of the expected text: 0 is perfect. Perplexity is e to the power of it: how many equally likely next tokens the model is choosing between; lower is better.">
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
