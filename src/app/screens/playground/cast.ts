/** Which prompts are asked: those of the open prompt set, or, without one, the prompt that ships with the page. */
import { drawnRows } from '../../../dataset/draw';
import { labelIndexer, rowsById, textOf } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import type { Presented } from '../../../interchange/prompt-package';
import type { SoftPrompt } from '../../../prompt/soft-prompt';
import { armsOf } from '../../../prompt-set/arms';
import { calibrationOf } from '../../../prompt-set/calibration';
import { chosenHard } from '../../../prompt-set/make-versions';
import { isWriting } from '../../../prompt-set/prompt-set';
import {
  findVersions,
  type ReadyPrompt,
  readyPrompt,
  type Together,
  togetherOf,
} from '../../../prompt-set/ready-prompt';
import { resolveStage } from '../../../prompt-set/stages';
import type { PromptSet } from '../../../prompt-set/types';
import { versionById, versionWords } from '../../../prompt-set/versions';
import { FALLBACK_TOKENS } from '../../../route/generated-texts';
import { type Fields, otherColumns, wordsFor } from '../../../task/template';
import type { AnswerWord } from '../../../task/types';
import type { PlayedPrompt, PlayedRoute } from '../../../workflow/play';
import type { PromptSetsState } from '../../state/prompt-sets-store';
import type { SampleSet, ShippedPrompt } from '../../state/services';
import type { Studio } from '../../state/studio';
import { stageId, stageOf } from '../../state/version-words';
import type { ArmSide } from '../../ui';

export interface Player {
  readonly id: string;
  readonly name: string;
  /** Over its panel. */
  readonly title: string;
  readonly side: ArmSide;
  readonly template: string;
  /** The template is the user's message in a chat. */
  readonly chat: boolean;
  readonly soft: SoftPrompt | null;
  /** What answers together with it; left out = nothing. */
  readonly together?: Together;
  /** Its own answer words, where it has some; else the cast's. */
  readonly words: readonly AnswerWord[] | null;
  /** Mean log-probabilities to subtract; null = its export is not calibrated. */
  readonly calibration: readonly number[] | null;
  /** Of a stage: who else may answer for it. Left out: this prompt alone. */
  readonly route?: Omit<PlayedRoute, 'fallback'> & { readonly fallback: Player };
}

/** A row to present. */
export interface Example {
  readonly fields: Fields;
  /** The right label; null = not known. */
  readonly right: string | null;
}

export interface Cast {
  readonly players: readonly Player[];
  readonly words: readonly AnswerWord[];
  /** Tokens that a generated answer may have; null = the task is to choose labels. */
  readonly longest: number | null;
  readonly textColumn: string | null;
  /** Columns besides the text that some player's template shows. */
  readonly columns: readonly string[];
  /** The name under which the examples that the user keeps are stored. */
  readonly examplesKey: string;
  /** Until the user keeps some. */
  readonly examples: readonly Example[];
  /** The prompt that ships with the page is asked; `fits` = the weights it was trained on are loaded. */
  readonly shipped: { readonly modelId: string; readonly fits: boolean } | null;
  /** Why the stage or version that was chosen is not asked. */
  readonly extraTrouble: string | null;
}

const FIRST_EXAMPLES = 5;
const TITLES = { untuned: 'Untuned', yours: 'Your prompt', tuned: 'Tuned prompt' } as const;

const player = (
  part: Pick<Player, 'id' | 'name' | 'title' | 'side' | 'template' | 'soft'> & Partial<Player>,
): Player => ({ chat: false, words: null, calibration: null, ...part });

/** The player's prompt as a request asks it. */
export const playedPrompt = ({ words, longest, textColumn }: Cast, of: Player): PlayedPrompt => ({
  template: of.template,
  chat: of.chat,
  soft: of.soft,
  ...(of.together && { together: of.together }),
  textColumn,
  task:
    longest === null
      ? { kind: 'classify', words: of.words ?? wordsFor(of, words), calibration: of.calibration }
      : { kind: 'generate', longest },
});

/** Who else may answer in its place, as a request asks it. */
export const playedRoute = (cast: Cast, { route }: Player): { readonly route?: PlayedRoute } =>
  route ? { route: { ...route, fallback: playedPrompt(cast, route.fallback) } } : {};

