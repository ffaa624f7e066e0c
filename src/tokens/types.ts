import type { LabelWord } from '../task/types';

export interface Tokenizer {
  /** No special tokens are added. */
  encode(text: string): Int32Array;
  /** Token ids to text; special tokens kept unless `skipSpecial`. */
  decode(ids: ArrayLike<number>, options?: { skipSpecial?: boolean }): string;
  readonly endTokenIds: readonly number[];
  readonly vocabularySize: number;
  /** Renders the model's chat template around one user message, generation prompt added; null when the model has none. */
  chat(userMessage: string): string | null;
  /** SHA-256 of tokenizer.json. */
  readonly sha256: string;
}

/** One row of token ids, without virtual tokens. */
export interface TokenRow {
  readonly rowId: string;
  readonly ids: Int32Array;
  /** The row with its examples in other orders: each is scored, and the answers are averaged. */
  readonly otherOrders?: readonly Int32Array[] | undefined;
  /** Index into the label set, or null. */
  readonly label: number | null;
  /** What should be written after the row, with the token that ends it, where the task is to write. */
  readonly target?: Int32Array;
}

/** A label's answer word with its token ids (several when no single token fits: scored by the whole sequence). */
export interface LabelTokens extends LabelWord {
  readonly tokenIds: readonly number[];
}
