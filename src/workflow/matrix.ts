/**
 * Fills the cells of a matrix that belong to the loaded model: each prompt is asked the test rows of each data set, as the
 * comparison asks them. A cell is given away as soon as it is finished, so that stopping loses one at most. With
 * several models the caller loads one after the other, each once, and asks again.
 */

import { accountOf, without } from '../dataset/account';
import { textHash } from '../dataset/draw';
import { goldOf, labelOf, rowsOf, textOf } from '../dataset/labels';
import type { Dataset, Row, RowAccount, Table } from '../dataset/types';
import { type AnswerDifference, type AnswerSheet, answerDifferences } from '../evaluation/classify/pairs';
import { rowGroups } from '../evaluation/rows';
import { present } from '../lib/assert';
import { throwIfInterrupted } from '../lib/control';
import { badInputIn } from '../lib/errors';
import { labelProbabilities } from '../metrics/calibration';
import type { KnownRows } from '../prompt-set/performance';
import type { MatrixPrompt } from '../prompt-set/ready-prompt';
import {
  cellKeys,
  filledId,
  type MatrixCell,
  type MatrixData,
  rowsKeyOf,
  type Slot,
  scored,
  slotId,
} from '../report/matrix';
import { type RowsColumns, tableSource } from '../route/answering';
import type { TokenRow } from '../tokens/tokenizer';
import { scoredRows } from './compare-arms';
import type { Host, Run, Verb } from './host';
import { knownAmong } from './measure';
import { tokenRows } from './token-rows';
import { cacheKeyOf } from './training-rows';

export interface FillRequest {
  readonly prompts: readonly MatrixPrompt[];
  readonly data: readonly MatrixData[];
  /** Of the cells that are filled already: `filledId`. */
  readonly done: readonly string[];
}

export type FillEvent =
  | { readonly kind: 'cell'; readonly cell: MatrixCell }
  /** Share of the rows that had to be asked, and what is asked now. */
  | { readonly kind: 'progress'; readonly fraction: number; readonly note: string };

interface Open extends Slot {
  readonly key: string;
  readonly of: MatrixPrompt;
  readonly on: MatrixData;
}

/** Why a prompt cannot be asked these rows with this model; null = nothing is known against it. */
function whySkipped(
  { model, words }: Pick<MatrixPrompt, 'model' | 'words'>,
  sha256: string,
  { labels, split }: Pick<Dataset, 'labels' | 'split'>,
): string | null {
  if (model && model.sha256 !== sha256) return `Trained for ${model.id} (${model.dtype})`;
  const known = new Set(words.map(({ label }) => label));
  const unknown = labels.filter((label) => !known.has(label));
  if (unknown.length > 0) return `It does not know the label ${unknown.join(', ')}`;
  return split.test.length === 0 ? 'This data set has no test rows' : null;
}

/** Fills what is missing or stale, prompt by prompt. @throws StudioError `cancelled`, and as the engine; cells that were given away stay valid */
export const fillMatrix: Verb<FillRequest, FillEvent, { readonly filled: number }> = async (host, request, run) => {
  const { sha256 } = host.engine.info;
  const keys = await cellKeys(request.prompts, sha256, request.data);
  const done = new Set(request.done);
  const open = request.data.flatMap((on) =>
    request.prompts.flatMap((of): Open[] => {
      const slot = { prompt: of.id, model: sha256, data: on.id };
      const key = present(keys.get(slotId(slot)), 'key');
      return done.has(filledId({ ...slot, key })) ? [] : [{ ...slot, key, of, on }];
    }),
  );
  const weightOf = ({ of, on }: Open) =>
    whySkipped(of, sha256, on.dataset) === null ? on.dataset.split.test.length * Math.max(1, of.softs.length) : 0;
  const all = open.reduce((sum, cell) => sum + weightOf(cell), 0);
  let before = 0;
  for (const cell of open) {
    throwIfInterrupted(run.control);
    const note = `${cell.of.name}, on ${cell.on.name}`;
    const weight = weightOf(cell);
    const tell = (share: number) =>
      run.emit({ kind: 'progress', fraction: (before + weight * share) / Math.max(1, all), note });
    tell(0);
    run.emit({ kind: 'cell', cell: await filled(host, cell, run, tell) });
    tell(1);
    before += weight;
  }
  return { filled: open.length };
};

