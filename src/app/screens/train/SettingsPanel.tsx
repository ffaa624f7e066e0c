import type { ReactNode } from 'react';
import { LABEL_METRICS } from '../../../metrics/registry';
import { chosenHard } from '../../../prompt-set/make-versions';
import { isWriting } from '../../../prompt-set/prompt-set';
import type { PromptSet } from '../../../prompt-set/types';
import { EXAMPLES_IN_TEXT, NUMBER_SETTINGS, readNumber, SEEDS, settingOf } from '../../../training/fields';
import { initialText, startId, startOptions, startWith } from '../../../workflow/runs';
import { usePicked, usePromptSets, useSession } from '../../state/studio';
import { Choices, format, NumberField, Select, Term, TextArea, YesNo } from '../../ui';
import { decides, useNextRun, useRunRows } from './next-run';

/** Generated texts of several prompts have no mean. */
const GENERATION_SEEDS = {
  ...SEEDS,
  hint: 'Results vary between seeds; the run with the lowest loss is used as Tuned.',
};
const GENERATION_ROWS_HINT = 'Uses at most this many.';

interface SettingsPanelProps {
  /** Comes first. */
  readonly children: ReactNode;
  /** Comes last. */
  readonly more: ReactNode;
}

/** Every setting of a run, folded: the presets need none of them. */
export function SettingsPanel({ children, more }: SettingsPanelProps) {
  const set = usePromptSets((s) => s.set);
  if (!set) return null;
  return (
    <details className="fold">
      <summary>All settings</summary>
      <div className="stack fold-body">
        {children}
        <StartSettings set={set} />
        <NumberSettings isGenerating={isWriting(set)} />
        {isWriting(set) ? <LossNote /> : <LabelSettings words={set.words.length} />}
        {more}
      </div>
    </details>
  );
}

function StartSettings({ set }: { readonly set: PromptSet }) {
  const { initialisation, placement } = useNextRun((s) => s.settings);
  const isRace = useNextRun((s) => decides(s.settings));
  const hybrid = useNextRun((s) => s.hybrid);
  const { change, chooseText } = useNextRun.use();
  return (
    <>
      {isRace ? null : (
        <Select
          label="The vectors start from"
          options={startOptions(set)}
          value={startId(initialisation)}
          onChange={(id) => change({ initialisation: startWith(id, set) })}
        />
      )}
      {initialisation.kind === 'text' && !isRace ? (
        <TextArea
          label="Text"
          rows={3}
          value={initialisation.text}
          placeholder={placement === 'infix' ? 'Line breaks' : initialText(set)}
          hint={`If empty, ${placement === 'infix' ? 'line breaks are' : 'your hand-written instruction is'} used.`}
          onChange={(text) => change({ initialisation: { kind: 'text', text } })}
        />
      ) : null}
      {chosenHard(set) === null ? null : (
        <YesNo
          label={
            <>
              The vectors are added to{' '}
              <Term means="A hybrid keeps your instruction, so each row takes more tokens than with the text alone. Compare shows both.">
                the text alone, or to your prompt
              </Term>
            </>
          }
          no="Text alone"
          yes="Your prompt (hybrid)"
          value={hybrid}
          onChange={(on) => chooseText({ hybrid: on })}
        />
      )}
    </>
  );
}

const NUMBERS_ID = 'next-run-numbers';

/** The field that refuses its text; a run would train with the value before it. */
export const refusedField = () =>
  document.getElementById(NUMBERS_ID)?.querySelector<HTMLElement>('[aria-invalid="true"]') ?? null;

function NumberSettings({ isGenerating }: { readonly isGenerating: boolean }) {
  const next = useNextRun.use();
  const { settings, seeds, examples } = usePicked(next, 'settings', 'seeds', 'examples');
  const { change, chooseSeeds, chooseText } = next;
  const seedsField = isGenerating ? GENERATION_SEEDS : SEEDS;
  return (
    <div className="settings-grid" id={NUMBERS_ID}>
      {NUMBER_SETTINGS.map(({ key, ...field }) => (
        <NumberField
          key={key}
          {...field}
          hint={isGenerating && key === 'trainRows' ? GENERATION_ROWS_HINT : field.hint}
          value={settingOf(settings, key)}
          read={(text) => readNumber(field, text)}
          onChange={(value) => change({ [key]: value })}
        />
      ))}
      <NumberField
        {...seedsField}
        value={seeds}
        read={(text) => readNumber(seedsField, text)}
        onChange={(value) => chooseSeeds(value ?? 1)}
      />
      <NumberField
        {...EXAMPLES_IN_TEXT}
        value={examples}
        read={(text) => readNumber(EXAMPLES_IN_TEXT, text)}
        onChange={(value) => chooseText({ examples: value ?? 0 })}
      />
    </div>
  );
}

const LossNote = () => (
  <p className="dim small">
    Training keeps the latest step whose{' '}
    <Term means="Average loss per token of the expected text: 0 is perfect. Perplexity is e to the power of it: how many equally likely next tokens the model is choosing between; lower is better.">
      loss
    </Term>{' '}
    on the validation rows is not clearly higher than the lowest.
  </p>
);

/** What only classification has. */
function LabelSettings({ words }: { readonly words: number }) {
  const metric = useNextRun((s) => s.settings.metric);
  const classWeights = useNextRun((s) => s.settings.classWeights);
  const isRace = useNextRun((s) => decides(s.settings));
  const { change } = useNextRun.use();
  return (
    <>
      <Choices
        label={
          <>
            Choose the step to keep by its{' '}
            <Term means="By loss, training keeps the latest step whose loss on the validation rows is not clearly higher than the lowest: a hundred rows cannot tell two good steps apart. Accuracy is the share of correct answers. Macro-F1 averages the F1 scores of the labels, so rare labels count as much as frequent ones.">
              measure on validation rows
            </Term>
          </>
        }
        options={{ loss: 'Loss', accuracy: LABEL_METRICS.accuracy.name, 'macro-f1': LABEL_METRICS.macroF1.name }}
        value={metric}
        onChange={(next) => change({ metric: next })}
      />
      <YesNo
        label="Weight labels equally"
        means="The rarer a label, the more each mistake on it counts. This helps if rare labels matter, and costs accuracy on frequent ones."
        value={classWeights ?? false}
        onChange={(on) => change({ classWeights: on })}
      />
      {isRace ? null : <AnswerWordsSetting words={words} />}
    </>
  );
}

/** A word of several tokens has no output vector of its own. */
function AnswerWordsSetting({ words }: { readonly words: number }) {
  const isTrained = useNextRun((s) => s.settings.answerVectors === 'trained');
  const { change } = useNextRun.use();
  const hidden = useSession((s) => (s.model.kind === 'ready' ? s.model.info.hidden : null));
  const isLong = (useRunRows().value?.wordTokens ?? 0) > 1;
  const numbers = hidden ? `${format.count(words * hidden)} more numbers` : 'one more vector per answer word';
  return (
    <div className="stack">
      <YesNo
        label="Train answer words too"
        means="Each answer word has an output vector, which the model compares with what it has read. It starts as the model’s own and is trained with the prompt (a soft verbalizer). Where words fit well this can overfit. The prompt then has no PEFT adapter."
        isYesDisabled={isLong}
        value={isTrained}
        onChange={(on) => change({ answerVectors: on ? 'trained' : 'fixed' })}
      />
      <p className="dim small">
        {isLong
          ? 'An answer word has several tokens. Choose words of one token on the Prompts screen to train them too.'
          : `Helps where the words mean little to the model, such as letters: ${numbers} to learn.`}
      </p>
    </div>
  );
}
