import { present } from '../lib/assert';
import { breathe, type Polled, throwIfInterrupted, uninterrupted } from '../lib/control';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { commonPrefixLength, type MixedTokens } from './feeds';
import { type KvRow, kvBytesPerToken, truncated } from './kv';
import { MAX_RUN_TOKENS, type Program, run } from './run';

/** Keys and values of one sequence after its past, in pieces that fit a run. @throws `cancelled`, and as Runner.run */
export async function prefill(
  program: Program,
  tokens: MixedTokens,
  soft: SoftPrompt | null,
  past: KvRow | null = null,
  control: Polled = uninterrupted,
): Promise<KvRow> {
  let kv = past;
  for (let from = 0; from < tokens.length; from += MAX_RUN_TOKENS) {
    const piece = tokens.subarray(from, from + MAX_RUN_TOKENS);
    // The head needs a read; one candidate is cheap.
    const sequence = { tokens: piece, past: kv, reads: [piece.length - 1] };
    const outcome = await run(program, [sequence], { soft, candidates: [0], objective: null, keepPresent: true });
    kv = present(outcome.present[0], 'keys and values');
    await breathe();
    throwIfInterrupted(control);
  }
  return present(kv, 'a sequence to prefill');
}

const MAX_BYTES = 64 * 1024 * 1024;

interface Entry {
  readonly tokens: MixedTokens;
  /** The vectors of the virtual tokens among them; null = none. */
  readonly vectors: Float32Array | null;
  readonly kv: KvRow;
}

/**
 * Keeps keys and values of text beginnings (an instruction with its examples, a text being typed) between requests, so that
 * a sequence with a known beginning costs only the rest. Drops the least recently used first. Rounding may depend on
 * history, so this is for scoring, never for training.
 */
export class PrefixCache {
  /** Least recently used first. */
  #entries: readonly Entry[] = [];

  /** Keys and values of all these tokens. @throws StudioError `cancelled`, and as Runner.run */
  async fetch(
    program: Program,
    tokens: MixedTokens,
    soft: SoftPrompt | null,
    control: Polled = uninterrupted,
  ): Promise<KvRow> {
    const vectors = soft && tokens.some((token) => token < 0) ? soft.vectors : null;
    const best = this.#entries
      .map((entry) => ({ entry, length: commonLength(entry, tokens, vectors) }))
      .reduce((a, b) => (b.length > a.length ? b : a), { entry: null as Entry | null, length: 0 });
    const known = best.entry ? truncated(best.entry.kv, best.length) : null;
    if (known && best.length === tokens.length) {
      this.#keep(program, [best.entry as Entry]);
      return known;
    }
    const kv = await prefill(program, tokens.subarray(best.length), soft, known, control);
    this.#keep(program, [...(best.entry ? [best.entry] : []), { tokens, vectors, kv }]);
    return kv;
  }

  clear(): void {
    this.#entries = [];
  }

  #keep({ spec }: Program, used: readonly Entry[]): void {
    let bytes = 0;
    const fits = ({ kv }: Entry) => {
      bytes += kv.stride * kvBytesPerToken(spec);
      return bytes <= MAX_BYTES;
    };
    const recent = [...used.toReversed(), ...this.#entries.filter((entry) => !used.includes(entry)).toReversed()];
    this.#entries = recent.filter(fits).reverse();
  }
}

function commonLength(entry: Entry, tokens: MixedTokens, vectors: Float32Array | null): number {
  const length = commonPrefixLength([entry.tokens, tokens]);
  const sameVectors =
    entry.vectors?.length === vectors?.length && (vectors ?? []).every((x, i) => x === entry.vectors?.[i]);
  if (sameVectors) return length;
  const virtual = tokens.subarray(0, length).findIndex((token) => token < 0);
  return virtual < 0 ? length : virtual;
}
