/** A label and the word that stands for it when the model speaks. */
export interface LabelWord {
  readonly label: string;
  /** With its leading space where the template ends without one, e.g. ` negative`. */
  readonly word: string;
}

/** A hand-written prompt: `{column}` is replaced by the row's cell; `{text}` always by the text column. */
export interface HardPrompt {
  readonly template: string;
  /** Labelled rows put before the row itself, each rendered by the bare template followed by its answer word; 0 = zero-shot. */
  readonly shots: number;
  readonly shotSeed: number;
}

/** One row rendered for the model. */
export interface Example {
  readonly rowId: string;
  readonly text: string;
  /** Index into the label set, or null when unlabelled. */
  readonly label: number | null;
}
