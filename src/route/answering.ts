/** From rows to the answers of a version: its prompt, its vectors, its answer words and its calibration. */
import type { ByTask, Dataset, LeftOutReason, Table, TaskKind } from '../dataset/types';
import type { ModelInfo, ScoreRequest, ScoreResult, WrittenRow } from '../engine/types';
import { present } from '../lib/assert';
import { contentKey } from '../lib/bytes';
import type { Control } from '../lib/control';
import { badInput, StudioError } from '../lib/errors';
import { counted } from '../lib/format';
import { unwrap } from '../lib/result';
import { labelProbabilities, pooledAnswers } from '../metrics/calibration';
import { wordAnswers } from '../metrics/logistic';
import { tagProbabilities } from '../metrics/tags';
import { labelsOf, type Prompt, softOf, softsOf, type TextVoice, textsOf } from '../prompt/prompt';
import { saidLabel } from '../prompt/said';
import { positionsOf, type SoftPrompt, tokensAdded } from '../prompt/soft-prompt';
import type { Version } from '../prompt-set/types';
import { type BatchRenderer, openBatch } from '../task/batch';
import { type Fields, otherColumns, TEXT_SLOT } from '../task/template';
import type { AnswerWord, PromptText } from '../task/types';
import {
  encodeRow,
  labelTokens,
  type OpenTokenizer,
  RESERVED_TOKENS,
  type TokenRow,
  targetIds,
} from '../tokens/tokenizer';
import { generateTexts, longestAnswer, type TokenHost, type WritingHost } from './generated-texts';

/** A loaded model with its tokenizer. */
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
    /** The row's own label, where it has one. */
    readonly gold: number | null;
    readonly probabilities: readonly number[];
    /** Virtual ones included. */
    readonly tokens: number;
  };
  readonly tag: {
    readonly kind: 'tag';
    readonly index: number;
    /** The row's own labels, where they are known. */
    readonly gold: readonly number[] | null;
    /** Of each label by itself, after its cut; without the one that stands for none. */
    readonly probabilities: readonly number[];
    readonly tokens: number;
  };
  readonly generate: {
    readonly kind: 'generate';
    readonly index: number;
    readonly text: string;
    /** Where the row has an expected text. */
    readonly target: WrittenRow['target'];
    readonly tokens: number;
  };
}

/** By the row's place. */
export type RowAnswer<K extends TaskKind = TaskKind> = K extends keyof Answers ? Answers[K] : never;

export function ofKind<K extends TaskKind>(kind: K, answer: RowAnswer): RowAnswer<K> {
  if (answer.kind !== kind) throw new StudioError('internal', `internal: ${answer.kind} in place of ${kind}`);
  return answer as RowAnswer<K>;
}

export type LeftOut = readonly (readonly [index: number, reason: string, why: LeftOutReason])[];

/** By the places of the rows. */
export interface RowSource {
  readonly total: number;
  /** Null = the text. Undefined where rows are only measured. */
  readonly cellAt?: (index: number, column: string | null) => string;
  readonly rowsAt: (
    from: number,
    count: number,
  ) => Promise<{ readonly rows: readonly TokenRow[]; readonly leftOut: LeftOut }>;
}

type Askable = Pick<Version, 'prompt'>;
type Asked = Pick<Prompt, 'voices'>;
type Words = { readonly words: readonly AnswerWord[] };

/** A row as tokens, in the first text of a prompt. */
export interface AskedRow extends TokenRow {
  /** In its other texts. */
  readonly others?: readonly TokenRow[];
  /** Its text without a prompt, for word counts. */
  readonly plain?: string;
}

/** Most tokens of this version's answers; null where it chooses a label. @param dataset the rows of its prompt set */
export const roomFor = (host: TokenHost, { prompt: { task } }: Askable, dataset: Dataset | null): number | null =>
  'longest' in task ? longestAnswer(host, task.longest, dataset) : null;

/** What decides how the model reads a row: voices that agree in it are asked with the same tokens. */
const textKey = ({ kind: _kind, weight: _weight, soft: _soft, ...text }: TextVoice): string => contentKey(text);

/** The texts of a prompt, each once, and which of them each of its text voices reads. */
function readings(prompt: Asked): { readonly texts: readonly TextVoice[]; readonly of: readonly number[] } {
  const voices = textsOf(prompt);
  const keys = voices.map(textKey);
  const texts = voices.filter((_, i) => keys.indexOf(keys[i] as string) === i);
  const places = texts.map(textKey);
  return { texts, of: keys.map((key) => places.indexOf(key)) };
}

