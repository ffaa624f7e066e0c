import { present } from '../lib/assert';
import { breathe, throwIfInterrupted, uninterrupted } from './control';
import type { StartedRow } from './label-scores';
import { runLimits } from './limits';
import { takesPast } from './program';
import { openRows, type RowOptions } from './rows';
import { type Program, run } from './run';
import { likeliest } from './sample';

export interface WriteOptions extends RowOptions {
  readonly maxNewTokens: number;
  /** A row ends before any of these. */
  readonly endTokenIds: ReadonlySet<number>;
  /** It also ends before any of these, but for those that it begins with: they are left out. */
  readonly breakTokenIds: ReadonlySet<number>;
  /** Rows that are being written count for the share of their longest that they have. */
  readonly onProgress?: (rowsDone: number) => void;
}

/**
 * What follows each row, the likeliest token after the other, many rows side by side; in the order given, end tokens left out.
 * @throws StudioError `too-long`, `cancelled`, and as Runner.run
 */
export async function writeRows(program: Program, options: WriteOptions): Promise<Int32Array[]> {
  const { rows, control = uninterrupted, onProgress = () => {} } = options;
  const { buckets, startAt } = await openRows(program, options, options.maxNewTokens);
  // where positions are counted from the mask, rows of one run need pasts of one length, which they have not for long
  const batches = runLimits(program.spec).samePast
    ? buckets.flatMap((bucket) => bucket.map((index) => [index]))
    : buckets;
  const out = new Array<Int32Array>(rows.length);
  let done = 0;
  for (const batch of batches) {
    throwIfInterrupted(control);
    const before = done;
    const written = await writeTogether(program, await startAt(batch), options, (rows) => onProgress(before + rows));
    batch.forEach((index, i) => {
      out[index] = present(written[i], 'written row');
    });
    done += batch.length;
    onProgress(done);
    await breathe();
  }
  return out;
}

/** A row that has not ended: tokens that are not run yet, after a past. */
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
    const sequences = writing.map(({ tokens, past }) => ({ tokens, past, reads: [tokens.length - 1] }));
    const {
      logits,
      columns,
      present: kv,
    } = await run(program, sequences, {
      soft,
      candidates: null,
      objective: null,
      keepPresent,
    });
    writing = writing.flatMap(({ tokens, index }, i): Writing[] => {
      const id = likeliest(logits.subarray(i * columns, (i + 1) * columns));
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
