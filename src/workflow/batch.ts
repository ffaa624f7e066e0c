/** A file of rows, answered by one version: in pieces that can be stopped and continued, and then made into a file. */

import { allUsed, without } from '../dataset/account';
import {
  type AnswersFile,
  answersFile,
  isUnsure,
  type LabelAnswers,
  type LabelScore,
  type TagAnswers,
  type TextAnswers,
  toCsv,
} from '../dataset/csv-out';
import { rowsOf, textKey, textKeyOf } from '../dataset/labels';
import { namedTags } from '../dataset/tags';
import { type AnswersWith, generates, TASK_FACTS } from '../dataset/task-facts';
import type { Dataset, Row, RowAccount } from '../dataset/types';
import { present } from '../lib/assert';
import { type Control, throwIfInterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { argmax } from '../metrics/classification';
import { leastSure, likelyTags } from '../metrics/tags';
import { labelsOf, type Prompt, textsOf } from '../prompt/prompt';
import { firstOf, type Planned } from '../prompt-set/planned';
import type { Version } from '../prompt-set/types';
import { ofKind, type RowAnswer, roomFor, tableSource } from '../route/answering';
import { GENERATED_TOKEN } from '../route/generated-texts';
import { countWords, createCounts, type Route, type Routed, type Share } from '../route/policy';
import { createRouter } from '../route/router';
import { labelTokens } from '../tokens/tokenizer';
import type { Host, Run } from './host';
import { FIRST_ROWS, openFile } from './rows-file';
import { sharedStart } from './run-rows';

export interface Piece extends Pick<Routed, 'answers' | 'leftOut'> {
  readonly done: number;
  readonly rowsPerSecond: number;
  readonly secondsLeft: number | null;
}

const FIRST_PIECE = 8;
const MOST_ROWS = 256;
/** A rate over less than this says nothing about the time left. */
const SETTLED_SECONDS = 1;

/** A piece takes about this long: what a stop may lose. Texts are generated many side by side, a few times as fast. */
const PIECE_SECONDS = 1.5;
const TEXTS_SECONDS = 8;

/**
 * Answers the rows of a route from one place on, in pieces that grow or shrink until one takes about as long as it should.
 * @throws StudioError `bad-input` when the vectors belong to other weights; `cancelled`; and as the engine. The pieces that
 * were given before stay valid.
 */
export async function* answered(
  { total, version, answer }: Route,
  from: number,
  control: Control,
): AsyncGenerator<Piece, void> {
  const seconds = generates(version.prompt.task.kind) ? TEXTS_SECONDS : PIECE_SECONDS;
  const startedAt = performance.now();
  let size = FIRST_PIECE;
  for (let done = from; done < total; ) {
    throwIfInterrupted(control);
    const pieceAt = performance.now();
    const count = Math.min(size, total - done);
    const { answers, leftOut } = await answer(done, count, control);
    done += count;
    const elapsed = (performance.now() - startedAt) / 1000;
    const rowsPerSecond = (done - from) / Math.max(elapsed, 1e-3);
    const secondsLeft = elapsed < SETTLED_SECONDS ? null : (total - done) / rowsPerSecond;
    yield { done, answers, leftOut, rowsPerSecond, secondsLeft };
    const took = (performance.now() - pieceAt) / 1000;
    size = Math.max(1, Math.min(MOST_ROWS, 2 * count, Math.round((count * seconds) / Math.max(took, 1e-3))));
  }
}

export type RowOutcome =
  | { readonly kind: 'label'; readonly label: string; readonly confidence: number; readonly needsReview: boolean }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'left-out'; readonly reason: string };

export interface BatchProgress {
  readonly done: number;
  readonly total: number;
  readonly rowsPerSecond: number;
  readonly secondsLeft: number | null;
  /** Answers for each label so far, in the order of the labels; empty where texts are generated. */
  readonly counts: readonly number[];
  readonly unsure: number;
  readonly account: RowAccount;
  readonly routed: string;
  readonly first: readonly (RowOutcome | null)[];
}

/** `answers` and `leftOut`: of the rows since the event before. */
export interface BatchEvent extends Pick<Piece, 'answers' | 'leftOut'> {
  readonly progress: BatchProgress;
}

export interface BatchRequest {
  readonly plan: Planned;
  readonly text: string;
  /** Left out: the version in question answers all. */
  readonly share?: Share | undefined;
  /** Rows that are answered already: 0 starts from scratch, the number that a stopped batch had answered continues it. */
  readonly from: number;
}

/** All answers so far, packed: a file may have hundreds of thousands of rows. */
interface Answers {
  readonly add: (answer: RowAnswer) => RowOutcome;
  readonly counts: () => readonly number[];
  readonly unsure: () => number;
  readonly output: (each: LabelScore | 'nothing') => LabelAnswers | TagAnswers | TextAnswers;
}

