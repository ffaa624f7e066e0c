/** The one way from rows to the answers of a version: its prompt, its vectors, its answer words and its calibration. */

import type { LeftOutReason, Table, TaskKind } from '../dataset/types';
import type { ModelInfo, ScoreRequest, ScoreResult, WrittenRow } from '../engine/types';
import type { Control } from '../lib/control';
import { badInput, type StudioError } from '../lib/errors';
import { counted } from '../lib/format';
import { unwrap } from '../lib/result';
import { labelProbabilities, meanAnswers, mixedAnswers } from '../metrics/calibration';
import { wordAnswers } from '../metrics/logistic';
import type { AnsweringTask, AnsweringVersion } from '../prompt-set/ready-prompt';
import { type BatchRenderer, openBatch } from '../task/batch';
import { type Fields, otherColumns, TEXT_SLOT } from '../task/template';
import { encodeRow, labelTokens, RESERVED_TOKENS, type TokenRow, targetIds } from '../tokens/tokenizer';
import { generateTexts, longestAnswer, type TokenHost, type WritingHost } from './generated-texts';

/** What answering needs from outside: a loaded model with its tokenizer. Hosts of the workflow have it. */
export interface AnsweringHost extends WritingHost {
  readonly engine: WritingHost['engine'] & {
    readonly info: Pick<ModelInfo, 'id' | 'dtype' | 'sha256'>;
    score(request: ScoreRequest, control: Control, onProgress?: (rowsDone: number) => void): Promise<ScoreResult>;
  };
}

interface Answers {
  readonly classify: {
    readonly kind: 'classify';
    readonly index: number;
    /** Index of the row's own label, where it has one. */
    readonly gold: number | null;
    readonly probabilities: readonly number[];
    /** That the model read, virtual ones included. */
    readonly tokens: number;
  };
  readonly generate: {
    readonly kind: 'generate';
    readonly index: number;
    readonly text: string;
    /** Loss of the expected text, where the row has one. */
    readonly target: WrittenRow['target'];
    readonly tokens: number;
  };
}

/** The answer to one row, named by its place among the rows. */
export type RowAnswer<K extends TaskKind = TaskKind> = Answers[K];

export type LeftOut = readonly (readonly [index: number, reason: string, why: LeftOutReason])[];

/** Rows as tokens, by their places, and the rows that cannot be answered. */
export interface RowSource {
  readonly total: number;
  /** The cell of a row; null = its text. Left out: only what is measured has none. */
  readonly cellAt?: (index: number, column: string | null) => string;
  readonly rowsAt: (
    from: number,
    count: number,
  ) => Promise<{ readonly rows: readonly TokenRow[]; readonly leftOut: LeftOut }>;
}

/** A row as tokens; `said` is its text without a prompt, where words are counted too. */
type AskedRow = TokenRow & { readonly said?: string };

/** Most tokens of this version's answers; null where it chooses a label. */
export const roomFor = (host: TokenHost, { task, dataset }: AnsweringVersion): number | null =>
  task.kind === 'generate' ? longestAnswer(host, task.longest, dataset) : null;

/** Columns of a table; `label`: of labels or expected texts, where answers are to be checked. */
export interface RowsColumns {
  readonly text: string;
  readonly label: string | null;
}

/** The rows of a table under a version's prompt. @throws StudioError `bad-input` when the prompt cannot be used on it */
export function tableSource(
  host: TokenHost,
  version: AnsweringVersion,
  table: Pick<Table, 'columns' | 'rows'>,
  { text, label }: RowsColumns,
): RowSource {
  const { prompt, words, dataset, together } = version;
  const longest = roomFor(host, version);
  const how = { prompt, words, text, label, ...(longest === null ? {} : { longest }) };
  const others = together?.texts ?? [];
  const render = unwrap(openBatch(table, { ...how, others, dataset: prompt.shots > 0 ? dataset : null }));
  const said = (row: TokenRow): AskedRow => ({ ...row, said: table.rows.at(Number(row.rowId))?.cells[text] ?? '' });
  return {
    total: table.rows.length,
    cellAt: (index, column) => table.rows.at(index)?.cells[column ?? text] ?? '',
    rowsAt: async (from, count) => {
      const rendered = render(table.rows.slice(from, from + count), from);
      const { rows, leftOut } = tokenised(host, rendered, prompt.chat ?? false, longest ?? 0);
      return { rows: together?.words ? rows.map(said) : rows, leftOut };
    },
  };
}

/**
 * Rows that are in no table, by their cells; columns that a row lacks are empty.
 * @param text what the prompt may call the text @throws as `tableSource`
 */
export function fieldsSource(
  host: TokenHost,
  version: AnsweringVersion,
  rows: readonly Fields[],
  text = version.dataset?.mapping.text ?? TEXT_SLOT,
): RowSource {
  const { prompt, together } = version;
  const templates = [prompt.template, ...(together?.texts ?? [])];
  const columns = [...new Set([text, ...templates.flatMap((each) => otherColumns(each, text))])];
  const cell = (fields: Fields, column: string) => {
    const name = column === text ? TEXT_SLOT : column;
    return Object.hasOwn(fields, name) ? (fields[name] ?? '') : '';
  };
  const table = rows.map((fields, i) => ({
    ...{ id: String(i), line: i + 1 },
    cells: Object.fromEntries(columns.map((column) => [column, cell(fields, column)])),
  }));
  const cellAt = (index: number, column: string | null) => cell(rows[index] ?? {}, column ?? text);
  return { ...tableSource(host, version, { columns, rows: table }, { text, label: null }), cellAt };
}

