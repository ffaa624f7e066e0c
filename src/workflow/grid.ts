/**
 * Fills the cells of a grid that belong to the loaded model: each prompt is asked the test rows of each data set, as the
 * comparison asks them. A cell is given away as soon as it is finished, so that stopping loses one at most. With
 * several models the caller loads one after the other, each once, and asks again.
 */

import { accountOf, allUsed, without } from '../dataset/account';
import { textHash } from '../dataset/draw';
import { besideKnown, type RowsBeside } from '../dataset/families';
import { rowsOf, targetOf, textKeyOf } from '../dataset/labels';
import { nearTwins } from '../dataset/near-twins';
import { generates } from '../dataset/task-facts';
import type { Dataset, LeftOutReason, Row, RowAccount } from '../dataset/types';
import { compareTexts } from '../evaluation/generate/compare';
import { rowGroups } from '../evaluation/rows';
import { type AnswerDifference, answerDifferences, sheetScores } from '../evaluation/sheets';
import type { AnswerSheet } from '../evaluation/types';
import { present } from '../lib/assert';
import { type Control, throwIfInterrupted } from '../lib/control';
import { badInputIn } from '../lib/errors';
import { firstText, labelsOf, type Prompt, softOf, textsOf } from '../prompt/prompt';
import { tokensAdded } from '../prompt/soft-prompt';
import { type KnownRows, type Said, scored, type Unscored } from '../prompt-set/answers';
import { testRowsKey } from '../prompt-set/performance';
import {
  filledId,
  type GridCell,
  type GridData,
  type GridRow,
  type PlannedCell,
  plannedCells,
  rowsKeyOf,
  whySkipped,
} from '../report/grid';
import { answerFrom, roomFor, tableSource } from '../route/answering';
import { generateTexts } from '../route/generated-texts';
import type { TokenRow } from '../tokens/tokenizer';
import { ask, textRows } from './ask';
import type { Host, Run, Verb } from './host';
import { cacheKeyOf } from './training-rows';

export interface FillRequest {
  readonly prompts: readonly GridRow[];
  readonly data: readonly GridData[];
  /** Of the cells that are filled already: `filledId`. */
  readonly done: readonly string[];
}

export type FillEvent =
  /** `said`: all that can be kept of it; null where nothing was asked. */
  | { readonly kind: 'cell'; readonly cell: GridCell; readonly said: Said | null }
  /** Share of the rows that had to be asked, and what is asked now. */
  | { readonly kind: 'progress'; readonly fraction: number; readonly note: string };

interface Open extends PlannedCell {
  readonly dataset: Dataset;
}

/** Fills what is missing or stale, prompt by prompt. @throws StudioError `cancelled`, and as the engine; cells that were given away stay valid */
export const fillGrid: Verb<FillRequest, FillEvent, { readonly filled: number }> = async (host, request, run) => {
  const { sha256 } = host.engine.info;
  const done = new Set(request.done);
  const planned = await plannedCells(request.prompts, sha256, request.data);
  const open = planned.flatMap((cell): Open[] => {
    const { dataset } = cell.on;
    return dataset === null || done.has(filledId(cell)) ? [] : [{ ...cell, dataset }];
  });
  const weightOf = ({ of, on, dataset }: Open) =>
    whySkipped(of.version, sha256, dataset, on.isFile) === null
      ? dataset.split.test.length * textsOf(of.version.prompt).length
      : 0;
  const all = open.reduce((sum, cell) => sum + weightOf(cell), 0);
  let before = 0;
  for (const cell of open) {
    throwIfInterrupted(run.control);
    const note = `${cell.of.name}, on ${cell.on.name}`;
    const weight = weightOf(cell);
    const tell = (share: number) =>
      run.emit({ kind: 'progress', fraction: (before + weight * share) / Math.max(1, all), note });
    tell(0);
    run.emit({ kind: 'cell', ...(await filled(host, cell, run, tell)) });
    tell(1);
    before += weight;
  }
  return { filled: open.length };
};

/** A prompt that these rows do not fit is no failure of the others. */
async function filled(
  host: Host,
  { of, on, dataset, ...slot }: Open,
  { control }: Run<FillEvent>,
  tell: (share: number) => void,
): Promise<Pick<Extract<FillEvent, { readonly kind: 'cell' }>, 'cell' | 'said'>> {
  const skip = (skipped: string) => ({ cell: { ...slot, skipped, answers: null }, said: null });
  const why = whySkipped(of.version, slot.model, dataset, on.isFile);
  if (why !== null) return skip(why);
  let asked: Asked;
  try {
    asked = await askedRows(host, of, dataset, control);
  } catch (cause) {
    return skip(badInputIn(cause));
  }
  if (asked.rows.length === 0) return skip('No test row fits the model with this prompt');
  const said = await saidBy(host, { of, on, dataset }, asked, control, tell);
  return { cell: { ...slot, skipped: null, answers: said.answers }, said };
}