/** @param extra a stage (`stage:production`) or a version's id that is asked too; empty = none */
export function setCast(
  open: PromptSet,
  dataset: Dataset | null,
  sample: SampleSet | null,
  { extra = '', longest = null }: { readonly extra?: string; readonly longest?: number | null } = {},
): Cast {
  const players = armsOf(open).arms.flatMap((arm) => {
    const { id, name, kind, prompt, words, softs } = arm;
    return id === 'untuned' || id === 'yours' || id === 'tuned'
      ? player({
          id,
          name,
          title: TITLES[id],
          side: kind === 'tuned' ? 'b' : kind === 'untuned' ? 'ref' : 'a',
          template: prompt.template,
          chat: prompt.chat ?? false,
          soft: softs[0] ?? null,
          words,
          // without its examples it is another prompt, whose bias nobody has measured
          calibration: prompt.shots === 0 ? calibrationOf(open, arm) : null,
        })
      : [];
  });
  const { player: another, trouble } = extraPlayer(open, extra);
  const hasAnswers = isWriting(open) || open.words.length > 0;
  const cast = hasAnswers ? [...players, ...(another ? [another] : [])] : [];
  const textColumn = dataset?.mapping.text ?? null;
  const columns = [...new Set(cast.flatMap(({ template }) => otherColumns(template, textColumn)))];
  const isSample = sample !== null && open.datasetName === sample.csv.fileName;
  return {
    players: cast,
    words: open.words,
    longest,
    textColumn,
    columns,
    examplesKey: `examples:${open.id}`,
    examples: isSample && columns.length === 0 ? sample.examples : validationExamples(dataset, columns),
    shipped: null,
    extraTrouble: trouble,
  };
}

/** The name under which a kept example has its right label; a column of this name that prompts show has the cell instead. */
const RIGHT = 'right answer';

function exampleOf(kept: Presented, columns: readonly string[]): Example {
  if (typeof kept === 'string') return { fields: { text: kept }, right: null };
  if (columns.includes(RIGHT)) return { fields: kept, right: null };
  const { [RIGHT]: right = null, ...fields } = kept;
  return { fields, right };
}

/** The row as the prompts see it: a text alone, or with the cells of the columns that they show. */
export function asAsked(fields: Fields, columns: readonly string[]): Presented {
  const { text = '' } = fields;
  const cells = columns.map((column) => [column, fields[column] ?? ''] as const);
  return cells.length === 0 ? text : Object.fromEntries([['text', text], ...cells]);
}

export function asKept({ fields, right }: Example, columns: readonly string[]): Presented {
  const asked = asAsked(fields, columns);
  if (right === null || columns.includes(RIGHT)) return asked;
  return { ...(typeof asked === 'string' ? { text: asked } : asked), [RIGHT]: right };
}

/** Test rows are not for reading. */
function validationExamples(dataset: Dataset | null, columns: readonly string[]): readonly Example[] {
  if (!dataset) return [];
  const rows = rowsById(dataset.table.rows);
  const labelAt = labelIndexer(dataset);
  return drawnRows(dataset, dataset.split.validation, FIRST_EXAMPLES).flatMap((id) => {
    const row = rows.get(id);
    if (!row) return [];
    const cells = columns.map((column) => [column, row.cells[column] ?? ''] as const);
    const right = dataset.labels[labelAt(row) ?? -1] ?? null;
    return [{ fields: { ...Object.fromEntries(cells), text: textOf(row, dataset.mapping) }, right }];
  });
}

interface Extra {
  readonly player: Player | null;
  readonly trouble: string | null;
}

/** The chosen stage or version; another one in its place only as the policy of the set says. */
function extraPlayer(set: PromptSet, which: string): Extra {
  const no = (trouble: string | null): Extra => ({ player: null, trouble });
  if (which === '') return no(null);
  const stage = stageOf(which);
  const found = stage === null ? null : resolveStage(set, stage);
  if (found && !found.ok) return no(found.error.message);
  const of = found?.ok ? found.value : versionById(set, which);
  if (!of) return no('This version is no longer in the library. Choose another one.');
  const ready = readyPrompt(set, of);
  const other = stage === null ? null : fallbackFor(set, stage);
  const trouble = [ready, ...(other ? [other] : [])].flatMap((each) => troubleWith(set, each) ?? [])[0];
  if (trouble !== undefined) return no(trouble);
  const name = stage === null ? versionWords(of) : `${stage}: ${versionWords(of)}`;
  const route = other && {
    policy: set.policy ?? { kind: 'as-asked' as const },
    fallback: playerOf(other, 'fallback', versionWords(other.of)),
    fallbackName: versionWords(other.of),
    threshold: ready.threshold,
    model: of.kind === 'soft' ? of.version.model : null,
  };
  return { player: { ...playerOf(ready, 'extra', name), ...(route && { route }) }, trouble: null };
}

/** The hand-written version that may answer for a stage by the policy of the set; null = none may. */
const fallbackFor = (set: PromptSet, stage: string): ReadyPrompt | null =>
  set.policy && set.policy.kind !== 'as-asked' && chosenHard(set)
    ? findVersions([set], { handle: set.handle, stage }, 'fallback').fallback
    : null;

