/** softprompt.js: runs the prompt of prompt.json in a web page, on ONNX Runtime Web. Made by Softprompt Studio. */

/** A text, or the cells of a row by column with the text as `text`. */
export type Row = string | Readonly<Record<string, string>>;

export interface Options {
  /**
   * Address of the model's folder, in the hub's layout: config.json, tokenizer.json, onnx/. On another site it must allow
   * this one (CORS). It must have the weights that the prompt was trained on.
   */
  readonly model: string | URL;
  /** Address of prompt.json, or its content. Left out: prompt.json beside this module. */
  readonly prompt?: string | URL | object;
  /**
   * When the hand-written prompt of the file answers. Left out: as the policy of its stage says, where the file has one, else
   * `errors`. `errors`: where the prompt fails: it takes longer than
   * `timeoutMs`, its check rows come out differently here, other weights are loaded, or the model cannot run it. `unsure`:
   * also below the threshold. `none`: never.
   */
  readonly fallback?: 'errors' | 'unsure' | 'none';
  /**
   * Per cent of the texts that the prompt answers; the hand-written prompt of the file answers the others. A hash decides, so
   * that a text stays on its side, and a larger share holds the smaller one. Left out: all.
   */
  readonly share?: number;
  /** Column whose cell is hashed in place of the text, such as a customer's number. */
  readonly shareBy?: string;
  /** Below this probability an answer has `needsReview`: ask a person. Left out: the prompt's own; 0 takes every answer. */
  readonly threshold?: number;
  /** Milliseconds that an answer may take before the fallback is asked. Left out: as long as it takes. */
  readonly timeoutMs?: number;
  /** Replay the check rows before the first answer. Default: true, which takes about a dozen answers once. */
  readonly check?: boolean;
  /** Threads of ONNX Runtime; more than one need a page that is cross-origin isolated. */
  readonly threads?: number;
  /** How much of the model has been loaded, in bytes. */
  readonly onProgress?: (progress: { readonly received: number; readonly total: number }) => void;
}

/** Why the hand-written prompt answered. */
export type FallbackReason =
  | 'unsure'
  | 'time-out'
  | 'check-rows'
  | 'missing'
  | 'other-model'
  | 'engine-error'
  | 'share';

interface Facts {
  /** "tuned 3". */
  readonly version: string;
  readonly route: 'untuned' | 'hand-written' | 'tuned' | 'hybrid' | 'ensemble' | 'combined' | 'probe' | 'counts';
  readonly fallbackReason?: FallbackReason;
  /** That the model read. */
  readonly tokens: number;
  readonly latencyMs: number;
  /** Of it, in the model; null where it had this text before. */
  readonly modelMs: number | null;
}

export interface LabelAnswer extends Facts {
  readonly label: string;
  /** By label, calibrated if the prompt is. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** It is less probable than the threshold: ask a person. */
  readonly needsReview: boolean;
}

export interface TagAnswer extends Facts {
  /** Those that are given; empty = none. */
  readonly tags: readonly string[];
  /** Of each label by itself: given from 0.5 on. */
  readonly probabilities: Readonly<Record<string, number>>;
}

export interface TextAnswer extends Facts {
  readonly text: string;
  readonly probabilities: null;
}

/** The check rows as they come out here, beside what the studio got. */
export interface CheckReport {
  /** Whether every label is the same and no probability differs by more than 0.001. */
  readonly ok: boolean;
  /** Largest difference of a probability. */
  readonly largest: number;
  readonly rows: readonly {
    readonly cells: Readonly<Record<string, string>>;
    /** The label, or all that are given; where texts are generated, a fixed text whose probability is compared. */
    readonly expected: string;
    readonly here: string;
    /** In the order of `labels`; where texts are generated, of a token of the fixed text. */
    readonly expectedProbabilities: readonly number[];
    readonly probabilities: readonly number[];
  }[];
}

export interface Softprompt {
  readonly name: string;
  /** The call that answers: one label, all that fit, or a text. */
  readonly task: 'classify' | 'tag' | 'generate';
  /** Empty where texts are generated; of several the last one stands for none of them. */
  readonly labels: readonly string[];
  /** Columns that a row needs besides the text. */
  readonly columns: readonly string[];
  readonly threshold: number | null;
  /** One answer at a time; calls queue. Rejects with an Error whose message is a sentence. */
  classify(row: Row): Promise<LabelAnswer>;
  tag(row: Row): Promise<TagAnswer>;
  generate(row: Row): Promise<TextAnswer>;
  /** The row as the model reads it, without the vectors, and its tokens with them. Asks the model nothing. */
  explain(row: Row): Promise<{ readonly version: string; readonly prompt: string; readonly tokens: number }>;
  check(): Promise<CheckReport>;
  /**
   * Answers so far, and how many were the fallback's, by reason. `shadow`: where both prompts answer and the hand-written one
   * counts, how many rows both answered, how often they said the same, and how often the other one failed.
   */
  counts(): {
    readonly answered: number;
    readonly fallbacks: Readonly<Record<FallbackReason, number>>;
    readonly shadow: { readonly both: number; readonly same: number; readonly failed: number };
  };
  /** Gives the memory back. */
  dispose(): Promise<void>;
}

/** Loads model and prompt. Rejects with an Error whose message is a sentence. */
export function createSoftprompt(options: Options): Promise<Softprompt>;
