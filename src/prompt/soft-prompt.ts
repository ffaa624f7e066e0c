import { assert } from '../lib/assert';

/**
 * Before the text (which PEFT can load), after it (so the text's keys and values do not depend on the prompt), or between
 * the text and its cue, the template's last line: as embeddings, or as the keys and values of every layer (`kv`; prefix
 * tuning, Li & Liang 2021), which no answer has to run.
 */
export type Placement = (typeof PLACEMENTS)[number];

export const PLACEMENTS = ['prefix', 'suffix', 'infix', 'kv'] as const;

/** Where the vectors are, in words. */
export const PLACEMENT_WORDS: Readonly<Record<Placement, string>> = {
  prefix: 'before the text',
  suffix: 'after the text',
  infix: 'between the text and its cue',
  kv: 'as keys and values before the cue',
};

/** The cue is encoded by itself, because the vectors come before it. */
export const splitsCueAt = (placement: Placement): boolean => placement === 'infix' || placement === 'kv';

/** What keys and values were trained for. */
export interface Heads {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Of the first of them: keys that are rotated by their position keep it, so texts are read to end before it. Null = anywhere. */
  readonly position: number | null;
}

/** To each row: keys and values are not run. */
export const tokensAdded = (soft: Pick<SoftPrompt, 'virtualTokens' | 'heads'> | null): number =>
  soft && !soft.heads ? soft.virtualTokens : 0;

/** Positions up to the end of a row. Texts before keys that are rotated end at one of them, however long they are. */
export const positionsOf = (
  { ids, cue = 0 }: { readonly ids: ArrayLike<unknown>; readonly cue?: number | undefined },
  soft: Pick<SoftPrompt, 'virtualTokens' | 'heads'> | null,
): number => (soft ? (soft.heads?.position ?? ids.length - cue) + soft.virtualTokens + cue : ids.length);

/** Of a virtual token: of an embedding, or of the keys and values in all layers. */
export const numbersEach = ({ hidden, heads }: Pick<SoftPrompt, 'hidden' | 'heads'>): number =>
  heads ? 2 * heads.layers * heads.kvHeads * heads.headDim : hidden;

export interface SoftPrompt {
  readonly placement: Placement;
  /** Row-major float32: `[virtualTokens, hidden]`, or `[layers, 2, kvHeads, virtualTokens, headDim]`, keys before values. */
  readonly vectors: Float32Array;
  readonly virtualTokens: number;
  readonly hidden: number;
  /** Exactly where keys and values are placed. */
  readonly heads?: Heads;
  /**
   * A soft verbalizer (WARP, Hambardzumyan et al. 2021): `[labels, hidden]` in the order of the labels, added to the output
   * vectors of the answer words, so that the last hidden state h adds h · shift to a label's logit. Left out = the words
   * answer as the model knows them.
   */
  readonly answerShift?: Float32Array;
}

/**
 * The prompt that a run has trained: its vectors, and the shift of its answer words where they were trained too.
 * @param hidden of the model @throws `internal: …` if there are other numbers
 */
export function trainedPrompt(
  { placement, virtualTokens }: Pick<SoftPrompt, 'placement' | 'virtualTokens'>,
  { vectors, heads, answerShift }: Pick<SoftPrompt, 'vectors' | 'heads' | 'answerShift'>,
  hidden: number,
): SoftPrompt {
  const each = numbersEach({ hidden, ...(heads && { heads }) });
  assert(vectors.length === virtualTokens * each, `${vectors.length} numbers in place of ${virtualTokens} x ${each}`);
  return { placement, vectors, virtualTokens, hidden, ...(heads && { heads }), ...(answerShift && { answerShift }) };
}

/** Why the words of a text cannot be weighed with it; null = they can. */
export const whyUnweighed = ({ heads }: Pick<SoftPrompt, 'heads'>): string | null =>
  heads ? 'Which words decided cannot be told for keys and values: the model reads the text without them.' : null;

/** Of its vectors, as files and programs give it: see `vectors`. */
export const shapeOf = ({
  virtualTokens,
  hidden,
  heads,
}: Omit<SoftPrompt, 'placement' | 'vectors'>): readonly number[] =>
  heads ? [heads.layers, 2, heads.kvHeads, virtualTokens, heads.headDim] : [virtualTokens, hidden];

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