/** The texts of a prompt, each once; of one that only counts words the row's own. */
export function textsRead(prompt: Asked, words: readonly AnswerWord[] = []): readonly (PromptText & Words)[] {
  const { texts } = readings(prompt);
  return texts.length > 0 ? texts : [{ template: `{${TEXT_SLOT}}`, shots: 0, shotSeed: 0, words }];
}

/** Rows as each text voice of a prompt reads them. */
export function rowsBy(prompt: Asked, rows: readonly AskedRow[]): VoicedRows['read'] {
  const { of } = readings(prompt);
  return (voice) => {
    const at = of[voice];
    return at ? rows.map((row) => present(row.others?.[at - 1], 'a row in another text')) : rows;
  };
}

/** Columns of a table; `label`: of labels or expected texts, where answers are to be checked. */
export interface RowsColumns {
  readonly text: string;
  readonly label: string | null;
}

/**
 * @param dataset the rows of its prompt set, where they are here
 * @throws StudioError `bad-input` when the prompt cannot be used on the table
 */
export function tableSource(
  host: TokenHost,
  version: Askable,
  table: Pick<Table, 'columns' | 'rows'>,
  { text, label }: RowsColumns,
  dataset: Dataset | null = null,
): RowSource {
  const { prompt } = version;
  const longest = roomFor(host, version, dataset);
  const shown = textsRead(
    prompt,
    labelsOf(prompt).map((label) => ({ label, word: label })),
  );
  const renderers = shown.map((voice) => {
    const how = { kind: prompt.task.kind, prompt: voice, words: voice.words, text, label };
    return unwrap(openBatch(table, { ...how, dataset: voice.shots > 0 ? dataset : null }));
  });
  const cellAt = (index: number, column: string | null) => table.rows.at(index)?.cells[column ?? text] ?? '';
  const counts = prompt.voices.some(({ kind }) => kind === 'counts');
  const rowsIn = (from: number, count: number): Tokenised => {
    const rows = table.rows.slice(from, from + count);
    const [first, ...others] = renderers.map((render, i) =>
      tokenised(host, render(rows, from), shown[i]?.chat ?? false, longest ?? 0, softsOf(prompt)),
    ) as [Tokenised, ...Tokenised[]];
    if (others.length === 0) return first;
    const leftOut = new Map([first, ...others].flatMap((each) => each.leftOut.map((out) => [out[0], out] as const)));
    const isAsked = ({ rowId }: TokenRow) => !leftOut.has(Number(rowId));
    const read = others.map((each) => each.rows.filter(isAsked));
    const asked = first.rows
      .filter(isAsked)
      .map((row, i) => ({ ...row, others: read.map((all) => all[i] as TokenRow) }));
    return { rows: asked, leftOut: [...leftOut.values()] };
  };
  return {
    total: table.rows.length,
    cellAt,
    rowsAt: async (from, count) => {
      const { rows, leftOut } = rowsIn(from, count);
      const plain = (row: TokenRow): AskedRow => ({ ...row, plain: cellAt(Number(row.rowId), null) });
      return { rows: counts ? rows.map(plain) : rows, leftOut };
    },
  };
}

/** Rows that are in no table; columns that a row lacks are empty. @param dataset the rows of its prompt set, where they are here */
export function fieldsSource(
  host: TokenHost,
  version: Askable,
  rows: readonly Fields[],
  dataset: Dataset | null = null,
): RowSource {
  const text = dataset?.mapping.text ?? TEXT_SLOT;
  const templates = textsOf(version.prompt).map(({ template }) => template);
  const columns = [...new Set([text, ...templates.flatMap((each) => otherColumns(each, text))])];
  const cell = (fields: Fields, column: string) => {
    const name = column === text ? TEXT_SLOT : column;
    return Object.hasOwn(fields, name) ? (fields[name] ?? '') : '';
  };
  const table = rows.map((fields, i) => ({
    id: String(i),
    line: i + 1,
    cells: Object.fromEntries(columns.map((column) => [column, cell(fields, column)])),
  }));
  const cellAt = (index: number, column: string | null) => cell(rows[index] ?? {}, column ?? text);
  return { ...tableSource(host, version, { columns, rows: table }, { text, label: null }, dataset), cellAt };
}

interface Tokenised {
  readonly rows: readonly TokenRow[];
  readonly leftOut: LeftOut;
}

/**
 * Why a row is left out, in words; null = it fits the model with its answer, and the vectors that it is read with.
 * @param longest most tokens of an answer
 */
