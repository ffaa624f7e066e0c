import { memo } from 'react';
import { generates } from '../../../dataset/task-facts';
import { splitsCueAt } from '../../../prompt/soft-prompt';
import type { PromptSet } from '../../../prompt-set/types';
import { versionById } from '../../../prompt-set/versions';
import { cueOf } from '../../../task/template';
import { fewValidationRows } from '../../../training/diagnosis';
import { timeWords } from '../../../training/estimate';
import { PRESET_NAMES, PRESETS, type PresetName, type TrainingSettings } from '../../../training/settings';
import { gainWords } from '../../../workflow/learning-curve';
import { forSmaller, startOf } from '../../../workflow/runs';
import { useQuery } from '../../state/location';
import { useModel, useOpen, usePicked } from '../../state/studio';
import { Choices, format, LabelTag, Panel } from '../../ui';
import {
  askedOf,
  placedAt,
  reachedBefore,
  useKeys,
  useLibraryGains,
  useNextRun,
  useRunRows,
  useSecondsOf,
} from './next-run';
import { withSeeds } from './run-queue';
import { SettingsPanel } from './SettingsPanel';
import { useShownRun } from './training-store';

const SETTINGS_ID = 'next-run';

/** Opens all settings and moves the focus there: they were filled in from elsewhere. */
export function openSettings(): void {
  const next = document.getElementById(SETTINGS_ID);
  next?.querySelector('details')?.setAttribute('open', '');
  next?.focus();
}

export const StartPanel = memo(function StartPanel({ set }: { readonly set: PromptSet }) {
  const validationRows = useRunRows().value?.validationRows ?? 0;
  const isSaid = useShownRun(set.id, (live) => live !== null);
  const few = isSaid || generates(set.kind) ? null : fewValidationRows(validationRows, null);
  return (
    <Panel title="How thorough?" span={5} {...(generates(set.kind) ? {} : { means: GAINS })}>
      <div className="stack" id={SETTINGS_ID} tabIndex={-1}>
        <PresetChoice />
        {few ? <p className="dim small">{few}</p> : null}
        <SettingsPanel />
      </div>
    </Panel>
  );
});

function PresetChoice() {
  const { set, dataset } = useOpen();
  const isGenerating = set !== null && generates(set.kind);
  const { preset, settings: own, seeds: ownSeeds } = usePicked(useNextRun.use(), 'preset', 'settings', 'seeds');
  const { choosePreset } = useNextRun.use();
  const secondsOf = useSecondsOf();
  const gains = useLibraryGains(set);
  const label = (title: string, settings: TrainingSettings, seeds: number, said: string | null = null) => {
    const time = timeWords(secondsOf(withSeeds(settings, seeds))).replace(' on this machine', '');
    return (
      <span className="preset">
        {title}
        <span className="small preset-time">{seeds > 1 ? `${time}, ${seeds} seeds` : time}</span>
        {said ? <span className="small preset-time">{said}</span> : null}
      </span>
    );
  };
  const presetLabel = (name: PresetName) => {
    const { label: title, settings, seeds } = PRESETS[name];
    const before = set && dataset ? reachedBefore(set, name, dataset.fingerprint) : null;
    const reached = before && format.ofRows(before.accuracy, before.rows, undefined, format.percentWhole);
    const said = reached ? `reached ${reached} before` : isGenerating ? null : gainWords(name, gains(name));
    return label(title, placedAt(settings, own.placement), seeds, said);
  };
  const presets = PRESET_NAMES.filter((name) => name !== 'auto' || !isGenerating);
  return (
    <Choices<PresetName | 'own'>
      label="How thorough?"
      hideLabel
      value={preset}
      onChange={(name) => name !== 'own' && choosePreset(name)}
      options={[
        ...presets.map((id) => ({ id, label: presetLabel(id) })),
        ...(preset === 'own' ? [{ id: preset, label: label('Your own settings', own, ownSeeds) }] : []),
      ]}
    />
  );
}

const GAINS =
  'Points: accuracy on test rows above the hand-written prompt, with Auto the proposed one. “Other data sets” are those this project measured with the built-in model, one seed or a mean; “sets of yours” are comparisons in this browser with a similar number of labels. Your rows may gain more, less or nothing.';

const DRAWN = 12;

export const LearnedPanel = memo(function LearnedPanel({ set }: { readonly set: PromptSet }) {
  const runId = useShownRun(set.id, (live) => (live && live.phase !== 'ended' ? live.runId : null));
  const next = useNextRun((s) => s);
  const { dataset } = useOpen();
  const model = useModel();
  const [smaller] = useQuery('smaller', '');
  const run = set.runs.find(({ id }) => id === runId);
  const teacher = versionById(set, smaller) ?? undefined;
  const { areFirst } = useKeys();
  const own = teacher ? forSmaller(next.settings, areFirst) : next.settings;
  const planned = { ...askedOf(next, teacher), settings: own, group: null };
  const { settings, template } = run ?? startOf(set, planned, dataset);
  const trainsWords = settings.answerVectors === 'trained';
  const { hidden = 0, keys = null } = model ?? {};
  const each = settings.placement === 'kv' ? (keys?.numbers ?? 0) : hidden;
  const numbers = settings.virtualTokens * each + (trainsWords ? set.words.length * hidden : 0);
  const isPrefix = settings.placement === 'prefix';
  const last = splitsCueAt(settings.placement) ? cueOf(template) : '';
  const cue = template.endsWith(last) ? last : '';
  const text = <TemplateText text={template.slice(0, template.length - cue.length)} />;
  const soft = <Vectors count={settings.virtualTokens} />;
  const facts = [
    format.counted(settings.virtualTokens, 'vector'),
    ...(trainsWords ? [format.counted(set.words.length, 'answer word')] : []),
    `${format.count(numbers)} numbers`,
    format.bytes(numbers * 4),
  ];
  return (
    <Panel
      title={run ? 'What this run learns' : 'What the next run learns'}
      span={7}
      aside={model ? facts.join(' · ') : null}
    >
      <p className="learned">
        {isPrefix ? soft : text} {isPrefix ? text : soft} {cue === '' ? null : <TemplateText text={cue} />}{' '}
        <span aria-hidden="true">→</span> <Answers set={set} />
      </p>
      <p className="dim small">
        {`The model’s ${model ? `${format.count(model.parameters)} ` : ''}weights stay unchanged. `}
        {isPrefix
          ? 'Every step reads the texts again.'
          : 'Each text is read once, for this run and every later run on these rows.'}
      </p>
    </Panel>
  );
});

const TemplateText = ({ text }: { readonly text: string }) => (
  <span className="tok learned-text">{text.replace(/\n/g, ' ⏎ ')}</span>
);

const Vectors = ({ count }: { readonly count: number }) => (
  <>
    {Array.from({ length: Math.min(count, DRAWN) }, (_, i) => `v${i + 1}`).map((name) => (
      <span key={name} className="tok tok-virtual">
        {name}
      </span>
    ))}
    {count > DRAWN ? <span className="dim">…</span> : null}
  </>
);

const NAMED = 8;

const Answers = ({ set }: { readonly set: PromptSet }) => (
  <>
    {generates(set.kind) ? <span>the answer, token by token, to the end of its line</span> : null}
    {set.words.slice(0, NAMED).map(({ label, word }) => (
      <LabelTag key={label}>{word.trim()}</LabelTag>
    ))}
    {set.words.length > NAMED ? <span className="dim">and {set.words.length - NAMED} more</span> : null}
  </>
);
