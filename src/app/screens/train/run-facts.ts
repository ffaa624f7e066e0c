/** Runs side by side: every setting and result, and in which they differ. Pure. */
import type { PromptSet, SoftVersion } from '../../../project/types';
import { NUMBER_SETTINGS, settingOf } from '../../../training/fields';
import type { TrainingSettings } from '../../../training/settings';
import { clock } from '../../ui/format';
import { startWords } from './starts';
import { reachedWords, statusWords } from './words';

export interface RunFact {
  readonly name: string;
  /** One a run, in their order. */
  readonly values: readonly string[];
  readonly differs: boolean;
}

type Tell = (run: SoftVersion) => string;

const yesNo = (on: boolean | undefined) => (on ? 'yes' : 'no');

const numbers: readonly (readonly [string, Tell])[] = NUMBER_SETTINGS.map((setting) => [
  setting.label,
  ({ settings }) => {
    const value = settingOf(settings, setting.key);
    return value === null ? (setting.empty ?? '–') : String(value);
  },
]);

/** Settings that have no field on the screen, as they stand in what is stored. */
const HIDDEN: readonly (readonly [string, keyof TrainingSettings])[] = [
  ['Weight decay', 'weightDecay'],
  ['Beta 1', 'beta1'],
  ['Beta 2', 'beta2'],
  ['Epsilon', 'epsilon'],
  ['Checkpoint every', 'checkpointEvery'],
];

const BEST_BY = { accuracy: 'accuracy', 'macro-f1': 'macro-F1', loss: 'loss' } as const;

/** Results first, then settings; what differs is marked. */
export function runFacts(runs: readonly SoftVersion[], set: Pick<PromptSet, 'soft'>): readonly RunFact[] {
  const told: readonly (readonly [string, Tell])[] = [
    ['Reached on validation rows', reachedWords],
    ['Best step', (run) => (run.bestStep === null ? '–' : String(run.bestStep))],
    ['Time', (run) => (run.seconds === null ? '–' : clock(run.seconds))],
    ['State', statusWords],
    ['Placement', ({ settings }) => (settings.placement === 'suffix' ? 'after the text' : 'before the text')],
    ['Added to', (run) => (run.handVersion ? 'your prompt' : 'the bare text')],
    ['Starts from', (run) => startWords(run.settings.initialisation, set)],
    ['Start text', (run) => run.initText || '–'],
    ...numbers,
    ['Kept by', ({ settings }) => BEST_BY[settings.metric]],
    ['Every label counts the same', ({ settings }) => yesNo(settings.classWeights)],
    ['Reparameterised', ({ settings }) => yesNo(settings.reparameterise)],
    ...HIDDEN.map(([name, key]) => [name, ({ settings }: SoftVersion) => String(settings[key])] as const),
    ['Template', (run) => run.template],
    ['Model', (run) => `${run.model.id} (${run.model.dtype})`],
  ];
  return told.map(([name, tell]) => {
    const values = runs.map(tell);
    return { name, values, differs: new Set(values).size > 1 };
  });
}

/** What tells one run from the others of a list: the settings in which they differ, else its number. */
export function distinction(run: SoftVersion, facts: readonly RunFact[], place: number): string {
  const own = facts
    .slice(RESULTS)
    .filter(({ differs, name }) => differs && name !== 'Start text' && name !== 'Template')
    .map(({ name, values }) => `${name.toLowerCase()} ${values[place] ?? ''}`);
  return own.length === 0 ? `run ${run.number}` : own.join(', ');
}

/** Facts that a run ends with, before those that it begins with. */
const RESULTS = 4;
