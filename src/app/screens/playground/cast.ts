/** Which prompts are asked: those of the open prompt set, or, without one, the prompt that ships with the page. */

import { drawnRows } from '../../../dataset/draw';
import { labelIndexer, labelOf, rowsById, textOf } from '../../../dataset/labels';
import { NO_LABEL } from '../../../dataset/tags';
import { generates } from '../../../dataset/task-facts';
import type { Dataset } from '../../../dataset/types';
import { contentKey } from '../../../lib/bytes';
import { asStudioError } from '../../../lib/errors';
import { type Failure, fail, ok, type Result } from '../../../lib/result';
import { isText, labelsOf, textsOf } from '../../../prompt/prompt';
import { wholePrompt } from '../../../prompt/whole';
import { armsOf } from '../../../prompt-set/arms';
import { chosenWritten } from '../../../prompt-set/make-versions';
import { alone, type Choice, findVersions, firstOf, type Planned, withoutVectors } from '../../../prompt-set/planned';
import { resolveStage } from '../../../prompt-set/stages';
import type { PromptSet, Version } from '../../../prompt-set/types';
import { isSameText, taskOf, versionById, versionWords } from '../../../prompt-set/versions';
import { FALLBACK_TOKENS } from '../../../route/generated-texts';
import { type Fields, otherColumns, TEXT_SLOT } from '../../../task/template';
import type { PromptSetsState } from '../../state/prompt-sets-store';
import type { SampleSet } from '../../state/site-files';
import type { Studio } from '../../state/studio';
import type { ArmSide } from '../../ui';

export interface Player {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly side: ArmSide;
  /** The version, and, of a stage, who else may answer for it. */
  readonly plan: Planned;
}

export interface Example {
  readonly fields: Fields;
  readonly right: string | null;
}

export interface Cast {
  readonly players: readonly Player[];
  readonly labels: readonly string[];
  /** Columns besides the text that some player's template shows. */
  readonly columns: readonly string[];
  readonly examplesKey: string;
  readonly examples: readonly Example[];
  /** The prompt that ships with the page is asked; `fits` = the weights it was trained on are loaded. */
  readonly shipped: { readonly modelId: string; readonly fits: boolean } | null;
  readonly trouble: string | null;
}

const FIRST_EXAMPLES = 5;
const TITLES = { untuned: 'Untuned', yours: 'Your prompt', tuned: 'Tuned prompt' } as const;
const SIDES = { untuned: 'ref', yours: 'a', tuned: 'b' } as const;

/** @param also what is asked too */
export function setCast(
  open: PromptSet,
  dataset: Dataset | null,
  sample: SampleSet | null,
  { also = null, longest = null }: { readonly also?: Choice | null; readonly longest?: number | null } = {},
): Cast {
  const asking = { set: open, dataset, longest };
  const hasAnswers = generates(open.kind) || open.words.length > 0;
  const found = hasAnswers ? [...usualPlayers(asking), ...(also ? [extraPlayer(asking, also)] : [])] : [];
  const players = found.flatMap((each) => (each.ok ? [each.value] : []));
  const columns = columnsOf(players);
  const isSample = sample !== null && open.datasetName === sample.csv.fileName;
  return {
    players,
    labels: namedLabels(open),
    columns,
    examplesKey: `examples:${open.id}`,
    examples: isSample && columns.length === 0 ? sample.examples : validationExamples(dataset, columns),
    shipped: null,
    trouble: found.flatMap((each) => (each.ok ? [] : [each.error.message]))[0] ?? null,
  };
}

/** Without the one that stands for none. */
function namedLabels(set: PromptSet): readonly string[] {
  const labels = set.words.map(({ label }) => label);
  return labels.at(-1) === NO_LABEL ? labels.slice(0, -1) : labels;
}

const columnsOf = (players: readonly Player[]): readonly string[] => [
  ...new Set(
    players.flatMap(({ plan: { asked, fallback } }) =>
      [asked, fallback].flatMap((of) =>
        of ? textsOf(of.prompt).flatMap(({ template }) => otherColumns(template, TEXT_SLOT)) : [],
      ),
    ),
  ),
];

