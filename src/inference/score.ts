import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { argmax, logSoftmax, logSumExp } from '../metrics/classification';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { FIXED_TOKENS, type LabelTokens, type TokenRow } from '../tokens/tokenizer';
import { atEnd, type MixedTokens, type Sequence, type StartedRow, sharedLength, withSoft } from './feeds';
import { isSequenceScored, labelScores } from './label-scores';
import { eachBucket, type OpenRows, openRows, type RowOptions, tokensRead } from './rows';
import { type Program, run, runEach, vocabularyLimits } from './run';

export interface ScoredRow {
  readonly rowId: string;
  /** log-softmax over the labels' scores, uncalibrated. */
  readonly logProbs: readonly number[];
}

export interface TokenCount {
  /** Text and virtual tokens. */
  readonly tokensSent: number;
  /** Without the prefix that these rows share. Caches are ignored, because in use every text is new. */
  readonly tokensComputed: number;
}

/** Of rows that are scored together. */
export function countTokens(rows: readonly TokenRow[], soft: SoftPrompt | null): TokenCount[] {
  const sequences = rows.map((row) => withSoft(row, soft));
  const shared = sharedLength(sequences);
  return sequences.map(({ length }) => ({ tokensSent: length, tokensComputed: length - shared }));
}

export interface ScoreOptions extends RowOptions {
  readonly labels: readonly LabelTokens[];
}

export interface Scorer extends Pick<OpenRows, 'buckets'> {
  /** In one run unless the rows are too long. */
  scoreAt(indices: readonly number[]): Promise<ScoredRow[]>;
}

/** @throws StudioError `bad-input` where a score is no number: it would be an answer by chance */
export function numbersOnly(rowId: string, logProbs: readonly number[]): readonly number[] {
  if (logProbs.every((value) => !Number.isNaN(value))) return logProbs;
  throw badInput(
    `The model gives no number for row ${rowId}: the vectors or the weights have values that are too large. Train again with a lower learning rate, or load other weights.`,
    { data: { rowId } },
  );
}

/** @throws StudioError `too-long`, `bad-input`, and as Runner.run */
export async function openScorer(program: Program, options: ScoreOptions): Promise<Scorer> {
  const { rows, labels, soft } = options;
  checkLabels(labels);
  checkShift(labels, soft);
  const answer = isSequenceScored(labels) ? Math.max(...labels.map((label) => label.tokenIds.length)) - 1 : 0;
  const { buckets, startAt } = await openRows(program, options, answer);
  return {
    buckets,
    scoreAt: async (indices) => {
      const scores = await labelScores(program, { rows: await startAt(indices), labels, soft });
      return indices.map((index, i) => {
        const { rowId } = present(rows[index], 'row');
        return { rowId, logProbs: numbersOnly(rowId, present(scores[i], 'scores')) };
      });
    },
  };
}

/** @throws StudioError `too-long`, `bad-input`, `cancelled`, and as Runner.run */
export async function scoreRows(program: Program, options: ScoreOptions): Promise<ScoredRow[]> {
  const scorer = await openScorer(program, options);
  const out = new Array<ScoredRow>(options.rows.length);
  await eachBucket(scorer, options, async (bucket) => {
    const scored = await scorer.scoreAt(bucket);
    bucket.forEach((index, i) => {
      out[index] = present(scored[i], 'scored row');
    });
  });
  return out;
}

/** `[rows, hidden]`, as the head reads them. @throws StudioError `too-long`, `cancelled`, and as Runner.run */
export async function readStates(program: Program, options: RowOptions): Promise<Float32Array> {
  const { rows, soft } = options;
  const { hidden } = program.spec;
  const out = new Float32Array(rows.length * hidden);
  const open = await openRows(program, options, 0);
  await eachBucket(open, options, async (bucket) => {
    const sequences = (await open.startAt(bucket)).map(atEnd);
    // The head needs a candidate; one is cheap.
    const asked = { soft, candidates: [0], keepPresent: false, keepStates: true };
    const states = present((await run(program, sequences, asked)).states, 'hidden states');
    for (const [i, index] of bucket.entries()) out.set(states.subarray(i * hidden, (i + 1) * hidden), index * hidden);
  });
  return out;
}

/** @throws StudioError `bad-input` */
export function checkLabels(labels: readonly LabelTokens[]): void {
  const empty = labels.find((label) => label.tokenIds.length === 0);
  if (labels.length < 2 || empty)
    throw badInput(
      empty ? `The label ${empty.label} has no answer word.` : 'There must be at least two labels to choose from.',
    );
}

/** @throws StudioError `bad-input` where an answer word has several tokens, so that it has no output vector of its own */
export function checkOneToken(labels: readonly LabelTokens[]): void {
  const long = labels.find(({ tokenIds }) => tokenIds.length > 1);
  if (long)
    throw badInput(
      `The answer word of ${long.label} has ${long.tokenIds.length} tokens, and only words of one token can be trained too, or learned from another prompt's answers. Choose a shorter word on the Prompts screen, or train the vectors alone on the rows' labels.`,
      { data: { label: long.label } },
    );
}

/** @throws StudioError `bad-input` where trained answer words do not fit the labels */
function checkShift(labels: readonly LabelTokens[], soft: SoftPrompt | null): void {
  if (!soft?.answerShift) return;
  checkOneToken(labels);
  const words = soft.answerShift.length / soft.hidden;
  if (words !== labels.length)
    throw badInput(
      `This prompt has trained the answer words of ${words} labels, but ${labels.length} are asked for. Use it with the labels that it was trained on.`,
    );
}