export function whyTooLong(
  { context }: Pick<OpenTokenizer, 'context'>,
  { ids, cue = 0, otherOrders = [], target }: Pick<TokenRow, 'ids' | 'cue' | 'otherOrders' | 'target'>,
  softs: readonly SoftPrompt[],
  longest: number,
): string | null {
  const answer = Math.max(longest, target?.length ?? 0);
  const length = Math.max(ids.length, ...otherOrders.map((each) => each.length));
  const most = context - RESERVED_TOKENS;
  if (length + answer > most)
    return `with its prompt it has ${counted(length + answer, 'token')}, and the model reads at most ${most}`;
  for (const soft of softs.filter(({ heads }) => heads)) {
    const { position = null } = soft.heads ?? {};
    if (position !== null && length - cue > position)
      return `it has ${counted(length - cue, 'token')} before the cue, and its prompt reads at most ${position}`;
    const room = context - positionsOf({ ids, cue }, soft);
    if (answer > room)
      return `its answer may have ${counted(answer, 'token')}, and the model has room for ${Math.max(0, room)} after its prompt`;
  }
  return null;
}

/** Rendered rows as token ids; those that leave the model no room are left out. @param longest tokens of an answer */
function tokenised(
  { tokens }: TokenHost,
  rendered: ReturnType<BatchRenderer>,
  chat: boolean,
  longest: number,
  softs: readonly SoftPrompt[],
): Tokenised {
  const { tokenizer } = tokens;
  const encode = (each: string) => tokens.encode(chat ? (tokenizer.chat(each) ?? each) : each);
  const rows = rendered.map((row) => {
    if ('leftOut' in row) return row;
    const { rowId, label, tags, otherOrders } = row;
    const target = row.target === undefined ? undefined : targetIds(tokens, row.target, chat);
    const read: TokenRow = {
      rowId,
      label,
      ...(tags && { tags }),
      ...encodeRow(encode, row),
      ...(otherOrders ? { otherOrders: otherOrders.map(encode) } : {}),
      ...(target ? { target } : {}),
    };
    const leftOut = whyTooLong(tokens, read, softs, longest);
    return leftOut === null ? read : { rowId, why: 'long' as const, leftOut };
  });
  const leftOut: LeftOut = rows.flatMap((row) =>
    'leftOut' in row ? [[Number(row.rowId), row.leftOut, row.why] as const] : [],
  );
  return { rows: rows.flatMap((row) => ('ids' in row ? [row] : [])), leftOut };
}

interface AnsweredRows {
  readonly answers: readonly RowAnswer[];
  /** Null where the engine's cache had all answers. */
  readonly ms: number | null;
}

export type Answerer = (rows: readonly TokenRow[], control: Control) => Promise<AnsweredRows>;

type Opener = (host: AnsweringHost, version: Askable, dataset: Dataset | null) => Answerer;

/** How an answer follows from log-probabilities over the answer words. */
type FromLogProbs = (
  logProbs: readonly number[],
  cuts: readonly number[] | null,
  row: Pick<TokenRow, 'label' | 'tags'>,
) => RowSaid;

type RowSaid =
  | Pick<RowAnswer<'classify'>, 'kind' | 'gold' | 'probabilities'>
  | Pick<RowAnswer<'tag'>, 'kind' | 'gold' | 'probabilities'>;

const asLabel: FromLogProbs = (logProbs, cuts, { label }) => ({
  kind: 'classify',
  gold: label,
  probabilities: labelProbabilities(logProbs, cuts),
});

const asTags: FromLogProbs = (logProbs, cuts, { tags }) => ({
  kind: 'tag',
  gold: tags ?? null,
  probabilities: tagProbabilities(logProbs, cuts),
});

/** Rows as the voices of a prompt read them. */
interface VoicedRows extends Omit<ScoreRequest, 'rows' | 'labels' | 'soft'> {
  /** By the place of a text voice. */
  readonly read: (voice: number) => readonly TokenRow[];
  /** Texts without a prompt, for word counts. */
  readonly plain: () => readonly string[];
}