/** A prompt that these rows do not fit is no failure of the others. */
async function filled(
  host: Host,
  { of, on, ...slot }: Open,
  { control }: Run<FillEvent>,
  tell: (share: number) => void,
): Promise<MatrixCell> {
  const why = whySkipped(of, slot.model, on.dataset);
  if (why !== null) return { ...slot, skipped: why, answers: null };
  let asked: Asked;
  try {
    asked = await askedRows(host, of, on.dataset, control);
  } catch (cause) {
    return { ...slot, skipped: badInputIn(cause), answers: null };
  }
  const { rows, leftOut } = asked;
  if (rows.length === 0) return { ...slot, skipped: 'No test row fits the model with this prompt', answers: null };
  const cacheKey = of.softs.length === 0 ? null : cacheKeyOf(on.dataset.fingerprint, of.prompt.template);
  const found = await scoredRows(host, of, { rows, dataset: on.dataset, cacheKey }, control, tell);
  const ids = found.map(({ rowId }) => rowId);
  const labels = of.words.map(({ label }) => label);
  const gold = goldOf(on.dataset, ids).map((index) => labels.indexOf(on.dataset.labels[index] as string));
  const answers = scored({
    labels,
    rowIds: ids,
    rowsKey: await rowsKeyOf(on.dataset),
    gold,
    probabilities: found.map(({ logProbs }) => labelProbabilities(logProbs, of.meanLogProbs)),
    groups: rowGroups(on.dataset, ids) ?? null,
    seed: on.dataset.seed,
    tokensSentMean: found.reduce((sum, { tokensSent }) => sum + tokensSent, 0) / found.length,
    leftOut,
    known: knownRows(of, on.dataset, ids),
    threshold: of.threshold,
  });
  return { ...slot, skipped: null, answers };
}

interface Asked {
  readonly rows: readonly TokenRow[];
  readonly leftOut: number;
}

/** Test rows under a prompt: of its own data set as the comparison renders them, of another one as Batch does. */
async function askedRows(host: Host, of: MatrixPrompt, data: Dataset, control: Run['control']): Promise<Asked> {
  const { prompt, words, dataset: own } = of;
  const isOwn =
    own?.fingerprint === data.fingerprint &&
    own.splitHash === data.splitHash &&
    words.length === data.labels.length &&
    words.every(({ label }, i) => label === data.labels[i]);
  if (isOwn) {
    const { rows, tooLong } = await tokenRows(host, { dataset: data, prompt, words, split: data.split.test }, control);
    return { rows, leftOut: tooLong.length };
  }
  return renderedRows(host, of, { ...data.table, rows: rowsOf(data, 'test') }, data.mapping);
}

/** Rows of any table under a prompt, by their ids. @param columns `label` null = their labels are not read */
async function renderedRows(
  host: Host,
  { prompt, words, dataset }: Pick<MatrixPrompt, 'prompt' | 'words' | 'dataset'>,
  table: Pick<Table, 'columns'> & { readonly rows: readonly Row[] },
  columns: RowsColumns,
): Promise<Asked> {
  const task = { kind: 'classify', calibration: null } as const;
  const version = { task, prompt, words, soft: null, model: null, dataset };
  const { rows, leftOut } = await tableSource(host, version, table, columns).rowsAt(0, table.rows.length);
  return {
    rows: rows.map((row) => ({ ...row, rowId: present(table.rows[Number(row.rowId)], row.rowId).id })),
    leftOut: leftOut.length,
  };
}

/** Whether a row's text is among the hashed ones. @param hashes `textHash` of texts, one after the other */
export function isHashed(hashes: string, { mapping }: Pick<Dataset, 'mapping'>): (row: Row) => boolean {
  const known = new Set(hashes.match(/.{8}/g));
  return (row) => known.has(textHash(row, mapping));
}

/** Answered rows that the prompt was trained on or takes examples from; null where nobody can say. */
function knownRows({ seen, dataset }: MatrixPrompt, on: Dataset, ids: readonly string[]): KnownRows | null {
  if (seen === null) return null;
  const rows = rowsOf(on, ids);
  if ('hashes' in seen) return { same: rows.filter(isHashed(seen.hashes, on)).length, almost: 0, isSure: true };
  const texts = rows.map((row) => textOf(row, on.mapping));
  return knownAmong(
    { dataset, seen },
    texts,
    rows.map((row) => labelOf(row, on.mapping)),
  );
}

/** The rows of a data set that every prompt could answer. */
export function answeredRows({ id, dataset }: MatrixData, cells: readonly MatrixCell[]): RowAccount {
  const { test } = dataset.split;
  const asked = cells.flatMap(({ data, answers }) => (data === id && answers ? [new Set(answers.rowIds)] : []));
  if (asked.length === 0) return without(accountOf(dataset), 'waiting', test.length);
  const fit = test.filter((row) => asked.every((rows) => rows.has(row)));
  return without(accountOf(dataset), 'long', test.length - fit.length);
}

/**
 * Compares pairs of cells in the host: with groups, or with thousands of rows, it takes too long for a page.
 * @param request `onShow`: of `pairsOnShow`
 */
export const compareCells: Verb<
  { readonly pairs: readonly (readonly [AnswerSheet, AnswerSheet])[]; readonly onShow: number },
  never,
  readonly AnswerDifference[]
> = async (_host, { pairs, onShow }) => answerDifferences(pairs, { onShow });
