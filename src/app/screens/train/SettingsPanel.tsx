import { isWriting } from '../../../project/prompt-set';
import { NUMBER_SETTINGS, SEEDS, settingOf } from '../../../training/fields';
import { useProject } from '../../state/studio';
import { Choices, Select, Term, TextArea } from '../../ui';
import { NumberField } from './NumberField';
import { hasHand, startId, startOptions, startWith } from './starts';
import type { TrainState } from './train-state';
import { useTrainPart } from './use-train';

/** Yes and no, as choices. */
const SWITCH = [
  { id: 'no', label: 'No' },
  { id: 'yes', label: 'Yes' },
] as const;
/** Texts of several prompts have no mean. */
const WRITING_SEEDS = { ...SEEDS, hint: 'Seeds scatter by some points: the lowest loss stands for Tuned.' };
const switched = (on: boolean | undefined) => (on ? 'yes' : 'no');

/** Every setting of a run, folded away: the presets need none of them. `defaultText`: what the start is when left empty. */
export function SettingsPanel({ defaultText }: { readonly defaultText: string }) {
  const { settings, seeds, hybrid, change, chooseSeeds, chooseHybrid } = useTrainPart(
    'settings',
    'seeds',
    'hybrid',
    'change',
    'chooseSeeds',
    'chooseHybrid',
  );
  const set = useProject((s) => s.set);
  const writing = set !== null && isWriting(set);
  const { initialisation } = settings;
  return (
    <details className="fold">
      <summary>All settings</summary>
      <div className="stack fold-body">
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
            placeholder={defaultText}
            hint="Left empty, your own instruction is taken."
            onChange={(text) => change({ initialisation: { kind: 'text', text } })}
          />
        ) : null}
        {hasHand(set) ? (
          <Choices
            label={
              <>
                The vectors are added to{' '}
                <Term means="A hybrid keeps your instruction, so it sends more tokens a row than the bare text; Compare shows both.">
                  the bare text, or to your prompt
                </Term>
              </>
            }
            options={[
              { id: 'no', label: 'Bare text' },
              { id: 'yes', label: 'Your prompt (hybrid)' },
            ]}
            value={switched(hybrid)}
            onChange={(id) => void chooseHybrid(id === 'yes')}
          />
        ) : null}
        <div className="settings-grid">
          {NUMBER_SETTINGS.map((setting) => (
            <NumberField
              key={setting.key}
              setting={writing && setting.key === 'trainRows' ? { ...setting, hint: 'Only so many of them.' } : setting}
              value={settingOf(settings, setting.key)}
              onChange={(value) => change({ [setting.key]: value })}
            />
          ))}
          <NumberField
            setting={writing ? WRITING_SEEDS : SEEDS}
            value={seeds}
            onChange={(value) => chooseSeeds(value ?? 1)}
          />
        </div>
        {writing ? (
          <p className="dim small">
            The latest step whose{' '}
            <Term means="How badly the texts that should be written were foreseen, a token: 0 is perfect. Perplexity is e to the power of it: among so many equally likely tokens the model seems to choose.">
              loss
            </Term>{' '}
            on the validation rows is not clearly higher than the lowest is kept.
          </p>
        ) : (
          <LabelSettings settings={settings} change={change} />
        )}
        <Choices
          label={
            <Term means="A small network that all vectors share is trained along, and folded into them at the end: nothing of it is left in the prompt.">
              Residual reparameterisation
            </Term>
          }
          options={SWITCH}
          value={switched(settings.reparameterise)}
          onChange={(id) => change({ reparameterise: id === 'yes' })}
        />
      </div>
    </details>
  );
}

/** What only labels have. */
function LabelSettings({ settings, change }: Pick<TrainState, 'settings' | 'change'>) {
  return (
    <>
      <Choices
        label={
          <>
            Keep the step by its{' '}
            <Term means="By the loss, the latest step is kept whose loss on the validation rows is not clearly higher than the lowest: a hundred rows cannot tell two good steps apart. Accuracy is the share of right answers; macro-F1 the mean of the labels’ F1 scores, in which rare labels count as much as common ones.">
              measure on validation rows
            </Term>
          </>
        }
        options={[
          { id: 'loss', label: 'Loss' },
          { id: 'accuracy', label: 'Accuracy' },
          { id: 'macro-f1', label: 'Macro-F1' },
        ]}
        value={settings.metric}
        onChange={(metric) => change({ metric })}
      />
      <Choices
        label={
          <Term means="A mistake on a row of a rare label counts as much more as the label is rarer. Helps where rare labels matter; costs accuracy on common ones.">
            Every label counts the same
          </Term>
        }
        options={SWITCH}
        value={switched(settings.classWeights)}
        onChange={(id) => change({ classWeights: id === 'yes' })}
      />
    </>
  );
}
