import type { LabelWord } from '../task/types';

export interface Tokenizer {
  /** Adds no special tokens. */
  encode(text: string): Int32Array;
  /** Token ids to text; keeps special tokens unless `skipSpecial`. */
  decode(ids: ArrayLike<number>, options?: { skipSpecial?: boolean }): string;
  readonly endTokenIds: readonly number[];
  readonly vocabularySize: number;
  /** The model's chat template around one user message, with the generation prompt; null = the model has none. */
  chat(userMessage: string): string | null;
  /** SHA-256 of tokenizer.json. */
  readonly sha256: string;
}

/** One row of token ids, without virtual tokens. */
export interface TokenRow {
  readonly rowId: string;
  readonly ids: Int32Array;
  /** How many tokens at the end are the cue, where vectors come before it; left out where the row was encoded whole. */
  readonly cue?: number | undefined;
  /** The row with its examples in other orders; the answers of all orders are averaged. */
  readonly otherOrders?: readonly Int32Array[] | undefined;
  /** Index into the label set, or null. */
  readonly label: number | null;
  /** In generation tasks: the expected text after the row, with its end token. */
  readonly target?: Int32Array;
}

/** A label's answer word with its token ids; several ids are scored as a sequence. */
export interface LabelTokens extends LabelWord {
  readonly tokenIds: readonly number[];
}