/** Of the rows that were answered: their ids, with what a sheet of this kind has of them. */
type Answer = (
  host: Host,
  at: Pick<Open, 'of' | 'on' | 'dataset'>,
  rows: readonly TokenRow[],
  control: Control,
  tell: (share: number) => void,
) => Promise<Pick<Unscored, 'rowIds' | 'tokensSentMean' | 'unsure'> & object>;

/** As a sheet has them. @param rows with their own labels */
export function labelAnswers(
  prompt: Prompt,
  logProbs: readonly (readonly number[])[],
  rows: readonly Pick<TokenRow, 'label' | 'tags'>[],
) {
  const cuts = prompt.calibration?.meanLogProbs ?? null;
  const answers = logProbs.map((own, i) => present(answerFrom(prompt, own, cuts, rows[i]), 'answer'));
  const probabilities = answers.map((answer) => answer.probabilities);
  return {
    labels: labelsOf(prompt).slice(0, probabilities[0]?.length),
    gold: answers.map(({ gold }) => present(gold, 'label')),
    probabilities,
  };
}

const byLabels: Answer = async (host, { of, dataset }, rows, control, tell) => {
  const { prompt } = of.version;
  const cacheKey = softOf(prompt) ? cacheKeyOf(dataset.fingerprint, firstText(prompt).template) : null;
  const { rows: found } = await ask(host, prompt, { rows, dataset, cacheKey }, control, tell);
  const byId = new Map(rows.map((row) => [row.rowId, row]));
  const asked = found.map(({ rowId }) => present(byId.get(rowId), rowId));
  const said = labelAnswers(
    prompt,
    found.map(({ logProbs }) => logProbs),
    asked,
  );
  const { threshold } = prompt;
  return {
    rowIds: found.map(({ rowId }) => rowId),
    ...said,
    tokensSentMean: found.reduce((sum, { tokensSent }) => sum + tokensSent, 0) / found.length,
    unsure: threshold && said.probabilities.filter((row) => Math.max(...row) < threshold.value).length,
  };
};

const byTexts: Answer = async (host, { of, dataset }, rows, control, tell) => {
  const soft = softOf(of.version.prompt);
  const request = { rows, soft, cacheKey: null, longest: roomFor(host, of.version, of.dataset) ?? 0 };
  const found = await generateTexts(host, request, control, (done) => tell(done / rows.length));
  const rowIds = found.map(({ rowId }) => rowId);
  const wanted = wantedOf(dataset, rowIds);
  const scores = found.map(({ rowId, target }) => present(target, `score of row ${rowId}`));
  const written = found.map(({ text }) => text);
  const arm = { id: 'asked', name: 'asked', kind: 'untuned', written, scores, tokensSentMean: 0 } as const;
  const groups = rowGroups(dataset, rowIds);
  const plan = { rowIds, wanted, arms: [arm], pairs: [], looks: 1, seed: dataset.seed, ...(groups && { groups }) };
  const { metrics, rows: closeness } = present(compareTexts(plan).arms[0], 'the one prompt');
  const sent = rows.reduce((sum, { ids }) => sum + ids.length, 0) / rows.length;
  return { rowIds, metrics, rows: closeness, tokensSentMean: sent + tokensAdded(soft), unsure: null };
};

const wantedOf = (dataset: Dataset, ids: readonly string[]) =>
  rowsOf(dataset, ids).map((row) => targetOf(row, dataset.mapping));

async function saidBy(
  host: Host,
  at: Pick<Open, 'of' | 'on' | 'dataset'>,
  asked: Asked,
  control: Control,
  tell: (share: number) => void,
) {
  const { of, on, dataset } = at;
  const { kind } = of.version.prompt.task;
  const found = await (generates(kind) ? byTexts : byLabels)(host, at, asked.rows, control, tell);
  const { rowIds } = found;
  const rowsKey = await rowsKeyOf(dataset);
  const answers = scored({
    kind,
    rowsKey,
    groups: rowGroups(dataset, rowIds) ?? null,
    seed: dataset.seed,
    leftOut: asked.leftOut.length,
    known: knownRows(of, dataset, rowIds),
    ...found,
  } as Unscored);
  const [gold, labels] =
    'labels' in answers ? [sheetScores(answers).gold, answers.labels] : [wantedOf(dataset, rowIds), []];
  const fingerprint = on.isFile ? rowsKey : testRowsKey(rowIds, gold, labels);
  const read = on.isFile ? accountOf(dataset) : allUsed(dataset.split.test.length);
  const account = asked.leftOut.reduce((all, why) => without(all, why, 1), read);
  const beside = on.isFile && of.dataset ? besideParts(of.dataset, rowsOf(dataset, rowIds), dataset.mapping) : null;
  return { answers, fingerprint, account, beside };
}

