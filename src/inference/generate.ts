import { assert, present } from '../lib/assert';
import { breathe, type Polled, throwIfInterrupted, uninterrupted } from '../lib/control';
import { createRng, type Rng } from '../lib/rng';
import { argmax, logSumExp } from '../metrics/classification';
import { positionsOf, type SoftPrompt } from '../prompt/soft-prompt';
import { atEnd, type MixedTokens, type StartedRow, withSoft } from './feeds';
import { takesPast } from './program';
import { checkContext, eachBucket, openRows, type RowOptions } from './rows';
import { MAX_RUN_TOKENS, type Program, prefill, run, runEach, runLimits, vocabularyLimits } from './run';

export interface GenerateOptions {
  readonly ids: Int32Array;
  readonly cue?: number | undefined;
  readonly soft: SoftPrompt | null;
  readonly maxNewTokens: number;
  /** 0 = always the most probable token. */
  readonly temperature: number;
  /** Sample among the most probable tokens with this probability together. */
  readonly topP: number;
  readonly seed: number;
  readonly endTokenIds: readonly number[];
}

export interface Generated {
  /** Without the end token. */
  readonly ids: Int32Array;
  readonly stopped: 'end' | 'length' | 'cancelled';
}

/**
 * Reuses the keys and values of all earlier tokens. Stops with `length` also at the end of the model's context. The next token
 * waits for `onToken`.
 * @throws StudioError `too-long`, and as Runner.run
 */
export async function generate(
  program: Program,
  options: GenerateOptions,
  control: Polled = uninterrupted,
  onToken: (id: number) => unknown = () => undefined,
): Promise<Generated> {
  const rng = createRng(options.seed);
  const sequence = withSoft(options, options.soft);
  const { ids, cue, soft, maxNewTokens } = options;
  checkContext(program.spec, [{ rowId: 'to write from', ids, cue, label: null }], soft, 0);
  const { contextLength } = program.spec;
  const left = (contextLength ?? Number.POSITIVE_INFINITY) - positionsOf(options, soft);
  const room = Math.min(maxNewTokens, left);
  const written: number[] = [];
  const end = (stopped: Generated['stopped']): Generated => ({ ids: Int32Array.from(written), stopped });
  let state = await beginning(program, sequence, options);
  while (written.length < room) {
    if (control.requested) return end('cancelled');
    const { id, next } = await nextToken(program, state, options, rng);
    if (options.endTokenIds.includes(id)) return end('end');
    written.push(id);
    await onToken(id);
    state = next;
    await breathe();
  }
  return end('length');
}

async function beginning(
  program: Program,
  sequence: MixedTokens,
  { ids, cue = 0, soft }: GenerateOptions,
): Promise<StartedRow> {
  if (soft?.heads) {
    const row = { rowId: 'to write from', ids, cue, label: null };
    const { startAt } = await openRows(program, { rows: [row], soft, cached: null }, 0);
    return present((await startAt([0]))[0], 'row');
  }
  const split = takesPast(program.spec) ? Math.max(0, sequence.length - MAX_RUN_TOKENS) : 0;
  const past = split > 0 ? await prefill(program, sequence.subarray(0, split), soft) : null;
  return { tokens: sequence.subarray(split), past };
}

async function nextToken(program: Program, state: StartedRow, options: GenerateOptions, rng: Rng) {
  const keepPresent = takesPast(program.spec);
  const { logits, present: kv } = await run(program, [atEnd(state)], { soft: options.soft, keepPresent });
  const id = sampleToken(logits, options, rng);
  const next: StartedRow = keepPresent
    ? { tokens: Int32Array.of(id), past: present(kv[0], 'keys and values') }
    : { tokens: Int32Array.from([...state.tokens, id]), past: null };
  return { id, next };
}

export interface WriteOptions extends RowOptions {
  readonly maxNewTokens: number;
  /** A row ends before the first of these. */
  readonly endTokenIds: ReadonlySet<number>;
  /** As are these, except at the start of a row, where they are dropped. */
  readonly breakTokenIds: ReadonlySet<number>;
}

/** Greedy, many rows side by side; rows in progress count by their share of `maxNewTokens`. @throws StudioError `too-long`, `cancelled`, and as Runner.run */
export async function writeRows(program: Program, options: WriteOptions): Promise<Int32Array[]> {
  const { rows, control = uninterrupted, onProgress = () => {} } = options;
  const { buckets, startAt } = await openRows(program, options, options.maxNewTokens);
  // If positions come from the mask, rows of one run need pasts of equal length, which they would soon lose.
  const batches = runLimits(program.spec).samePast
    ? buckets.flatMap((bucket) => bucket.map((index) => [index]))
    : buckets;
  const out = new Array<Int32Array>(rows.length);
  await eachBucket({ buckets: batches }, { control, onProgress }, async (batch, done) => {
    const report = (rowsDone: number) => onProgress(done + rowsDone);
    const written = await writeTogether(program, await startAt(batch), options, report);
    batch.forEach((index, i) => {
      out[index] = present(written[i], 'written row');
    });
  });
  return out;
}

/** Has not ended. */
interface Writing extends StartedRow {
  readonly index: number;
}