function labelAnswers(labels: readonly string[], rows: number, threshold: number | null): Answers {
  const predictions = new Int32Array(rows).fill(-1);
  const confidences = new Float32Array(rows);
  const all = new Float32Array(rows * labels.length);
  const counts = labels.map(() => 0);
  let unsure = 0;
  return {
    add: (answer) => {
      const { index, probabilities } = ofKind('classify', answer);
      const best = argmax(probabilities);
      const confidence = probabilities[best] as number;
      predictions[index] = best;
      confidences[index] = confidence;
      all.set(probabilities, index * labels.length);
      counts[best] = (counts[best] as number) + 1;
      const needsReview = isUnsure(confidence, threshold);
      if (needsReview) unsure++;
      return { kind: 'label', label: labels[best] as string, confidence, needsReview };
    },
    counts: () => [...counts],
    unsure: () => unsure,
    output: (each) => ({
      labels,
      predictions,
      confidences,
      threshold,
      each: each === 'nothing' ? null : { as: each, values: all },
    }),
  };
}

/** @param labels without the one that stands for none, which is the last */
function tagAnswers(labels: readonly string[], rows: number): Answers {
  const names = labels.slice(0, -1);
  const values = new Float32Array(rows * names.length).fill(-1);
  const counts = labels.map(() => 0);
  return {
    add: (answer) => {
      const { index, probabilities } = ofKind('tag', answer);
      values.set(probabilities, index * names.length);
      const tags = likelyTags(probabilities);
      for (const place of tags.length > 0 ? tags : [names.length]) counts[place] = (counts[place] as number) + 1;
      const label = namedTags(tags, names);
      return { kind: 'label', label, confidence: leastSure(probabilities), needsReview: false };
    },
    counts: () => [...counts],
    unsure: () => 0,
    output: (each) => ({ tags: names, values, each: each === 'nothing' ? null : each }),
  };
}

function textAnswers(rows: number): Answers {
  const written = new Array<string | null>(rows).fill(null);
  return {
    add: (answer) => {
      const { index, text } = ofKind('generate', answer);
      written[index] = text;
      return { kind: 'text', text };
    },
    counts: () => [],
    unsure: () => 0,
    output: () => ({ written }),
  };
}

const ANSWERS: Readonly<Record<AnswersWith, (prompt: Prompt, rows: number) => Answers>> = {
  label: (prompt, rows) => labelAnswers(labelsOf(prompt), rows, prompt.threshold?.value ?? null),
  labels: (prompt, rows) => tagAnswers(labelsOf(prompt), rows),
  text: (_, rows) => textAnswers(rows),
};

interface Batch {
  readonly total: number;
  readonly answers: Answers;
  readonly leftOut: Map<number, string>;
  account: RowAccount;
  readonly first: (RowOutcome | null)[];
  readonly routes: ReturnType<typeof createCounts>;
  done: number;
}

const BATCH = 'batch';

function freshBatch(host: Host, { prompt }: Version): Batch {
  const { table, made } = openFile(host);
  const total = table.rows.length;
  const batch: Batch = {
    total,
    answers: ANSWERS[TASK_FACTS[prompt.task.kind].answersWith](prompt, total),
    leftOut: new Map(),
    account: without(allUsed(total + table.rejected.length), 'unreadable', table.rejected.length),
    first: new Array<null>(Math.min(FIRST_ROWS, total)).fill(null),
    routes: createCounts(),
    done: 0,
  };
  made.set(BATCH, batch);
  return batch;
}

/** @throws StudioError `bad-input` when the answers are gone, as when the worker had to be restarted */
function batchOf(host: Host): Batch {
  const batch = openFile(host).made.get(BATCH) as Batch | undefined;
  if (!batch) throw badInput('These answers are gone. Answer the file again.');
  return batch;
}

function add(batch: Batch, { done, answers, leftOut, rowsPerSecond, secondsLeft }: Piece): BatchProgress {
  const outcomes = [
    ...answers.map((answer) => [answer.index, batch.answers.add(answer)] as const),
    ...leftOut.map(([index, reason]) => [index, { kind: 'left-out', reason }] as const),
  ];
  for (const [index, outcome] of outcomes) if (index < batch.first.length) batch.first[index] = outcome;
  for (const [index, reason, why] of leftOut) {
    batch.leftOut.set(index, reason);
    batch.account = without(batch.account, why, 1);
  }
  batch.routes.add(answers);
  batch.done = done;
  return {
    done,
    total: batch.total,
    rowsPerSecond,
    secondsLeft,
    counts: batch.answers.counts(),
    unsure: batch.answers.unsure(),
    account: without(batch.account, 'waiting', batch.total - done),
    routed: countWords(batch.routes.read()),
    first: [...batch.first],
  };
}

/** Rows of a file whose tokens are counted, spread over it. */
const COUNTED_ROWS = 64;