/** What the voices of a prompt say together, uncalibrated, with the tokens of all. @param onShare done, 0 to 1 */
export async function askVoices(
  { engine, tokens }: TokenHost & { readonly engine: Pick<AnsweringHost['engine'], 'score'> },
  prompt: Asked,
  { read, plain, ...how }: VoicedRows,
  control: Control,
  onShare: (share: number) => void = () => undefined,
): Promise<ScoreResult> {
  const texts = textsOf(prompt);
  const scored: ScoreResult[] = [];
  for (const [v, { words, soft }] of texts.entries()) {
    const rows = read(v);
    const tell = (done: number) => onShare((v + done / Math.max(1, rows.length)) / texts.length);
    scored.push(await engine.score({ ...how, rows, labels: labelTokens(tokens, words), soft }, control, tell));
  }
  const counting = prompt.voices.filter((voice) => voice.kind === 'counts');
  const together = pooledAnswers(
    [
      ...scored.map(({ rows }) => rows.map(({ logProbs }) => logProbs)),
      ...counting.map(({ counts }) => wordAnswers(counts)(plain())),
    ],
    [...texts, ...counting].map(({ weight }) => weight),
  );
  const total = (of: (each: ScoreResult) => number) => scored.reduce((sum, each) => sum + of(each), 0);
  return {
    rows: read(0).map(({ rowId }, i) => ({
      rowId,
      logProbs: present(together[i], 'answer'),
      tokensSent: total((each) => present(each.rows[i], 'row').tokensSent),
      tokensComputed: total((each) => present(each.rows[i], 'row').tokensComputed),
    })),
    rowsRun: total(({ rowsRun }) => rowsRun),
    seconds: total(({ seconds }) => seconds),
  };
}

const FROM_LOG_PROBS: ByTask<FromLogProbs | null> = { classify: asLabel, tag: asTags, generate: null };

/** As log-probabilities over the answer words make it; null where texts are generated. @param cuts what is subtracted @param row its own answer */
export const answerFrom = (
  { task }: Pick<Prompt, 'task'>,
  logProbs: readonly number[],
  cuts: readonly number[] | null = null,
  row: Pick<TokenRow, 'label' | 'tags'> = { label: null },
): RowSaid | null => FROM_LOG_PROBS[task.kind]?.(logProbs, cuts, row) ?? null;

/** A label, the labels that are given, or the text. @param labels of the prompt */
export const answerWords = (
  answer: RowSaid | Pick<RowAnswer<'generate'>, 'kind' | 'text'>,
  labels: readonly string[],
) => ('text' in answer ? answer.text : saidLabel(answer, labels));

/** Asked for the log-probabilities of all its answer words, less its cuts, also where each label is judged by itself. */
export function asChoice<V extends Askable>(version: V): V {
  const labels = labelsOf(version.prompt);
  return labels.length === 0
    ? version
    : { ...version, prompt: { ...version.prompt, task: { kind: 'classify', labels } } };
}

const scored =
  (answerOf: FromLogProbs): Opener =>
  (host, { prompt }) => {
    return async (rows: readonly AskedRow[], control) => {
      const voiced: VoicedRows = {
        read: rowsBy(prompt, rows),
        plain: () => rows.map(({ plain = '' }) => plain),
        cacheKey: null,
      };
      const said = await askVoices(host, prompt, voiced, control);
      const answers = said.rows.map(({ logProbs, tokensSent }, i) => {
        const row = present(rows[i], 'row');
        const answer = answerOf(logProbs, prompt.calibration?.meanLogProbs ?? null, row);
        return { ...answer, index: Number(row.rowId), tokens: tokensSent };
      });
      return { answers, ms: said.rowsRun > 0 ? said.seconds * 1000 : null };
    };
  };

const ANSWERERS: ByTask<Opener> = {
  classify: scored(asLabel),
  tag: scored(asTags),
  generate: (host, version, dataset) => {
    const soft = softOf(version.prompt);
    const longest = roomFor(host, version, dataset) ?? 0;
    return async (rows, control) => {
      const begin = performance.now();
      const texts = await generateTexts(host, { rows, soft, cacheKey: null, longest }, control);
      const read = new Map(rows.map(({ rowId, ids }) => [rowId, ids.length + tokensAdded(soft)]));
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
export function otherWeights(
  { engine: { info } }: AnsweringHost,
  { model }: Pick<Version, 'model'>,
): StudioError | null {
  if (!model || model.sha256 === info.sha256) return null;
  return badInput(
    `These vectors only work with ${model.id} (${model.dtype}); ${info.id} (${info.dtype}) is loaded. Load that model, then run again.`,
  );
}

/**
 * How a version answers rows of tokens. Rows are named by their places; nothing is remembered between calls but by the
 * engine's own caches, so that another version can answer next.
 * @param dataset the rows of its prompt set, where they are here
 * @throws StudioError `bad-input` when the vectors were trained on other weights than are loaded
 */
export function openVersion(host: AnsweringHost, version: Version, dataset: Dataset | null = null): Answerer {
  const other = otherWeights(host, version);
  if (other) throw other;
  return ANSWERERS[version.prompt.task.kind](host, version, dataset);
}
