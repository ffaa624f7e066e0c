import { memo } from 'react';
import { generates } from '../../../dataset/task-facts';
import { splitsCueAt } from '../../../prompt/soft-prompt';
import type { PromptSet } from '../../../prompt-set/types';
import { versionById } from '../../../prompt-set/versions';
import { cueOf } from '../../../task/template';
import { PRESET_NAMES, PRESETS, type PresetName, type TrainingSettings } from '../../../training/settings';
import { gainWords } from '../../../workflow/learning-curve';
import { forSmaller, startOf } from '../../../workflow/runs';
import { useQuery } from '../../state/location';
import { useModel, useOpen, usePicked, usePromptSets } from '../../state/studio';
import { Choices, format, LabelTag, Panel } from '../../ui';
import {
  askedOf,
  decides,
  placedAt,
  reachedBefore,
  useKeys,
  useLibraryGains,
  useNextRun,
  useRunRows,
  useTimeOf,
} from './next-run';
import { withSeeds } from './run-queue';
import { SettingsPanel } from './SettingsPanel';
import { useShownRun } from './training-store';

const SETTINGS_ID = 'next-run';

/** Opens all settings and moves the focus there: they were filled in from elsewhere. */
export function openSettings(): void {
  const next = document.getElementById(SETTINGS_ID);
  for (const fold of [next?.closest('details'), next?.querySelector('details')]) fold?.setAttribute('open', '');
  next?.focus();
}

export const StartPanel = memo(function StartPanel({ set }: { readonly set: PromptSet }) {
  return (
    <Panel title="What to expect" span={5} {...(generates(set.kind) ? {} : { means: GAINS })}>
      <div className="stack" id={SETTINGS_ID} tabIndex={-1}>
        <Expectation set={set} />
        <SettingsPanel>
          <PresetChoice />
        </SettingsPanel>
      </div>
    </Panel>
  );
});

/** Of the run that the button starts: what it takes, and what such runs reached. */
function Expectation({ set }: { readonly set: PromptSet }) {
  const { dataset } = useOpen();
  const { preset, settings, seeds } = usePicked(useNextRun.use(), 'preset', 'settings', 'seeds');
  const timeOf = useTimeOf();
  const gains = useLibraryGains(set);
  const name = preset === 'own' ? 'Your settings' : PRESETS[preset].label;
  const time = timeOf(withSeeds(settings, seeds));
  const before = preset !== 'own' && dataset ? reachedBefore(set, preset, dataset.fingerprint) : null;
  const gained = preset === 'own' || generates(set.kind) ? null : gainWords(preset, gains(preset));
  const said = before
    ? `It reached ${format.ofRows(before.accuracy, before.rows, undefined, format.percentWhole)} before.`
    : gained;
  return (
    <p>
      <strong>{time ? `${name}, ${time}.` : `${name}.`}</strong> {said}
    </p>
  );
}

function PresetChoice() {
  const set = usePromptSets((s) => s.set);
  const isGenerating = set !== null && generates(set.kind);
  const { preset, settings: own, seeds: ownSeeds } = usePicked(useNextRun.use(), 'preset', 'settings', 'seeds');
  const { choosePreset } = useNextRun.use();
  const timeOf = useTimeOf();
  const label = (title: string, settings: TrainingSettings, seeds: number) => {
    const time = timeOf(withSeeds(settings, seeds));
    return (
      <span className="preset">
        {title}
        <span className="small preset-time">{seeds > 1 ? `${time ?? ''} ${seeds} seeds` : time}</span>
      </span>
    );
  };
  const presets = PRESET_NAMES.filter((name) => name !== 'auto' || !isGenerating).map((id) => {
    const { label: title, settings, seeds } = PRESETS[id];
    return { id, label: label(title, placedAt(settings, own.placement), seeds) };
  });
  return (
    <Choices<PresetName | 'own'>
      label="How thorough?"
      value={preset}
      onChange={(name) => name !== 'own' && choosePreset(name)}
      options={[
        ...presets,
        ...(preset === 'own' ? [{ id: preset, label: label('Your own settings', own, ownSeeds) }] : []),
      ]}
    />
  );
}

const GAINS =
  'Points of accuracy on test rows above a simple prompt, or in comparisons of yours above your own prompt. Your rows may gain more, less or nothing.';

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
  const isOneToken = useRunRows().value?.wordTokens === 1;
  const first = { placement: 'kv', ...(isOneToken && { answerVectors: 'trained' as const }) } as const;
  const auto = decides(next.settings) && areFirst ? { ...next.settings, ...first } : next.settings;
  const own = teacher ? forSmaller(next.settings, areFirst) : auto;
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
      <p className="row learned">
        {isPrefix ? soft : text} {isPrefix ? text : soft} {cue === '' ? null : <TemplateText text={cue} />}{' '}
        <span aria-hidden="true">→</span> <Answers set={set} />
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
