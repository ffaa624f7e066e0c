/** Times that a text is read forwards and backwards to weigh its words under one prompt. */
export const READINGS = { least: 32, most: 128 };

export interface AnswerWord {
  readonly label: string;
  /** With its leading space where the template ends without one, e.g. ` negative`. */
  readonly word: string;
}

/** `{column}` is replaced by the row's cell, `{text}` by that of the text column. */
export interface PromptText {
  readonly template: string;
  /** Examples before the row, each by the plain template followed by its answer word. */
  readonly shots: number;
  readonly shotSeed: number;
  /** Undefined: `balanced`. */
  readonly selection?: ShotSelection | undefined;
  /** Orders of the examples, over which log-probabilities are averaged. Undefined: 1. */
  readonly orders?: number | undefined;
  /** In the model's chat template, as a user's message. */
  readonly chat?: boolean | undefined;
  /** The cue is encoded by itself, because vectors come before it. */
  readonly splitsCue?: boolean | undefined;
  /** Ids of training rows whose text and label are in the template itself. */
  readonly inText?: readonly string[] | undefined;
}

/** `nearest`: those most like the row by the model's own token vectors (after Nori et al. 2023, Medprompt). */
export type ShotSelection = 'balanced' | 'random' | 'nearest';

/** Ids of training rows, the most similar first; never the row itself, nor one with its text. */
export type Neighbours = (rowId: string, count: number) => readonly string[];

export interface Example {
  readonly rowId: string;
  readonly text: string;
  /** The end of `text` that is encoded by itself. */
  readonly cue?: string | undefined;
  /** With the examples in other orders. */
  readonly otherOrders?: readonly string[] | undefined;
  /** Index into the label set. */
  readonly label: number | null;
  /** All labels of a row that may have several, without the one that stands for none. */
  readonly tags?: readonly number[] | undefined;
  /** The expected text right after `text`. */
  readonly target?: string | undefined;
}

/** Without special tokens. */
export type Tokenise = (text: string) => ArrayLike<number>;