async function writeTogether(
  program: Program,
  started: readonly StartedRow[],
  { soft, maxNewTokens, endTokenIds, breakTokenIds, control = uninterrupted }: WriteOptions,
  onToken: (rowsDone: number) => void,
): Promise<Int32Array[]> {
  const keepPresent = takesPast(program.spec);
  const written = started.map((): number[] => []);
  let writing: readonly Writing[] = started.map((row, index) => ({ ...row, index }));
  for (let n = 0; n < maxNewTokens && writing.length > 0; n++) {
    throwIfInterrupted(control);
    const { logits, columns, present: kv } = await run(program, writing.map(atEnd), { soft, keepPresent });
    writing = writing.flatMap(({ tokens, index }, i): Writing[] => {
      const id = argmax(logits.subarray(i * columns, (i + 1) * columns));
      const own = present(written[index], 'row');
      const isBreak = breakTokenIds.has(id);
      if (endTokenIds.has(id) || (isBreak && own.length > 0)) return [];
      if (!isBreak) own.push(id);
      return keepPresent
        ? [{ index, tokens: Int32Array.of(id), past: present(kv[i], 'keys and values') }]
        : [{ index, tokens: Int32Array.from([...tokens, id]), past: null }];
    });
    onToken(started.length - writing.length * (1 - (n + 1) / maxNewTokens));
    await breathe();
  }
  return written.map((ids) => Int32Array.from(ids));
}

export interface NextTokensOptions extends Omit<RowOptions, 'soft'> {
  /** Token ids after every row, which ask for the answer. */
  readonly cue: ArrayLike<number>;
  /** Token ids. */
  readonly among: ArrayLike<number>;
  /** So many are returned: those with the highest mean log-probability over the rows; 0 = all of them. */
  readonly most: number;
  /** Returned in any case. */
  readonly always: ArrayLike<number>;
}

export interface NextTokens {
  /** Ascending. */
  readonly ids: Int32Array;
  /** log P(token | row, cue) over the whole vocabulary, or over the list where `most` is 0; row-major `[rows, ids]`. */
  readonly logProbs: Float32Array;
  /** The model was not asked. */
  readonly isKnown?: true;
}

/**
 * What the model expects after each row. The vocabulary is reduced here: all its log-probabilities are 200 kB a row.
 * @throws StudioError `too-long`, `cancelled`, and as Runner.run
 */
export async function readNextTokens(program: Program, options: NextTokensOptions): Promise<NextTokens> {
  const { rows, cue, always, most, control = uninterrupted, onProgress = () => {} } = options;
  const among = Int32Array.from(new Set([...Array.from(options.among), ...Array.from(always)])).sort();
  assert(
    among.every((id) => id >= 0 && id < program.spec.vocabulary),
    'token ids are within the vocabulary',
  );
  // where nothing is chosen, the head reads these tokens alone
  const candidates = most === 0 ? [...among] : null;
  const limits = candidates ? runLimits(program.spec) : vocabularyLimits(program.spec);
  const all = new Float32Array(rows.length * among.length);
  const { buckets, startAt } = await openRows(program, { ...options, soft: null }, cue.length);
  let done = 0;
  for (const bucket of buckets) {
    const sequences = (await startAt(bucket)).map(({ tokens, past }) => ({
      tokens: Int32Array.from([...tokens, ...Array.from(cue)]),
      past,
      reads: [tokens.length - 1 + cue.length],
    }));
    await runEach(
      program,
      sequences,
      limits,
      { soft: null, candidates, keepPresent: false },
      (i, row) => {
        const normaliser = logSumExp(row);
        const at = present(bucket[i], 'row') * among.length;
        for (let j = 0; j < among.length; j++)
          all[at + j] = (row[candidates ? j : (among[j] as number)] as number) - normaliser;
        onProgress(++done);
      },
      control,
    );
  }
  return mostExpected(all, among, most, new Set(Array.from(always)));
}

function mostExpected(all: Float32Array, among: Int32Array, most: number, always: ReadonlySet<number>): NextTokens {
  const sums = new Float64Array(among.length);
  for (let at = 0; at < all.length; at++)
    sums[at % among.length] = (sums[at % among.length] as number) + (all[at] as number);
  const byMean = [...among.keys()].sort((a, b) => (sums[b] as number) - (sums[a] as number) || a - b);
  const best = new Set(byMean.slice(0, most));
  const kept = [...among.keys()].filter((j) => best.has(j) || always.has(among[j] as number));
  const rows = among.length === 0 ? 0 : all.length / among.length;
  const logProbs = new Float32Array(rows * kept.length);
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < kept.length; k++)
      logProbs[r * kept.length + k] = all[r * among.length + (kept[k] as number)] as number;
  return { ids: Int32Array.from(kept, (j) => among[j] as number), logProbs };
}

/** Nucleus sampling (Holtzman et al. 2019). Temperature 0 = the most probable token, on a tie the one with the lowest id. */
export function sampleToken(
  logits: Float32Array,
  { temperature, topP }: { readonly temperature: number; readonly topP: number },
  rng: Rng,
): number {
  if (temperature <= 0) return argmax(logits);
  const scaled = Float64Array.from(logits, (x) => x / temperature);
  const normaliser = logSumExp(scaled);
  const probabilities = scaled.map((x) => Math.exp(x - normaliser));
  const order = [...probabilities.keys()].sort((a, b) => at(probabilities, b) - at(probabilities, a) || a - b);
  const nucleus = nucleusOf(order, probabilities, topP);
  let left = rng.next() * nucleus.reduce((sum, id) => sum + at(probabilities, id), 0);
  for (const id of nucleus) {
    left -= at(probabilities, id);
    if (left < 0) return id;
  }
  return nucleus.at(-1) ?? 0;
}

const at = (array: Float64Array, i: number) => array[i] as number;

/** At least one token. */
function nucleusOf(order: readonly number[], probabilities: Float64Array, topP: number): readonly number[] {
  let held = 0;
  const end = order.findIndex((id) => {
    held += at(probabilities, id);
    return held >= topP;
  });
  return end < 0 ? order : order.slice(0, end + 1);
}
