import { present } from '../lib/assert';
import { lengthBuckets } from '../tokens/buckets';
import { breathe, throwIfInterrupted, uninterrupted } from './control';
import { pastLength, type Sequence } from './feeds';
import { vocabularyLimits } from './limits';
import { logSumExp } from './log-softmax';
import { openRows, type RowOptions } from './rows';
import { type Program, run } from './run';
import { likeliest } from './sample';

/** How well the text that a row should be followed by was foreseen, each token after the right ones before it. */
export interface TargetScore {
  readonly rowId: string;
  /** Summed over the target's tokens. */
  readonly logProb: number;
  readonly tokens: number;
  /** Tokens that were the likeliest of the vocabulary. */
  readonly foreseen: number;
}

/** The read of each token of a target lies one before it. */
export function withTarget({ tokens, past }: Omit<Sequence, 'reads'>, target: Int32Array): Sequence {
  return {
    tokens: Int32Array.from([...tokens, ...target.subarray(0, -1)]),
    past,
    reads: Array.from(target, (_, t) => tokens.length - 1 + t),
  };
}

/**
 * Scores rows by their targets, in the order given.
 * @throws StudioError `too-long`, `cancelled`, and as Runner.run
 */
export async function scoreTargets(
  program: Program,
  options: RowOptions & { readonly onProgress?: (rowsDone: number) => void },
): Promise<TargetScore[]> {
  const { rows, soft, control = uninterrupted, onProgress = () => {} } = options;
  const targets = rows.map((row) => present(row.target, `target of row ${row.rowId}`));
  const { buckets, startAt } = await openRows(program, options, Math.max(0, ...targets.map(({ length }) => length)));
  const out = new Array<TargetScore>(rows.length);
  let done = 0;
  for (const bucket of buckets) {
    const sequences = (await startAt(bucket)).map((row, i) =>
      withTarget(row, present(targets[bucket[i] as number], 'target')),
    );
    const costs = sequences.map((sequence) => ({ tokens: sequence.tokens.length, past: pastLength(sequence) }));
    for (const part of lengthBuckets(costs, vocabularyLimits(program.spec))) {
      throwIfInterrupted(control);
      const chosen = part.map((i) => present(sequences[i], 'sequence'));
      const { logits, columns } = await run(program, chosen, {
        soft,
        candidates: null,
        objective: null,
        keepPresent: false,
      });
      let read = 0;
      for (const i of part) {
        const index = bucket[i] as number;
        const target = present(targets[index], 'target');
        const { rowId } = present(rows[index], 'row');
        out[index] = { rowId, ...scored(logits.subarray(read * columns, (read + target.length) * columns), target) };
        read += target.length;
      }
      await breathe();
    }
    done += bucket.length;
    onProgress(done);
  }
  return out;
}

/** @param logits `[target, vocabulary]` */
function scored(logits: Float32Array, target: Int32Array): Omit<TargetScore, 'rowId'> {
  const columns = logits.length / target.length;
  let logProb = 0;
  let foreseen = 0;
  target.forEach((id, t) => {
    const row = logits.subarray(t * columns, (t + 1) * columns);
    const own = row[id] ?? Number.NaN;
    logProb += own - logSumExp(row);
    if (likeliest(row) === id) foreseen++;
  });
  return { logProb, tokens: target.length, foreseen };
}