/** Which rows say what a row of the prompt's own data set says: its parts trained, chose and tested prompts. */
const besideParts = (own: Dataset, rows: readonly Row[], { text, label }: Dataset['mapping']): RowsBeside =>
  besideKnown(renamed(rows, { text, label }, own), rowsOf(own, Object.values(own.split).flat()), own.mapping);

const renamed = (
  rows: readonly Row[],
  { text, label }: Pick<Dataset['mapping'], 'text' | 'label'>,
  { mapping }: Dataset,
): readonly Row[] =>
  rows.map(({ cells, ...row }) => ({
    ...row,
    cells: { [mapping.text]: cells[text] ?? '', [mapping.label]: cells[label] ?? '' },
  }));

interface Asked {
  readonly rows: readonly TokenRow[];
  readonly leftOut: readonly LeftOutReason[];
}

/** Test rows under a prompt: of its own data set as the comparison renders them, of another one as Batch does. */
async function askedRows(host: Host, of: GridRow, data: Dataset, control: Control): Promise<Asked> {
  const { version, dataset: own } = of;
  const labels = labelsOf(version.prompt);
  const isOwn =
    own?.fingerprint === data.fingerprint &&
    own.splitHash === data.splitHash &&
    labels.length === data.labels.length &&
    labels.every((label, i) => label === data.labels[i]);
  if (isOwn) {
    const asked = { dataset: data, split: data.split.test, room: roomFor(host, version, own) ?? undefined };
    const { rows, tooLong } = await textRows(host, version.prompt, asked, control);
    return { rows, leftOut: tooLong.map(() => 'long') };
  }
  const tested = rowsOf(data, 'test');
  const source = tableSource(host, version, { ...data.table, rows: tested }, data.mapping, own);
  const { rows, leftOut } = await source.rowsAt(0, tested.length);
  return {
    rows: rows.map((row) => ({ ...row, rowId: present(tested[Number(row.rowId)], row.rowId).id })),
    leftOut: leftOut.map(([, , why]) => why),
  };
}

/** Whether a row's text is among the hashed ones. @param hashes `textHash` of texts, one after the other */
export function isHashed(hashes: string, { mapping }: Pick<Dataset, 'mapping'>): (row: Row) => boolean {
  const known = new Set(hashes.match(/.{8}/g));
  return (row) => known.has(textHash(row, mapping));
}

/** Answered rows that the prompt was trained on or takes examples from; null where nobody can say. */
function knownRows({ seen, dataset: own }: GridRow, on: Dataset, ids: readonly string[]): KnownRows | null {
  if (seen === null) return null;
  const rows = rowsOf(on, ids);
  if ('hashes' in seen) return { same: rows.filter(isHashed(seen.hashes, on)).length, almost: 0, isSure: true };
  if (seen.parts.length === 0) return { same: 0, almost: 0, isSure: true };
  if (!own) return null;
  const learned = seen.parts.flatMap((part) => rowsOf(own, part));
  const keys = new Set(learned.map((row) => textKeyOf(row, own.mapping)));
  const asked = renamed(rows, on.mapping, own);
  const unlike = asked.filter((row) => !keys.has(textKeyOf(row, own.mapping)));
  const { asked: almost } = nearTwins(unlike, learned, own.mapping);
  return { same: asked.length - unlike.length, almost: almost.length, isSure: seen.isSure };
}

export function answeredRows(id: string, dataset: Dataset, cells: readonly GridCell[]): RowAccount {
  const { test } = dataset.split;
  const asked = cells.flatMap(({ data, answers }) => (data === id && answers ? [new Set(answers.rowIds)] : []));
  if (asked.length === 0) return without(accountOf(dataset), 'waiting', test.length);
  const fit = test.filter((row) => asked.every((rows) => rows.has(row)));
  return without(accountOf(dataset), 'long', test.length - fit.length);
}

/** In the host: with groups it takes too long for a page. @param request `onShow`: of `pairsOnShow` */
export const compareCells: Verb<
  { readonly pairs: readonly (readonly [AnswerSheet, AnswerSheet])[]; readonly onShow: number },
  never,
  readonly AnswerDifference[]
> = async (_host, { pairs, onShow }) => answerDifferences(pairs, { onShow });
