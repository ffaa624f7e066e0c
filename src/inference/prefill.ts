import { present } from '../lib/assert';
import type { SoftPrompt } from '../prompt/types';
import { breathe, type Control, throwIfInterrupted, uninterrupted } from './control';
import type { KvRow } from './kv';
import { MAX_RUN_TOKENS } from './limits';
import { type Program, run } from './run';
import type { MixedTokens } from './sequence';

/**
 * Keys and values of one sequence after its past, computed in pieces that fit a run.
 * @throws StudioError `cancelled` between two pieces, and as Runner.run
 */
export async function prefill(
  program: Program,
  tokens: MixedTokens,
  soft: SoftPrompt | null,
  past: KvRow | null = null,
  control: Control = uninterrupted,
): Promise<KvRow> {
  let kv = past;
  for (let from = 0; from < tokens.length; from += MAX_RUN_TOKENS) {
    const piece = tokens.subarray(from, from + MAX_RUN_TOKENS);
    // The head must be asked for something; one candidate costs nothing.
    const sequence = { tokens: piece, past: kv, reads: [piece.length - 1] };
    const outcome = await run(program, [sequence], { soft, candidates: [0], objective: null, keepPresent: true });
    kv = present(outcome.present[0], 'keys and values');
    await breathe();
    throwIfInterrupted(control);
  }
  return present(kv, 'a sequence to prefill');
}
