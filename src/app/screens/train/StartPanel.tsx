import { PRESETS, type PresetName } from '../../../training/settings';
import { useProject } from '../../state/studio';
import { Choices, Panel, Term } from '../../ui';
import { timeWords } from './estimate';
import { initialText } from './initial-text';
import { SettingsPanel } from './SettingsPanel';
import { useTrain } from './use-train';

const PRESET_NAMES: Readonly<Record<PresetName, string>> = {
  quick: 'Quick',
  standard: 'Standard',
  thorough: 'Thorough',
};

/** Where will it run, and how long may it take: the two questions before a run. */
export function StartPanel() {
  const { settings, preset, choosePlacement, choosePreset, change, secondsOf, busy } = useTrain((s) => s);
  const open = useProject((s) => s.set);
  const measured = secondsOf(settings) !== null;
  const time = (placement: 'suffix' | 'prefix') => timeWords(secondsOf({ ...settings, placement }));
  return (
    <Panel title="Where will it run?" span={5}>
      <div className="stack">
        <Choices
          label="Where will it run?"
          hideLabel
          value={settings.placement}
          onChange={choosePlacement}
          options={[
            { id: 'suffix', label: 'In this page or with our script', isDisabled: busy },
            { id: 'prefix', label: 'In PEFT', isDisabled: busy },
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
            ...(['quick', 'standard', 'thorough'] as const).map((name) => ({
              id: name as PresetName | 'own',
              label: (
                <span className="preset">
                  {PRESET_NAMES[name]}
                  <span className="small preset-time">
                    {timeWords(secondsOf({ ...PRESETS[name], placement: settings.placement })).replace(
                      ' on this machine',
                      '',
                    )}
                  </span>
                </span>
              ),
              isDisabled: busy,
            })),
            ...(preset === 'own' ? [{ id: 'own' as const, label: 'Your own settings' }] : []),
          ]}
        />
        <SettingsPanel settings={settings} onChange={change} defaultText={open ? initialText(open) : ''} />
      </div>
    </Panel>
  );
}