/** Orders of examples as rows; those of one row are adjacent. */
export function eachOrder(rows: readonly TokenRow[]): readonly TokenRow[] {
  if (!rows.some(({ otherOrders }) => otherOrders)) return rows;
  return rows.flatMap(({ otherOrders = [], ...row }) => [
    row,
    ...otherOrders.map((ids, i) => ({ ...row, ids, rowId: `${row.rowId}\u0000${i + 1}` })),
  ]);
}

type Scored = Pick<ScoredRow, 'logProbs'> & TokenCount;

/** `logp[c] = mean_o logp_o[c] - log sum_c' exp(mean_o logp_o[c'])`, a product of experts. Every order costs its tokens. */
export function meanOverOrders(
  rows: readonly TokenRow[],
  scored: readonly Scored[],
): readonly (ScoredRow & TokenCount)[] {
  let at = 0;
  return rows.map(({ rowId, otherOrders = [] }) => {
    const orders = scored.slice(at, at + 1 + otherOrders.length);
    at += orders.length;
    const first = present(orders[0], `answer of row ${rowId}`);
    if (orders.length === 1) return { ...first, rowId };
    const mean = first.logProbs.map((_, c) => orders.reduce((sum, o) => sum + (o.logProbs[c] ?? 0), 0) / orders.length);
    const sum = (of: (o: Scored) => number) => orders.reduce((n, o) => n + of(o), 0);
    return {
      rowId,
      logProbs: logSoftmax(mean),
      tokensSent: sum((o) => o.tokensSent),
      tokensComputed: sum((o) => o.tokensComputed),
    };
  });
}

/** What the count of a request's tokens depends on. */
export interface CountedRequest extends Pick<ScoreOptions, 'rows' | 'labels' | 'soft'> {
  /** Of the text cache; null = none. */
  readonly cacheKey: string | null;
}

/** Of texts under a key: kept, kept once it is read, or read every time for lack of room. */
type TextStates = (key: string, rows: readonly TokenRow[]) => (row: TokenRow) => 'kept' | 'keeps' | 'rereads';

/** Asked one after another: what all rows begin with counts once, and so does a cached text. */
export function tokensToRun(requests: readonly CountedRequest[], texts: TextStates = () => () => 'keeps'): number[] {
  const read = new Set<string>();
  const once = (each: readonly MixedTokens[]) =>
    each.reduce((sum, { length }) => sum + length, 0) - sharedLength(each) * Math.max(0, each.length - 1);
  return requests.map((request) => {
    const { soft, cacheKey } = request;
    const rows = eachOrder(request.rows);
    const fixed = FIXED_TOKENS * rows.length;
    if (cacheKey === null || soft?.placement === 'prefix') return fixed + once(rows.map((row) => withSoft(row, soft)));
    const stateOf = texts(cacheKey, rows);
    const unread = rows.filter((row) => {
      const text = `${cacheKey} ${row.ids.join(' ')}`;
      const state = read.has(text) ? 'kept' : stateOf(row);
      if (state === 'keeps') read.add(text);
      return state !== 'kept';
    });
    const after = (row: TokenRow) => withSoft(row, soft).length - tokensRead(row, soft);
    return fixed + once(unread.map(({ ids }) => ids)) + rows.reduce((sum, row) => sum + after(row), 0);
  });
}

/** Each token of the expected text given the right ones before it. */
export interface TargetScore {
  readonly rowId: string;
  /** Summed over the tokens. */
  readonly logProb: number;
  readonly tokens: number;
  /** Tokens that the model ranks first. */
  readonly correct: number;
}

/** A target token is read at the token before it. */
export function withTarget({ tokens, past }: StartedRow, target: Int32Array): Sequence {
  return {
    tokens: Int32Array.from([...tokens, ...target.subarray(0, -1)]),
    past,
    reads: Array.from(target, (_, t) => tokens.length - 1 + t),
  };
}

/** @throws StudioError `too-long`, `cancelled`, and as Runner.run */
export async function scoreTargets(program: Program, options: RowOptions): Promise<TargetScore[]> {
  const { rows, soft, control = uninterrupted } = options;
  const targets = rows.map((row) => present(row.target, `target of row ${row.rowId}`));
  const open = await openRows(program, options, Math.max(0, ...targets.map(({ length }) => length)));
  const out = new Array<TargetScore>(rows.length);
  const limits = vocabularyLimits(program.spec);
  await eachBucket(open, options, async (bucket) => {
    const target = (i: number) => present(targets[bucket[i] as number], 'target');
    const sequences = (await open.startAt(bucket)).map((row, i) => withTarget(row, target(i)));
    const read = (i: number, logits: Float32Array) => {
      const index = bucket[i] as number;
      out[index] = { rowId: present(rows[index], 'row').rowId, ...scored(logits, target(i)) };
    };
    await runEach(program, sequences, limits, { soft, keepPresent: false }, read, control);
  });
  return out;
}

/** @param logits `[target, vocabulary]` */
function scored(logits: Float32Array, target: Int32Array): Omit<TargetScore, 'rowId'> {
  const columns = logits.length / target.length;
  let logProb = 0;
  let correct = 0;
  target.forEach((id, t) => {
    const row = logits.subarray(t * columns, (t + 1) * columns);
    const own = row[id] ?? Number.NaN;
    logProb += own - logSumExp(row);
    if (argmax(row) === id) correct++;
  });
  return { logProb, tokens: target.length, correct };
}