/** The player before it that asks the very same text. */
export function sameBefore(players: readonly Player[], { id, plan }: Player): Player | null {
  const first = players.find((other) => isSameText(firstOf(other.plan).prompt, firstOf(plan).prompt));
  return first && first.id !== id ? first : null;
}

interface Asking {
  readonly set: PromptSet;
  readonly dataset: Dataset | null;
  readonly longest: number | null;
}

type Found<T> = Result<T, Failure<'not-here'>>;
const not = (why: string): Found<never> => fail('not-here', why);

/** A version as a typed text is asked: its examples are in its texts. */
function played({ dataset, longest }: Asking, of: Version, name: string): Found<Version> {
  try {
    const prompt = wholePrompt(of.prompt, dataset);
    const task = 'longest' in prompt.task ? { ...prompt.task, longest } : prompt.task;
    return ok({ ...of, prompt: { ...prompt, task } });
  } catch (cause) {
    return not(`${name} cannot be asked here. ${asStudioError(cause).message}`);
  }
}

const usualPlayers = (asking: Asking): readonly Found<Player>[] =>
  armsOf(asking.set).arms.flatMap(({ id, name, version }) => {
    if (id !== 'untuned' && id !== 'yours' && id !== 'tuned') return [];
    const found = played(asking, version, name);
    return [found.ok ? ok({ id, name, title: TITLES[id], side: SIDES[id], plan: alone(found.value) }) : found];
  });

/** The chosen stage or version; another one in its place only as the policy of the set says. */
function extraPlayer(asking: Asking, choice: Choice): Found<Player> {
  const { set } = asking;
  const stage = choice.kind === 'stage' ? choice.stage : null;
  const found = stage === null ? null : resolveStage(set, stage);
  if (found && !found.ok) return not(found.error.message);
  const of = choice.kind === 'version' ? versionById(set, choice.id) : found?.value;
  if (!of) return not('This version is no longer in the library. Choose another one.');
  const asked = fitting(asking, of);
  if (!asked.ok) return asked;
  const { policy } = set;
  const other = stage !== null && policy && policy.kind !== 'as-asked' ? fallbackFor(set, stage) : null;
  const fallback = other && fitting(asking, other);
  if (fallback && !fallback.ok) return fallback;
  const own = alone(asked.value, null, set.handle);
  const plan = fallback && policy ? { ...own, fallback: fallback.value, policy } : own;
  const title = stage === null ? versionWords(of) : `${stage}: ${versionWords(of)}`;
  return ok({ id: 'extra', name: title, title, side: isText(of.prompt) ? 'a' : 'b', plan });
}

const fallbackFor = (set: PromptSet, stage: string): Version | null =>
  chosenWritten(set) ? findVersions([set], { handle: set.handle, stage }, 'fallback').fallback : null;

/** A version that answers with the labels of the set. */
function fitting(asking: Asking, of: Version): Found<Version> {
  const name = versionWords(of);
  return contentKey(labelsOf(of.prompt)) === contentKey(labelsOf({ task: taskOf(asking.set) }))
    ? played(asking, of, name)
    : not(`${name} was made for other labels than this prompt set has now. Use Batch to run it.`);
}

/** Vectors only work with the weights they were trained on. */
export function shippedCast(tuned: Version, sample: SampleSet | null, loadedSha256: string | null): Cast {
  const { model, prompt } = tuned;
  const fits = loadedSha256 === null || loadedSha256 === model?.sha256;
  const plan = alone(withoutVectors(tuned));
  const untuned: Player = { id: 'untuned', name: 'Untuned', title: TITLES.untuned, side: 'ref', plan };
  const { name } = tuned;
  return {
    players: fits ? [untuned, { id: 'tuned', name, title: name, side: 'b', plan: alone(tuned) }] : [untuned],
    labels: labelsOf(prompt),
    columns: [],
    examplesKey: 'examples:shipped',
    examples: sample ? [{ fields: { text: sample.example }, right: null }, ...sample.examples] : [],
    shipped: { modelId: model?.id ?? '', fits },
    trouble: null,
  };
}

