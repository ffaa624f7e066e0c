import { present } from '../lib/assert';
import { createRng, type Rng } from '../lib/rng';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { breathe, type Control, throwIfInterrupted, uninterrupted } from './control';
import { type MixedTokens, withSoft } from './feeds';
import type { KvRow } from './kv';
import type { StartedRow } from './label-scores';
import { mostLikely, sampleToken } from './logits';
import { prefill } from './prefix-cache';
import { takesPast } from './program';
import { checkContext, openRows, type RowOptions } from './rows';
import { MAX_RUN_TOKENS, type Program, run, runLimits } from './run';

export interface GenerateOptions {
  readonly ids: Int32Array;
  /** As in TokenRow. */
  readonly cue?: number | undefined;
  readonly soft: SoftPrompt | null;
  readonly maxNewTokens: number;
  /** 0 = always the most probable token. */
  readonly temperature: number;
  /** Sample among the most probable tokens that together hold this much probability; 1 = all. */
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
 * Generates token by token after the text and its soft prompt, reusing the keys and values of all earlier tokens. Also stops
 * with `length` at the end of the model's context.
 * @throws StudioError `too-long`, and as Runner.run
 */
export async function generate(
  program: Program,
  options: GenerateOptions,
  onToken: (id: number) => void,
  control: Control = uninterrupted,
): Promise<Generated> {
  const rng = createRng(options.seed);
  const sequence = withSoft(options, options.soft);
  const { contextLength } = program.spec;
  checkContext(contextLength, [{ rowId: 'to write from', ids: options.ids, label: null }], [sequence], 0);
  const room = Math.min(options.maxNewTokens, (contextLength ?? Number.POSITIVE_INFINITY) - sequence.length);
  const written: number[] = [];
  const end = (stopped: Generated['stopped']): Generated => ({ ids: Int32Array.from(written), stopped });
  let state = await beginning(program, sequence, options.soft);
  while (written.length < room) {
    if (control.requested) return end('cancelled');
    const { id, next } = await nextToken(program, state, options, rng);
    if (options.endTokenIds.includes(id)) return end('end');
    written.push(id);
    onToken(id);
    state = next;
    await breathe();
  }
  return end('length');
}

/** Tokens still to run, after a past. */
interface State {
  readonly tokens: MixedTokens;
  readonly past: KvRow | null;
}

async function beginning(program: Program, sequence: MixedTokens, soft: SoftPrompt | null): Promise<State> {
  const split = takesPast(program.spec) ? Math.max(0, sequence.length - MAX_RUN_TOKENS) : 0;
  const past = split > 0 ? await prefill(program, sequence.subarray(0, split), soft) : null;
  return { tokens: sequence.subarray(split), past };
}

async function nextToken(program: Program, { tokens, past }: State, options: GenerateOptions, rng: Rng) {
  const sequence = { tokens, past, reads: [tokens.length - 1] };
  const keepPresent = takesPast(program.spec);
  const { logits, present: kv } = await run(program, [sequence], {
    soft: options.soft,
    candidates: null,
    objective: null,
    keepPresent,
  });
  const id = sampleToken(logits, options, rng);
  const next: State = keepPresent
    ? { tokens: Int32Array.of(id), past: present(kv[0], 'keys and values') }
    : { tokens: Int32Array.from([...tokens, id]), past: null };
  return { id, next };
}

export interface WriteOptions extends RowOptions {
  readonly maxNewTokens: number;
  /** A row ends before the first of these. */
  readonly endTokenIds: ReadonlySet<number>;
  /** A row also ends before the first of these, except at its start, where they are dropped. */
  readonly breakTokenIds: ReadonlySet<number>;
  /** Rows in progress count by their share of `maxNewTokens`. */
  readonly onProgress?: (rowsDone: number) => void;
}

/**
 * Continues each row with the most likely tokens, many rows side by side. Returns them in the given order, without end
 * tokens.
 * @throws StudioError `too-long`, `cancelled`, and as Runner.run
 */
export async function writeRows(program: Program, options: WriteOptions): Promise<Int32Array[]> {
  const { rows, control = uninterrupted, onProgress = () => {} } = options;
  const { buckets, startAt } = await openRows(program, options, options.maxNewTokens);
  // If positions come from the mask, rows of one run need pasts of equal length, which they would soon lose.
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

/** A row that has not ended: tokens still to run, after a past. */
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
      const id = mostLikely(logits.subarray(i * columns, (i + 1) * columns));
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