/** Rendered rows as token ids; those that leave the model no room are left out. @param longest tokens of an answer */
function tokenised(
  { tokens }: TokenHost,
  rendered: ReturnType<BatchRenderer>,
  chat: boolean,
  longest: number,
): { readonly rows: readonly TokenRow[]; readonly leftOut: LeftOut } {
  const { tokenizer, context } = tokens;
  const room = context - RESERVED_TOKENS;
  const encode = (each: string) => tokens.encode(chat ? (tokenizer.chat(each) ?? each) : each);
  const rows = rendered.map((row) => {
    if ('leftOut' in row) return row;
    const { rowId, label, otherOrders } = row;
    const { ids, cue } = encodeRow(encode, row);
    const others = otherOrders?.map(encode);
    const target = row.target === undefined ? undefined : targetIds(tokens, row.target, chat);
    const answer = Math.max(longest, target?.length ?? 0);
    const length = Math.max(ids.length, ...(others?.map((each) => each.length) ?? [])) + answer;
    return length > room
      ? {
          rowId,
          why: 'long' as const,
          leftOut: `with its prompt it has ${counted(length, 'token')}, and the model reads at most ${room}`,
        }
      : { rowId, label, ids, cue, ...(others ? { otherOrders: others } : {}), ...(target ? { target } : {}) };
  });
  const leftOut: LeftOut = rows.flatMap((row) =>
    'leftOut' in row ? [[Number(row.rowId), row.leftOut, row.why] as const] : [],
  );
  return { rows: rows.flatMap((row) => ('ids' in row ? [row] : [])), leftOut };
}

interface AnsweredRows {
  readonly answers: readonly RowAnswer[];
  /** Null where all answers were in the engine's cache. */
  readonly ms: number | null;
}

export type Answerer = (rows: readonly TokenRow[], control: Control) => Promise<AnsweredRows>;

type Opener<T> = (host: AnsweringHost, version: AnsweringVersion, task: T) => Answerer;

const ANSWERERS: { readonly [K in TaskKind]: Opener<Extract<AnsweringTask, { readonly kind: K }>> } = {
  classify: ({ tokens, engine }, { words, soft, together }, { calibration }) => {
    const labels = labelTokens(tokens, words);
    const counted = together?.words ?? null;
    const byWords = counted && wordAnswers(counted.model);
    return async (rows: readonly AskedRow[], control) => {
      const scored: ScoreResult[] = [];
      for (const each of [soft, ...(together?.softs ?? [])])
        scored.push(await engine.score({ rows, labels, soft: each, cacheKey: null }, control));
      const mean = meanAnswers(scored.map((each) => each.rows.map(({ logProbs }) => logProbs)));
      const said = byWords?.(rows.map((row) => row.said ?? ''));
      const logProbs = counted && said ? mixedAnswers(mean, said, counted.weight) : mean;
      const answers = rows.map(({ rowId, label }, i) => ({
        kind: 'classify' as const,
        index: Number(rowId),
        gold: label,
        probabilities: labelProbabilities(logProbs[i] ?? [], calibration),
        tokens: scored.reduce((sum, each) => sum + (each.rows[i]?.tokensSent ?? 0), 0),
      }));
      const seconds = scored.reduce((sum, each) => sum + each.seconds, 0);
      return { answers, ms: scored.some(({ rowsRun }) => rowsRun > 0) ? seconds * 1000 : null };
    };
  },
  generate: (host, { soft, dataset }, task) => {
    const longest = longestAnswer(host, task.longest, dataset);
    return async (rows, control) => {
      const begin = performance.now();
      const texts = await generateTexts(host, { rows, soft, cacheKey: null, longest }, control);
      const read = new Map(rows.map(({ rowId, ids }) => [rowId, ids.length + (soft?.virtualTokens ?? 0)]));
      const answers = texts.map(({ rowId, text, target }) => ({
        kind: 'generate' as const,
        index: Number(rowId),
        text,
        target,
        tokens: read.get(rowId) ?? 0,
      }));
      return { answers, ms: performance.now() - begin };
    };
  },
};

/** The vectors were trained on other weights than are loaded; null = they were not, or there are none. */
export function otherWeights({ engine: { info } }: AnsweringHost, { model }: AnsweringVersion): StudioError | null {
  if (!model || model.sha256 === info.sha256) return null;
  return badInput(
    `These vectors only work with ${model.id} (${model.dtype}); ${info.id} (${info.dtype}) is loaded. Load that model, then run again.`,
  );
}

/**
 * How a version answers rows of tokens. Rows are named by their places; nothing is remembered between calls but by the
 * engine's own caches, so that another version can answer next.
 * @throws StudioError `bad-input` when the vectors were trained on other weights than are loaded
 */
export function openVersion(host: AnsweringHost, version: AnsweringVersion): Answerer {
  const other = otherWeights(host, version);
  if (other) throw other;
  const { task } = version;
  // one entry of the table with its own task: the type of the pair is lost between the two lookups
  return (ANSWERERS[task.kind] as Opener<AnsweringTask>)(host, version, task);
}
