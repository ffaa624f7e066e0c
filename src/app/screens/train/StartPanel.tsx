import { memo } from 'react';
import { timeWords } from '../../../training/estimate';
import { PRESET_NAMES, PRESETS, type PresetName } from '../../../training/settings';
import { Choices, Panel, Term } from '../../ui';
import { useNextRun } from './next-run';
import { withSeeds } from './run-queue';
import { SettingsPanel } from './SettingsPanel';
import { SweepPanel } from './SweepPanel';
import { useSecondsOf } from './use-estimate';

/** Where a branch leads: the settings of the next run. */
export const SETTINGS_ID = 'next-run';

/** Where the prompt will run, and how long training may take: the two questions before a run. Stays open while one trains. */
export const StartPanel = memo(function StartPanel() {
  return (
    <Panel title="Where will it run?" span={5}>
      <div className="stack" id={SETTINGS_ID} tabIndex={-1}>
        <PlacementChoice />
        <PresetChoice />
        <SettingsPanel />
        <SweepPanel />
      </div>
    </Panel>
  );
});

function PlacementChoice() {
  const settings = useNextRun((s) => s.settings);
  const seeds = useNextRun((s) => s.seeds);
  const { choosePlacement } = useNextRun.use();
  const secondsOf = useSecondsOf();
  const time = (placement: 'suffix' | 'prefix') => timeWords(secondsOf(withSeeds({ ...settings, placement }, seeds)));
  const isMeasured = secondsOf([settings]) !== null;
  return (
    <>
      <Choices
        label="Where will it run?"
        hideLabel
        value={settings.placement}
        onChange={choosePlacement}
        options={[
          { id: 'suffix', label: 'In this page or with our script' },
          { id: 'prefix', label: 'In PEFT' },
        ]}
      />
      <p className="dim small">
        {settings.placement === 'suffix' ? (
          <>
            The vectors come after the text (
            <Term means="A suffix comes after the row’s text, so it does not change how the model reads the text: each text is read once for all steps.">
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
            ): this loads in PEFT unchanged, but takes longer, {time('prefix')}. After the text it would be{' '}
            {time('suffix')}.
          </>
        )}
      </p>
    </>
  );
}

function PresetChoice() {
  const preset = useNextRun((s) => s.preset);
  const placement = useNextRun((s) => s.settings.placement);
  const { choosePreset } = useNextRun.use();
  const secondsOf = useSecondsOf();
  const label = (name: PresetName) => {
    const { label: title, settings, seeds } = PRESETS[name];
    const time = timeWords(secondsOf(withSeeds({ ...settings, placement }, seeds))).replace(' on this machine', '');
    return (
      <span className="preset">
        {title}
        <span className="small preset-time">
          {time}
          {seeds > 1 ? `, ${seeds} seeds` : ''}
        </span>
      </span>
    );
  };
  return (
    <Choices<PresetName | 'own'>
      label="How thorough?"
      value={preset}
      onChange={(name) => name !== 'own' && choosePreset(name)}
      options={[
        ...PRESET_NAMES.map((name) => ({ id: name, label: label(name) })),
        ...(preset === 'own' ? [{ id: 'own' as const, label: 'Your own settings' }] : []),
      ]}
    />
  );
}
