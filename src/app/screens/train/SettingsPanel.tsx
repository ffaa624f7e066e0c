import { useState } from 'react';
import type { Initialisation, TrainingSettings } from '../../../training/settings';
import { Choices, Select, Term, TextArea, TextField } from '../../ui';
import { NUMBER_SETTINGS, type NumberSetting, readNumber } from './settings-fields';

interface SettingsPanelProps {
  readonly settings: TrainingSettings;
  readonly onChange: (change: Partial<TrainingSettings>) => void;
  /** What the vectors start from when the text is left empty. */
  readonly defaultText: string;
}

/** Every setting of a run, folded away: the presets need none of them. */
export function SettingsPanel({ settings, onChange, defaultText }: SettingsPanelProps) {
  const { initialisation } = settings;
  const kinds: Readonly<Record<Exclude<Initialisation['kind'], 'prompt'>, Initialisation>> = {
    text: { kind: 'text', text: '' },
    'answer-words': { kind: 'answer-words' },
    vocabulary: { kind: 'vocabulary' },
  };
  return (
    <details className="fold">
      <summary>All settings</summary>
      <div className="stack fold-body">
        <Select
          label="The vectors start from"
          options={[
            { id: 'text', label: 'A text', detail: 'best on most data' },
            { id: 'answer-words', label: 'The answer words' },
            { id: 'vocabulary', label: 'Sampled common words' },
          ]}
          value={initialisation.kind}
          onChange={(kind) => onChange({ initialisation: kinds[kind as keyof typeof kinds] })}
        />
        {initialisation.kind === 'text' ? (
          <TextArea
            label="Text"
            rows={3}
            value={initialisation.text}
            placeholder={defaultText}
            hint="Left empty, your own instruction is taken."
            onChange={(text) => onChange({ initialisation: { kind: 'text', text } })}
          />
        ) : null}
        <div className="settings-grid">
          {NUMBER_SETTINGS.map((setting) => (
            <NumberField
              key={setting.key}
              setting={setting}
              value={settings[setting.key] ?? null}
              onChange={(value) => onChange({ [setting.key]: value })}
            />
          ))}
        </div>
        <Choices
          label={
            <>
              Keep the step with the best{' '}
              <Term means="The mean of the F1 scores of the labels: rare labels count as much as common ones.">
                macro-F1
              </Term>{' '}
              or accuracy
            </>
          }
          options={[
            { id: 'accuracy', label: 'Accuracy' },
            { id: 'macro-f1', label: 'Macro-F1' },
          ]}
          value={settings.metric}
          onChange={(metric) => onChange({ metric })}
        />
      </div>
    </details>
  );
}

/** Keeps what is typed until it can be read, so that a half-typed number is not taken away. */
function NumberField({
  setting,
  value,
  onChange,
}: {
  setting: NumberSetting;
  value: number | null;
  onChange: (value: number | null) => void;
}) {
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? (value === null ? '' : String(value));
  const read = readNumber(setting, text);
  return (
    <TextField
      label={setting.label}
      hint={setting.hint}
      inputMode={setting.whole ? 'numeric' : 'decimal'}
      value={text}
      placeholder={setting.empty ?? ''}
      error={'problem' in read ? read.problem : null}
      onChange={(next) => {
        setTyped(next);
        const found = readNumber(setting, next);
        if ('value' in found) onChange(found.value);
      }}
      onBlur={() => {
        if (!('problem' in read)) setTyped(null);
      }}
    />
  );
}