export async function batchTokens(
  host: Host,
  { plan, text }: Pick<BatchRequest, 'plan' | 'text'>,
  { control }: Run,
): Promise<number> {
  const version = firstOf(plan);
  const { table } = openFile(host);
  const total = table.rows.length;
  const count = Math.min(COUNTED_ROWS, total);
  const rows = Array.from({ length: count }, (_, i) => present(table.rows.at(Math.floor((i * total) / count)), 'row'));
  const { dataset } = plan;
  const source = tableSource(host, version, { columns: table.columns, rows }, { text, label: null }, dataset);
  const { rows: read } = await source.rowsAt(0, count);
  const longest = roomFor(host, version, dataset);
  const requests = textsOf(version.prompt).map(({ words, soft }) => {
    const labels = longest === null ? labelTokens(host.tokens, words) : [];
    return { rows: read, labels, soft, cacheKey: null };
  });
  const tokens = (await host.engine.tokensToRun(requests, control)).reduce((sum, own) => sum + own, 0);
  // what the rows of the whole file begin with is run once
  const once = Math.min(tokens, requests.length * sharedStart(read.map(({ ids }) => ids)));
  const generated = GENERATED_TOKEN * (longest ?? 0) * read.length;
  return once + ((tokens - once + generated) * total) / Math.max(1, count);
}

export async function batch(
  host: Host,
  request: BatchRequest,
  { control, emit }: Run<BatchEvent>,
): Promise<{ readonly done: number }> {
  const { plan, text, from, share } = request;
  const { table } = openFile(host);
  const columns = { text, label: null };
  const route = createRouter({ host, share }).rows(plan, (of, own) => tableSource(host, of, table, columns, own));
  const kept = from === 0 ? freshBatch(host, route.version) : batchOf(host);
  for await (const piece of answered(route, kept.done, control)) {
    const { answers, leftOut } = piece;
    emit({ progress: add(kept, piece), answers, leftOut });
  }
  return { done: kept.done };
}

export interface BatchFileRequest extends Omit<AnswersFile, 'answers' | 'done'> {
  readonly each: LabelScore | 'nothing';
}

const TYPES = { csv: 'text/csv', jsonl: 'application/x-ndjson' } as const;

/** The rows that are answered so far, with their answers, as a file. Made here: a page that makes 40 MB freezes for it. */
export async function batchFile(host: Host, { each, ...how }: BatchFileRequest): Promise<{ readonly file: Blob }> {
  const { columns, rows } = openFile(host).table;
  const { answers, leftOut, done } = batchOf(host);
  const text = answersFile(columns, rows, leftOut, { ...how, done, answers: answers.output(each) });
  return { file: new Blob([text], { type: TYPES[how.format] }) };
}

export async function batchLeftOut(host: Host): Promise<{ readonly file: Blob }> {
  const lines = [...batchOf(host).leftOut].map(([index, reason]) => [index + 1, reason] as const);
  return { file: new Blob([toCsv(['row', 'reason'], lines, { neutralise: true })], { type: TYPES.csv }) };
}

export interface UnsureRow extends Pick<Row, 'line' | 'cells'> {
  readonly index: number;
  readonly text: string;
  readonly answer: string;
  readonly confidence: number;
}

export interface UnsureRequest {
  readonly text: string;
  /** Texts of its rows are not asked about again. */
  readonly dataset: Dataset;
  readonly most: number;
}

/** Smallest lead of the answer over the next label first; of a version with a threshold, rows below it, if any. */
export async function batchUnsure(
  host: Host,
  { text, dataset, most }: UnsureRequest,
): Promise<{ readonly rows: readonly UnsureRow[] }> {
  const { table } = openFile(host);
  const { answers, done } = batchOf(host);
  const output = answers.output('probability');
  if (!('predictions' in output) || !output.each) return { rows: [] };
  const { labels, predictions, confidences, threshold, each } = output;
  const leadOf = (index: number) => {
    const own = Array.from(labels, (_, c) => each.values[index * labels.length + c] as number).sort((a, b) => b - a);
    return (own[0] as number) - (own[1] as number);
  };
  const answered = Array.from({ length: done }, (_, index) => index).filter(
    (index) => (predictions[index] as number) >= 0,
  );
  const below = answered.filter((index) => isUnsure(confidences[index] as number, threshold));
  const ranked = (below.length > 0 ? below : answered)
    .map((index) => ({ index, lead: leadOf(index) }))
    .sort((a, b) => a.lead - b.lead || a.index - b.index);
  const placed = rowsOf(dataset, Object.values(dataset.split).flat());
  const known = new Set(placed.map((row) => textKeyOf(row, dataset.mapping)));
  const rows: UnsureRow[] = [];
  for (const { index } of ranked) {
    if (rows.length === most) break;
    const row = present(table.rows.at(index), 'an answered row');
    const shown = row.cells[text] ?? '';
    if (known.has(textKey(shown))) continue;
    known.add(textKey(shown));
    const answer = labels[predictions[index] as number] as string;
    rows.push({
      index,
      line: row.line,
      cells: row.cells,
      text: shown,
      answer,
      confidence: confidences[index] as number,
    });
  }
  return { rows };
}
