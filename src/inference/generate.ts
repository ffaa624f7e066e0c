import { present } from '../lib/assert';
import { createRng, type Rng } from '../lib/rng';
import type { SoftPrompt } from '../prompt/types';
import { breathe, type Control, uninterrupted } from './control';
import type { KvRow } from './kv';
import { MAX_RUN_TOKENS } from './limits';
import { prefill } from './prefill';
import { takesPast } from './program';
import { checkContext } from './rows';
import { type Program, run } from './run';
import { sampleToken } from './sample';
import { type MixedTokens, withSoft } from './sequence';

export interface GenerateOptions {
  readonly ids: Int32Array;
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
 * Writes token by token after the text and its soft prompt, each from the keys and values of all before it. `length` is
 * also said where the model's context ends.
 * @throws StudioError `too-long`, and as Runner.run
 */
export async function generate(
  program: Program,
  options: GenerateOptions,
  onToken: (id: number) => void,
  control: Control = uninterrupted,
): Promise<Generated> {
  const rng = createRng(options.seed);
  const sequence = withSoft(options.ids, options.soft);
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

/** Tokens that are not run yet, after a past. */
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
