/** Who plays: the open project's prompts, or, without one, the prompt that was trained in advance. */
import { rowsById, textOf } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import type { PromptSet } from '../../../project/types';
import type { SoftPrompt } from '../../../prompt/types';
import type { LabelWord } from '../../../task/types';
import type { SampleProject, ShippedPrompt } from '../../state/services';
import type { ArmSide } from '../../ui';
import { contestOf } from '../compare/arms';
import type { Also } from './also';

export interface Answer {
  /** In the order of the cast's answer words; empty where texts are written. */
  readonly probabilities: readonly number[];
  /** What was written; left out where labels are chosen. */
  readonly text?: string;
  readonly tokens: number;
  /** Null where it was known before, so that nothing was computed. */
  readonly ms: number | null;
}

export interface Player {
  readonly id: string;
  readonly name: string;
  /** Over its panel. */
  readonly title: string;
  readonly side: ArmSide;
  readonly template: string;
  /** The template is put into the model's form for messages. */
  readonly chat: boolean;
  readonly soft: SoftPrompt | null;
  /** Its own answer words, where it is bound to some; else the cast's. */
  readonly words: readonly LabelWord[] | null;
  /** Mean log-probabilities that are subtracted from its own; null = it was not exported calibrated. */
  readonly calibration: readonly number[] | null;
  readonly answer: Answer | null;
  /** What it wrote freely, and whether it still writes. */
  readonly written: string | null;
  readonly writing: boolean;
}

export interface Cast {
  readonly players: readonly Player[];
  readonly words: readonly LabelWord[];
  /** Texts are written, of so many tokens at most; null = labels are chosen. */
  readonly longest: number | null;
  readonly textColumn: string | null;
  /** Under which the examples that the user kept are stored. */
  readonly examplesKey: string;
  /** Until the user keeps some. */
  readonly examples: readonly string[];
  /** The prompt trained in advance stands on the stage; `fits` = on the weights that are loaded. */
  readonly shipped: { readonly modelId: string; readonly fits: boolean } | null;
}

const FIRST_EXAMPLES = 5;
const TITLES = { untuned: 'Untuned', yours: 'your prompt', tuned: 'tuned prompt' } as const;

const player = (
  part: Pick<Player, 'id' | 'name' | 'title' | 'side' | 'template' | 'soft'> & Partial<Player>,
): Player => ({
  chat: false,
  words: null,
  calibration: null,
  answer: null,
  written: null,
  writing: false,
  ...part,
});

/** @param also a stage or a version that plays too */
export function projectCast(
  open: PromptSet,
  dataset: Dataset | null,
  sample: SampleProject | null,
  also: Also['player'] = null,
  longest: number | null = null,
): Cast {
  const players = contestOf(open).arms.flatMap(({ id, name, kind, prompt: { template, chat = false }, soft }) =>
    id === 'untuned' || id === 'yours' || id === 'tuned'
      ? player({
          id,
          name,
          title: TITLES[id],
          side: kind === 'tuned' ? 'b' : kind === 'untuned' ? 'ref' : 'a',
          template,
          chat,
          soft,
        })
      : [],
  );
  return {
    players: also ? [...players, player(also)] : players,
    words: open.words,
    longest,
    textColumn: dataset?.mapping.text ?? null,
    examplesKey: `examples:${open.id}`,
    examples: sample && open.datasetName === sample.csv.fileName ? sample.examples : validationTexts(dataset),
    shipped: null,
  };
}

/** Held-back rows are not for looking at. */
function validationTexts(dataset: Dataset | null): readonly string[] {
  if (!dataset) return [];
  const rows = rowsById(dataset.table.rows);
  return dataset.split.validation.slice(0, FIRST_EXAMPLES).flatMap((id) => {
    const row = rows.get(id);
    return row ? [textOf(row, dataset.mapping)] : [];
  });
}

/** Vectors mean something to the weights that they were trained on, and to no others. */
export function shippedCast(
  { template, words, soft, calibration, modelSha256, modelId }: ShippedPrompt,
  sample: SampleProject | null,
  loadedSha256: string | null,
): Cast {
  const fits = loadedSha256 === null || loadedSha256 === modelSha256;
  const untuned = player({ id: 'untuned', name: 'Untuned', title: TITLES.untuned, side: 'ref', template, soft: null });
  const name = 'Tuned on support tickets';
  const tuned = { ...player({ id: 'tuned', name, title: name, side: 'b', template, soft }), calibration };
  return {
    players: fits ? [untuned, tuned] : [untuned],
    words,
    longest: null,
    textColumn: null,
    examplesKey: 'examples:shipped',
    examples: sample ? [sample.example, ...sample.examples] : [],
    shipped: { modelId, fits },
  };
}
