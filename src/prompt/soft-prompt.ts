import { assert } from '../lib/assert';

/**
 * Before the text (which PEFT can load), after it (so the text's keys and values do not depend on the prompt), or between
 * the text and its cue, the template's last line.
 */
export type Placement = (typeof PLACEMENTS)[number];

export const PLACEMENTS = ['prefix', 'suffix', 'infix'] as const;

/** Where the vectors are, in words. */
export const PLACEMENT_WORDS: Readonly<Record<Placement, string>> = {
  prefix: 'before the text',
  suffix: 'after the text',
  infix: 'between the text and its cue',
};

export interface SoftPrompt {
  readonly placement: Placement;
  /** Row-major `[virtualTokens, hidden]` float32. */
  readonly vectors: Float32Array;
  readonly virtualTokens: number;
  readonly hidden: number;
  /**
   * A soft verbalizer (WARP, Hambardzumyan et al. 2021): `[labels, hidden]` in the order of the labels, added to the output
   * vectors of the answer words, so that the last hidden state h adds h · shift to a label's logit. Left out = the words
   * answer as the model knows them.
   */
  readonly answerShift?: Float32Array;
}

/**
 * The prompt that a run has trained: its vectors, and the shift of its answer words where they were trained too.
 * @throws `internal: …` if the numbers do not form `[virtualTokens, hidden]`
 */
export function trainedPrompt(
  { placement, virtualTokens }: Pick<SoftPrompt, 'placement' | 'virtualTokens'>,
  { vectors, answerShift }: Pick<SoftPrompt, 'vectors' | 'answerShift'>,
): SoftPrompt {
  const hidden = vectors.length / virtualTokens;
  assert(Number.isInteger(hidden) && hidden > 0, `${vectors.length} numbers do not form ${virtualTokens} rows`);
  return { placement, vectors, virtualTokens, hidden, ...(answerShift && { answerShift }) };
}

/** A matrix from a file; the placement it was trained for is stored elsewhere. */
export interface VectorTable {
  readonly vectors: Float32Array<ArrayBuffer>;
  readonly virtualTokens: number;
  readonly hidden: number;
}

/** The vectors times a factor: PEFT's come before what Granite multiplies its input embeddings by, ours after it. */
export const scaledVectors = (table: VectorTable, factor: number): VectorTable =>
  factor === 1 ? table : { ...table, vectors: table.vectors.map((value) => value * factor) };

/** Limits that keep a hostile header from allocating gigabytes. */
const MAX_VIRTUAL_TOKENS = 1024;
const MAX_HIDDEN = 65_536;

/** Why a shape cannot be a soft prompt's; null = it can. */
export function shapeProblem(shape: readonly number[]): string | null {
  const [virtualTokens = 0, hidden = 0] = shape;
  if (shape.length !== 2) return `has ${shape.length} axes instead of 2 (virtual tokens, hidden)`;
  if (!shape.every((size) => Number.isSafeInteger(size) && size > 0)) return `has the shape [${shape.join(', ')}]`;
  if (virtualTokens > MAX_VIRTUAL_TOKENS)
    return `has ${virtualTokens} virtual tokens; at most ${MAX_VIRTUAL_TOKENS} are read`;
  return hidden > MAX_HIDDEN ? `has ${hidden} numbers per vector; at most ${MAX_HIDDEN} are read` : null;
}

export const allFinite = (vectors: Float32Array): boolean => vectors.every(Number.isFinite);