/** Why the playground cannot ask a version; null = it can. */
function troubleWith(set: PromptSet, { of, words, prompt }: ReadyPrompt): string | null {
  if (words.some(({ label }, i) => label !== set.words[i]?.label) || words.length !== set.words.length)
    return `${versionWords(of)} was made for other labels than this prompt set has now. Use Batch to run it.`;
  return prompt.shots > 0
    ? `${versionWords(of)} needs examples before each text, which the playground does not add. Use Batch to run it.`
    : null;
}

function playerOf(
  { of, prompt, soft, words, meanLogProbs: calibration }: ReadyPrompt,
  id: string,
  name: string,
): Player {
  const { template, chat = false } = prompt;
  const together = togetherOf(of);
  return player({
    ...(together && { together }),
    id,
    name,
    title: name,
    side: of.kind === 'hard' ? 'a' : 'b',
    template,
    chat,
    soft,
    words,
    calibration,
  });
}

/** Vectors only work with the weights they were trained on. */
export function shippedCast(
  { template, words, soft, calibration, modelSha256, modelId }: ShippedPrompt,
  sample: SampleSet | null,
  loadedSha256: string | null,
): Cast {
  const fits = loadedSha256 === null || loadedSha256 === modelSha256;
  const untuned = player({ id: 'untuned', name: 'Untuned', title: TITLES.untuned, side: 'ref', template, soft: null });
  const name = 'Tuned on support tickets';
  const tuned = player({ id: 'tuned', name, title: name, side: 'b', template, soft, calibration });
  return {
    players: fits ? [untuned, tuned] : [untuned],
    words,
    longest: null,
    textColumn: null,
    columns: [],
    examplesKey: 'examples:shipped',
    examples: sample ? [{ fields: { text: sample.example }, right: null }, ...sample.examples] : [],
    shipped: { modelId, fits },
    extraTrouble: null,
  };
}

/** The prompt set that a typed handle names, and its stage; null = its usual prompts. */
export interface Addressed {
  readonly id: string;
  readonly stage: string | null;
}

export interface CastKey {
  readonly setId: string | null;
  /** The open set and its rows, each as it is: another one after any change. */
  readonly set: PromptSet | null;
  readonly dataset: Dataset | null;
  readonly extra: string;
  /** The loaded weights; null = none yet. */
  readonly model: string | null;
}

type Open = Pick<PromptSetsState, 'set' | 'dataset'>;

/** What the cast depends on; as the screen loads it. */
export const castKey = ({ set, dataset }: Open, extra: string, model: string | null): CastKey => ({
  ...{ setId: set?.id ?? null, set, dataset, model },
  extra: set ? extra : '',
});

/** The key of another prompt set's cast, or of the open one's, that a typed handle names. */
export const addressedKey = (open: Open, { id, stage }: Addressed, model: string | null): CastKey => {
  const extra = stage === null ? '' : stageId(stage);
  const none = { set: null, dataset: null };
  return open.set?.id === id ? castKey(open, extra, model) : { ...castKey(none, '', model), setId: id, extra };
};

/** The prompts of a prompt set, or, where none is open, the shipped one; null when there is nothing to ask. */
export async function findCast({ services, stores }: Studio, { setId, extra }: CastKey): Promise<Cast | null> {
  const open = stores.promptSets.getState();
  const { store } = services;
  const isOther = setId !== null && setId !== open.set?.id;
  const set = isOther ? ((await store.sets.get(setId)) ?? null) : open.set;
  const dataset = isOther ? ((await store.datasets.get(setId))?.dataset ?? null) : open.dataset;
  const sample = await services.loadSample().catch(() => null);
  const cast = set ? await castOfSet(set) : await castOfShipped();
  if (!cast || cast.players.length === 0) return null;
  const kept = await store.settings.get<readonly Presented[]>(cast.examplesKey);
  return kept ? { ...cast, examples: kept.map((each) => exampleOf(each, cast.columns)) } : cast;

  async function castOfSet(open: PromptSet): Promise<Cast> {
    if (!isWriting(open)) return setCast(open, dataset, sample, { extra });
    await stores.session.getState().tokenizerReady();
    return setCast(open, dataset, sample, { extra, longest: await longestAnswer(open) });
  }
  async function longestAnswer(open: PromptSet): Promise<number> {
    if (open.writing?.longest != null) return open.writing.longest;
    return dataset ? (await services.workflow.call('targetLengths', { dataset })).longest : FALLBACK_TOKENS;
  }
  async function castOfShipped(): Promise<Cast | null> {
    const shipped = await services.loadShippedPrompt().catch(() => null);
    const { model } = stores.session.getState();
    return shipped && shippedCast(shipped, sample, model.kind === 'ready' ? model.info.sha256 : null);
  }
}
