import { assert, present } from '../lib/assert';
import { lengthBuckets } from '../tokens/buckets';
import { breathe, throwIfInterrupted, uninterrupted } from './control';
import { pastLength } from './feeds';
import { logSumExp } from './logits';
import { openRows, type RowOptions } from './rows';
import { type Program, run, vocabularyLimits } from './run';

export interface NextTokensOptions extends Omit<RowOptions, 'soft'> {
  /** Token ids after every row, which ask for the answer; none = what follows the row itself is read. */
  readonly cue: ArrayLike<number>;
  /** Token ids to choose from. */
  readonly among: ArrayLike<number>;
  /** How many of these to return: those with the highest mean log-probability over the rows. */
  readonly most: number;
  /** Token ids that are returned in any case. */
  readonly always: ArrayLike<number>;
  readonly onProgress?: (rowsDone: number) => void;
}

export interface NextTokens {
  /** Ascending. */
  readonly ids: Int32Array;
  /** log P(token | row, cue) over the whole vocabulary, row-major `[rows, ids]`. */
  readonly logProbs: Float32Array;
}

/**
 * What the model expects after each row, for the most likely tokens of a list. The vocabulary is reduced here, because
 * log-probabilities of all its tokens are 200 kB a row.
 * @throws StudioError `too-long`, `cancelled`, and as Runner.run
 */
export async function readNextTokens(program: Program, options: NextTokensOptions): Promise<NextTokens> {
  const { rows, cue, always, most, control = uninterrupted, onProgress = () => {} } = options;
  const among = Int32Array.from(new Set([...Array.from(options.among), ...Array.from(always)])).sort();
  assert(
    among.every((id) => id >= 0 && id < program.spec.vocabulary),
    'token ids are within the vocabulary',
  );
  const all = new Float32Array(rows.length * among.length);
  const { buckets, startAt } = await openRows(program, { ...options, soft: null }, cue.length);
  let done = 0;
  for (const bucket of buckets) {
    const sequences = (await startAt(bucket)).map(({ tokens, past }) => ({
      tokens: Int32Array.from([...tokens, ...Array.from(cue)]),
      past,
      reads: [tokens.length - 1 + cue.length],
    }));
    const costs = sequences.map((sequence) => ({ tokens: sequence.tokens.length, past: pastLength(sequence) }));
    for (const part of lengthBuckets(costs, vocabularyLimits(program.spec))) {
      throwIfInterrupted(control);
      const chosen = part.map((i) => present(sequences[i], 'sequence'));
      const asked = { soft: null, candidates: null, objective: null, keepPresent: false };
      const { logits, columns } = await run(program, chosen, asked);
      for (const [r, i] of part.entries()) {
        const row = logits.subarray(r * columns, (r + 1) * columns);
        const normaliser = logSumExp(row);
        const at = present(bucket[i], 'row') * among.length;
        for (let j = 0; j < among.length; j++) all[at + j] = (row[among[j] as number] as number) - normaliser;
      }
      done += part.length;
      onProgress(done);
      await breathe();
    }
  }
  return mostExpected(all, among, most, new Set(Array.from(always)));
}

/** The columns with the highest means, and those that are always kept. @param all `[rows, among]` */
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
