import type { ModelInfo } from '../engine/types';
import { type Heads, numbersEach, type Placement } from '../prompt/soft-prompt';
import { addWritten, finishRun, startRun } from '../prompt-set/make-versions';
import { createPromptSet } from '../prompt-set/prompt-set';
import { moveStage } from '../prompt-set/stages';
import type { PromptSet } from '../prompt-set/types';
import { STANDARD } from '../training/settings';

/** For tests only. */
const PLACEMENTS = ['prefix', 'suffix', 'infix'] as const;

/** A set with one hand-written and one tuned version, which is in production; its vectors are drawn by `seed`. @param model with `heads`, they are keys and values */
export function setOf(
  name: string,
  labels: readonly string[],
  { hidden, sha256, heads }: Pick<ModelInfo, 'hidden' | 'sha256'> & { readonly heads?: Heads },
  seed: number,
  task: Partial<Pick<PromptSet, 'kind'>> = {},
): PromptSet {
  const at = (id: string) => ({ id: `${name}-${id}`, now: `2026-01-0${id.length}` });
  let set = createPromptSet(at('a'), {
    name,
    words: labels.map((label) => ({ label, word: label })),
    baseTemplate: 'Message: {text}\nTone:',
    datasetFingerprint: null,
    datasetName: null,
    taken: [],
    ...task,
  });
  set = addWritten(set, at('hh'), { text: { template: 'Say it. {text}\nAnswer:', shots: 0, shotSeed: 0 } }).set;
  const placement: Placement = heads ? 'kv' : (PLACEMENTS[seed % 3] ?? 'suffix');
  const settings = { ...STANDARD, placement } as const;
  const facts = {
    settings,
    template: set.baseTemplate,
    initText: '',
    datasetFingerprint: 'f',
    heldBackHash: 'h',
    splitHash: 's',
  };
  set = startRun(set, at('ttt'), { ...facts, model: { id: 'tiny', sha256, dtype: 'fp32' } }).set;
  const form = { placement, virtualTokens: 4, hidden, ...(heads && { heads }) };
  const vectors = Float32Array.from({ length: 4 * numbersEach(form) }, (_, i) => Math.sin(seed * 100 + i) * 0.3);
  const soft = { ...form, vectors };
  const ended = { status: 'finished' as const, soft, bestStep: 1, validationAccuracy: 1, seconds: 1 };
  set = finishRun(set, `${name}-ttt`, ended, '2026-01-05');
  return moveStage(set, { stage: 'production', to: `${name}-ttt` }, '2026-01-06');
}
