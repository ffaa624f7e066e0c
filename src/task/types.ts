/** How often a text is read forwards and backwards to weigh its words under one prompt: at first, and at most. */
export const READINGS = { least: 32, most: 128 };

/** A label and the word that the model answers for it. */
export interface AnswerWord {
  readonly label: string;
  /** With its leading space where the template ends without one, e.g. ` negative`. */
  readonly word: string;
}

/** A hand-written prompt: `{column}` is replaced by the row's cell; `{text}` always by the text column. */
export interface HardPrompt {
  readonly template: string;
  /** Labelled rows put before the row itself, each rendered by the plain template followed by its answer word; 0 = zero-shot. */
  readonly shots: number;
  readonly shotSeed: number;
  /** Which training rows are shown; left out: `balanced`. */
  readonly selection?: ShotSelection | undefined;
  /** In how many orders the examples are shown; the answers' log-probabilities are averaged. Left out: 1. */
  readonly orders?: number | undefined;
  /** Put into the model's chat template, as a user's message; left out: plain text. */
  readonly chat?: boolean | undefined;
  /** The cue is encoded by itself, because vectors come before it; left out: no. */
  readonly splitsCue?: boolean | undefined;
  /** Ids of training rows whose text and label are in the template itself, besides the examples; left out: none. */
  readonly inText?: readonly string[] | undefined;
}

/**
 * `balanced`: one of each label in turn; `random`: as drawn; `nearest`: for each row those that are most like it by the
 * model's own token vectors (after Nori et al. 2023, Medprompt).
 */
export type ShotSelection = 'balanced' | 'random' | 'nearest';

/** Ids of training rows, the most similar first; never the row itself, nor one with the same text. */
export type Neighbours = (rowId: string, count: number) => readonly string[];

/** One row rendered for the model. */
export interface Example {
  readonly rowId: string;
  readonly text: string;
  /** The end of `text` that is encoded by itself; left out where the text is encoded whole. */
  readonly cue?: string | undefined;
  /** The same row with the examples in other orders; left out where there is one order. */
  readonly otherOrders?: readonly string[] | undefined;
  /** Index into the label set, or null when unlabelled. */
  readonly label: number | null;
  /** What should be written right after `text`, where the task is to write. */
  readonly target?: string | undefined;
}

/** Text -> token ids, without special tokens. */
export type Tokenise = (text: string) => ArrayLike<number>;