/** A text to present, or the cells of a row by column where prompts show several, with the text as `text`. */
type Presented = string | Fields;

/** The name under which a kept example has its right label; a column of this name that prompts show has the cell instead. */
const RIGHT = 'right answer';

function exampleOf(kept: Presented, columns: readonly string[]): Example {
  if (typeof kept === 'string') return { fields: { text: kept }, right: null };
  if (columns.includes(RIGHT)) return { fields: kept, right: null };
  const { [RIGHT]: right = null, ...fields } = kept;
  return { fields, right };
}

/** The row as the prompts see it: a text alone, or with the cells of the columns that they show. */
export const asAsked = (fields: Fields, columns: readonly string[]): Presented =>
  columns.length === 0 ? (fields.text ?? '') : cellsIn(fields, ['text', ...columns]);

export const cellsIn = (row: Fields, columns: readonly string[]): Fields =>
  Object.fromEntries(columns.map((column) => [column, row[column] ?? '']));

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
    const right = labelAt(row) === null ? null : labelOf(row, dataset.mapping);
    return [{ fields: { ...cellsIn(row.cells, columns), text: textOf(row, dataset.mapping) }, right }];
  });
}

export interface CastKey {
  readonly setId: string | null;
  /** The open set and its rows, each as it is: another one after any change. */
  readonly set: PromptSet | null;
  readonly dataset: Dataset | null;
  /** What is asked too: a version by its id, or a stage. */
  readonly version: string | null;
  readonly stage: string | null;
  readonly model: string | null;
}

type Open = Pick<PromptSetsState, 'set' | 'dataset'>;

export const castKey = ({ set, dataset }: Open, also: Choice | null, model: string | null): CastKey => ({
  setId: set?.id ?? null,
  set,
  dataset,
  model,
  version: set && also?.kind === 'version' ? also.id : null,
  stage: set && also?.kind === 'stage' ? also.stage : null,
});

/** Of the prompt set that a typed handle names, and its stage; null = its usual prompts. */
export const addressedKey = (open: Open, id: string, stage: string | null, model: string | null): CastKey => {
  const { set, dataset } = open.set?.id === id ? open : { set: null, dataset: null };
  return { setId: id, set, dataset, model, version: null, stage };
};

/** The prompts of a prompt set, or, where none is open, the shipped one; null when there is nothing to ask. */
export async function findCast({ services, stores }: Studio, { setId, version, stage }: CastKey): Promise<Cast | null> {
  const open = stores.promptSets.getState();
  const { store } = services;
  const isOther = setId !== null && setId !== open.set?.id;
  const set = isOther ? ((await store.sets.get(setId)) ?? null) : open.set;
  const dataset = isOther ? ((await store.datasets.get(setId))?.dataset ?? null) : open.dataset;
  const choice = version === null ? null : { kind: 'version' as const, id: version };
  const also = stage === null ? choice : { kind: 'stage' as const, stage };
  const sample = await services.loadSample().catch(() => null);
  const cast = set ? await castOfSet(set) : await castOfShipped();
  if (!cast || cast.players.length === 0) return null;
  const kept = await store.settings.get<readonly Presented[]>(cast.examplesKey);
  return kept ? { ...cast, examples: kept.map((each) => exampleOf(each, cast.columns)) } : cast;

  async function castOfSet(open: PromptSet): Promise<Cast> {
    if (!generates(open.kind)) return setCast(open, dataset, sample, { also });
    await stores.session.getState().tokenizerReady();
    return setCast(open, dataset, sample, { also, longest: await longestAnswer(open) });
  }
  async function longestAnswer(open: PromptSet): Promise<number> {
    if (open.longest !== null) return open.longest;
    return dataset ? (await services.workflow.call('targetLengths', { dataset })).longest : FALLBACK_TOKENS;
  }
  async function castOfShipped(): Promise<Cast | null> {
    const shipped = await services.loadShippedPrompt().catch(() => null);
    const { model } = stores.session.getState();
    return shipped && shippedCast(shipped, sample, model.kind === 'ready' ? model.info.sha256 : null);
  }
}
