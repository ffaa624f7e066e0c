import { memo } from 'react';
import { timeWords } from '../../../training/estimate';
import { PRESET_NAMES, PRESETS, type PresetName } from '../../../training/settings';
import { useProject } from '../../state/studio';
import { Choices, Panel, Term } from '../../ui';
import { initialText } from './initial-text';
import { withSeeds } from './queue';
import { SettingsPanel } from './SettingsPanel';
import { SweepPanel } from './SweepPanel';
import { useTrainPart } from './use-train';

/** Where a branch leads: the settings of the next run. */
export const SETTINGS_ID = 'next-run';

/** Where will it run, and how long may it take: the two questions before a run. Its settings stay open while another runs. */
export const StartPanel = memo(function StartPanel() {
  // speed and work: what the estimate rests on
  const { settings, preset, seeds, choosePlacement, choosePreset, secondsOf } = useTrainPart(
    'settings',
    'preset',
    'seeds',
    'choosePlacement',
    'choosePreset',
    'secondsOf',
    'speed',
    'work',
  );
  const open = useProject((s) => s.set);
  const measured = secondsOf([settings]) !== null;
  const time = (placement: 'suffix' | 'prefix') => timeWords(secondsOf(withSeeds({ ...settings, placement }, seeds)));
  return (
    <Panel title="Where will it run?" span={5}>
      <div className="stack" id={SETTINGS_ID} tabIndex={-1}>
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
              The vectors stand after the text (
              <Term means="A suffix stands after the row’s text. What the model has read of the text does not depend on it, so each text is read once and serves every step.">
                suffix
              </Term>
              ): the fastest way here{measured ? `, ${time('suffix')}. In PEFT it would be ${time('prefix')}` : ''}.
            </>
          ) : (
            <>
              The vectors stand before the text (
              <Term means="A prefix stands before the row’s text, as PEFT expects it. Everything after it depends on it, so every step reads the texts anew.">
                prefix
              </Term>
              ): loads in PEFT unchanged, but takes longer, {time('prefix')}. After the text it would be{' '}
              {time('suffix')}.
            </>
          )}
        </p>
        <Choices
          label="How thorough?"
          value={preset}
          onChange={(name) => name !== 'own' && choosePreset(name)}
          options={[
            ...PRESET_NAMES.map((name) => ({
              id: name as PresetName | 'own',
              label: (
                <span className="preset">
                  {PRESETS[name].label}
                  <span className="small preset-time">
                    {timeWords(
                      secondsOf(
                        withSeeds({ ...PRESETS[name].settings, placement: settings.placement }, PRESETS[name].seeds),
                      ),
                    ).replace(' on this machine', '')}
                    {PRESETS[name].seeds > 1 ? `, ${PRESETS[name].seeds} seeds` : ''}
                  </span>
                </span>
              ),
            })),
            ...(preset === 'own' ? [{ id: 'own' as const, label: 'Your own settings' }] : []),
          ]}
        />
        <SettingsPanel defaultText={open ? initialText(open) : ''} />
        <SweepPanel />
      </div>
    </Panel>
  );
});
