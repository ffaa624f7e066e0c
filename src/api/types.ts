/**
 * Trains, compares and uses soft prompts. `softprompt/worker` has the same functions, with the engine in a worker. State is in
 * two values alone: a `Model`, which holds memory until it is disposed of, and a `Prompt`, which answers by its model.
 * @module softprompt
 */

// This file imports nothing, so that a page can be given these types by themselves.

/** What calls reject with. The message is a sentence for people. */
export interface SoftpromptError extends Error {
  /**
   * `cancelled` after an abort, `bad-input` for what the caller gave, `model-download`, `model-missing-file`, `model-corrupt`,
   * `model-unsupported`, `session-failed`, `out-of-memory`, `device-lost`, `worker-died`, `too-long`, `diverged`; `internal` for
   * a defect of this package.
   */
  readonly code: string;
  /** Facts for programs, e.g. the file that is missing. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Stored weights, as transformers.js names them. Computation is in float32. */
export type Dtype = 'fp32' | 'fp16' | 'q8' | 'int8' | 'uint8' | 'q4' | 'q4f16' | 'bnb4';

/**
 * Where a model is: an id on the hub (`HuggingFaceTB/SmolLM2-135M-Instruct`), the address of a folder in the hub's layout, files
 * that a user chose, or (Node) a folder on the disk.
 */
export type ModelSource = string | URL | readonly File[];

/** Which files of a model, and what computes. Everything may be left out. */
export interface OpenOptions {
  /** Left out: the smallest file that is exact enough: q4, then fp32, fp16, q4f16, q8. */
  readonly dtype?: Dtype | undefined;
  /** `auto` (default): a graphics device where the browser has one that computes this model rightly, else WebAssembly. */
  readonly device?: 'auto' | 'wasm' | 'webgpu' | undefined;
  /** Default: up to 4. A page that is not cross-origin isolated has one, and `Model.note` says so. */
  readonly threads?: number | undefined;
  /** Branch, tag or commit on the hub. Default: `main`. */
  readonly revision?: string | undefined;
  /** Of a repository on the hub. */
  readonly subfolder?: string | undefined;
  /** Of the hub, or a mirror. Default: `https://huggingface.co`. */
  readonly endpoint?: string | undefined;
  /** Keep downloaded files: in the browser's cache, in Node in `~/.cache/softprompt`. Default: true. */
  readonly cache?: boolean | undefined;
  /** Folder of ONNX Runtime's files, where a bundler has moved them from beside this module. */
  readonly wasmPaths?: string | URL | undefined;
  /** As bytes arrive, from the cache too. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Ends the download. */
  readonly signal?: AbortSignal | undefined;
}

/** How far a download is: the file that is arriving, and bytes of all files together. */
export interface LoadProgress {
  readonly file: string;
  readonly received: number;
  readonly total: number;
}

/** A frozen language model in memory. One call runs at a time; others wait. */
export interface Model extends Disposable, AsyncDisposable {
  readonly id: string;
  readonly dtype: string;
  /** SHA-256 over the files under `onnx/`: vectors belong to these weights. */
  readonly sha256: string;
  readonly device: 'wasm' | 'webgpu';
  readonly threads: number;
  readonly parameters: number;
  /** Numbers of one vector. */
  readonly hidden: number;
  readonly layers: number;
  /** Tokens; null where neither graph nor config.json says. */
  readonly contextLength: number | null;
  readonly loadSeconds: number;
  /** Why it is slower than it could be: one thread, or no graphics device. Null where nothing is to be said. */
  readonly note: string | null;
  /** Gives the memory back. What is asked later rejects with `bad-input`. */
  dispose(): Promise<void>;
}

/** A row by column. Cells are texts; where several labels fit, an array of them. */
export type Row = Readonly<Record<string, string | readonly string[]>>;

/** Rows, or a file of them: CSV, TSV, JSON, JSON Lines or XLSX. */
export type Rows = readonly Row[] | Blob;

/** One label a row, every label that fits, or a text. */
export type TaskKind = 'classify' | 'tag' | 'generate';

/** How a prompt is trained. Everything may be left out. */
export interface TrainOptions {
  /** Of the prompt and its files. Default: the file's name, or `rows`. */
  readonly name?: string | undefined;
  /** Default: `classify`. */
  readonly task?: TaskKind | undefined;
  /** Default: `text`, and `label` (`target` where texts are generated). */
  readonly columns?: { readonly text?: string | undefined; readonly label?: string | undefined } | undefined;
  /** Default: `auto`, where the best of several starts goes on; for labels alone. */
  readonly preset?: 'quick' | 'standard' | 'auto' | 'thorough' | undefined;
  /** Your hand-written prompt with `{text}`, which comparisons are made with. Left out: a simple one. */
  readonly prompt?: string | undefined;
  /** Answer word by label. Left out: single tokens, or words that are found where labels are none. */
  readonly words?: Readonly<Record<string, string>> | undefined;
  /** Vectors. Default: 10; with `quick` 4. */
  readonly virtualTokens?: number | undefined;
  /** Of 8 rows, with `thorough` 16. Default: 150; with `quick` 60, with `thorough` 300. */
  readonly steps?: number | undefined;
  /** Peak. Default: 0.07 of the token embedding's root mean square. */
  readonly learningRate?: number | undefined;
  /**
   * Vectors after the text, between it and its last line (`infix`), as keys and values of every layer there (`kv`), or before
   * the text (as PEFT has them; a step takes four times as long).
   * Left out: after it, or, with `auto`, where validation rows find them better.
   */
  readonly placement?: 'suffix' | 'infix' | 'kv' | 'prefix' | undefined;
  /** Everything random: split, order, starts. The same rows and seed give the same vectors. Default: 0. */
  readonly seed?: number | undefined;
  /** `share`: 35% of the rows, and at least 60 of 120 or more, are held out, in `Prompt.heldOut`. Default: none is. */
  readonly heldOut?: 'share' | 'none' | undefined;
  /** Throws the run away. `Training.stop` keeps what it has reached. */
  readonly signal?: AbortSignal | undefined;
}

/** What a run tells as it goes, by `kind`. */
export type TrainEvent =
  /** A decision or a stage, as a sentence. */
  | { readonly kind: 'note'; readonly text: string }
  /** Texts are read once; their keys and values are kept. */
  | { readonly kind: 'reading'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly steps: number;
      /** Mean cross-entropy of the batch, in nats. */
      readonly loss: number;
      readonly secondsLeft: number | null;
    }
  /** On validation rows: accuracy where labels are chosen, micro-F1 of tags, share of right tokens of texts. */
  | {
      readonly kind: 'validation';
      readonly step: number;
      readonly loss: number;
      readonly score: number;
      readonly best: boolean;
    };

/** A run. It starts at once; iterating shows it, and ends with the prompt. */
export interface Training extends AsyncIterable<TrainEvent, Prompt> {
  readonly prompt: Promise<Prompt>;
  /** After the step that is running; the best step so far is kept. */
  stop(): void;
}

/** A text, or the cells of a row by column with the text as `text`. */
export type Asked = string | Readonly<Record<string, string>>;

/** Of a call that asks the model. */
export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
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

/** Of every answer. */
export interface Answer {
  /** "tuned 3". */
  readonly version: string;
  readonly route: 'untuned' | 'hand-written' | 'tuned' | 'hybrid' | 'ensemble' | 'combined' | 'probe' | 'counts';
  readonly fallbackReason?: FallbackReason;
  /** Of the version on trial, where both answer and the hand-written one counts. */
  readonly shadow?:
    | { readonly label: string; readonly probabilities: readonly number[] }
    | { readonly text: string }
    | { readonly failed: string };
  /** That the model read. */
  readonly tokens: number;
  readonly latencyMs: number;
  /** Of it, in the model; null where it had this text before. */
  readonly modelMs: number | null;
}

export interface LabelAnswer extends Answer {
  readonly label: string;
  /** Of that label. */
  readonly probability: number;
  /** By label, calibrated if the prompt is. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** False: less probable than the threshold, so ask a person. */
  readonly sure: boolean;
}

export interface TagAnswer extends Answer {
  /** Those that are given; empty = none. */
  readonly tags: readonly string[];
  /** Of each label by itself: given from 0.5 on. */
  readonly probabilities: Readonly<Record<string, number>>;
}

export interface TextAnswer extends Answer {
  readonly text: string;
}

/** The check rows as they come out here, beside what was recorded when the prompt was made. */
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

/** Contents by path. */
export type Files = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** What may go into files. */
export interface FileOptions {
  /** You agree that rows which the prompt is made of, such as its examples, go along. */
  readonly withRows?: boolean | undefined;
}

/**
 * `package`: prompt.json with a README, programs for Python and Node, and PEFT's files where it fits. `page`: that prompt in a
 * web page, without this package. `peft`: an adapter folder, for vectors before the text. `text`, `chat`, `promptfoo`: for
 * prompts without vectors.
 */
export type FileKind = 'package' | 'page' | 'peft' | 'text' | 'chat' | 'promptfoo';

/** Who answers, and when. Everything may be left out. */
export interface LoadOptions {
  /**
   * When the hand-written prompt of the file answers. Left out: as the policy of its stage says, where the file has one, else
   * `errors`. `errors`: where the prompt fails: it takes longer than `timeoutMs`, its check rows come out differently here,
   * other weights are loaded, or the model cannot run it. `unsure`: also below the threshold. `none`: never.
   */
  readonly fallback?: 'errors' | 'unsure' | 'none' | undefined;
  /**
   * Per cent of the texts that the prompt answers; the hand-written prompt of the file answers the others. A hash decides, so
   * that a text stays on its side, and a larger share holds the smaller one. Left out: all.
   */
  readonly share?: number | undefined;
  /** Column whose cell is hashed in place of the text, such as a customer's number. */
  readonly shareBy?: string | undefined;
  /** Below this probability an answer is not `sure`. Left out: the prompt's own; 0 takes every answer. */
  readonly threshold?: number | undefined;
  /** Milliseconds that an answer may take before the fallback is asked. Left out: as long as it takes. */
  readonly timeoutMs?: number | undefined;
  /** Replay the check rows before the first answer. Default: true, which takes about a dozen answers once. */
  readonly check?: boolean | undefined;
}

/** What answers: a text with vectors, answer words and calibration, for one task. */
export interface Prompt {
  readonly name: string;
  /** Which call answers: `classify`, `tag`, or for texts `write` and `generate`. */
  readonly task: TaskKind;
  /** Empty where texts are generated. */
  readonly labels: readonly string[];
  /** Columns that a row needs besides the text. */
  readonly columns: readonly string[];
  readonly threshold: number | null;
  /** The text with `{text}`. */
  readonly template: string;
  /**
   * `[virtual tokens, hidden]`; of keys and values `[layers, 2, key-value heads, virtual tokens, head size]`, keys before
   * values; null for a prompt without vectors.
   */
  readonly vectors: { readonly shape: readonly number[]; readonly data: Float32Array } | null;
  /** The same text without its vectors, to show what they do; null for a prompt without vectors. */
  readonly untuned: Prompt | null;
  /** Rows that training held out (`heldOut: 'share'`), for `compare`; else empty. */
  readonly heldOut: Rows;
  /** In the order of the rows. Rejects with `bad-input` for a row that cannot be asked. */
  classify(rows: readonly Asked[], options?: AskOptions): Promise<readonly LabelAnswer[]>;
  /** Every label that fits each row. Rejects as `classify` does. */
  tag(rows: readonly Asked[], options?: AskOptions): Promise<readonly TagAnswer[]>;
  /** One text a row, whole. Rejects as `classify` does. */
  write(rows: readonly Asked[], options?: AskOptions): Promise<readonly TextAnswer[]>;
  /** One text in pieces, as it comes. No other prompt answers where it fails. */
  generate(row: Asked, options?: AskOptions): AsyncIterable<string>;
  /** The row as the model reads it, without the vectors, and its tokens with them. Asks the model nothing. */
  explain(row: Asked): Promise<{ readonly version: string; readonly prompt: string; readonly tokens: number }>;
  /** Asks the check rows of the file here: about a dozen answers. */
  check(): Promise<CheckReport>;
  /** Answers so far, and how many were the fallback's, by reason; with a version on trial, how often both agreed. */
  counts(): {
    readonly answered: number;
    readonly fallbacks: Readonly<Record<FallbackReason, number>>;
    readonly shadow: { readonly both: number; readonly same: number; readonly failed: number };
  };
  /** Rejects with `bad-input` where the prompt does not fit the kind, or is made of rows that you have not agreed to. */
  toFiles(kind: FileKind, options?: FileOptions): Promise<Files>;
}

/** A measured value. Shares, and F1 and ROUGE-L, lie between 0 and 1. */
export interface Figure {
  readonly value: number;
  /** 95% interval. */
  readonly interval: { readonly low: number; readonly high: number };
}

/** What a comparison rests on. Everything may be left out where the first prompt was trained here. */
export interface CompareOptions {
  /** Calibration and reference lines rest on them. Left out: the rows that the first prompt was trained on here. */
  readonly trainingRows?: Rows | undefined;
  readonly columns?: TrainOptions['columns'];
  /** `fraction` is of the whole comparison, 0 to 1; null where it is not known. */
  readonly onProgress?: ((progress: { readonly note: string; readonly fraction: number | null }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The studio's comparison on test rows. */
export interface Report {
  /**
   * `combined-better`, `tuned-better`, `hybrid-better`, `yours-better`, `text-does-as-well`, `examples-do-as-well`,
   * `words-do-as-well`, `probe-better`, `nothing-beats-majority` or `no-clear-difference`.
   */
  readonly verdict: string;
  /** In a sentence. */
  readonly headline: string;
  /** Test rows that every prompt answered. */
  readonly rows: number;
  /** Test rows that were left out, as their text is that of a training row. */
  readonly repeats: number;
  /** Every prompt that took part, also those that the studio adds: without vectors, with examples, word counts, a linear probe. */
  readonly prompts: readonly {
    readonly id: string;
    readonly name: string;
    /** Labels: `accuracy`, `macroF1`; tags: `microF1`, `macroF1`, `subsetAccuracy`; texts: `rougeL`, `tokenF1`, `exactMatch`, `perplexity`. */
    readonly metrics: Readonly<Record<string, Figure>>;
  }[];
  /** B minus A on the same rows, by the ids of `prompts`; the first is the headline. */
  readonly differences: readonly {
    readonly a: string;
    readonly b: string;
    /** With the p value of a test, where there is one, as if it were the only one. */
    readonly metrics: Readonly<Record<string, Figure & { readonly p?: number }>>;
    /** Of accuracy, or of tags' micro-F1: corrected for all differences here, by Holm, as the verdict needs it. Null for texts. */
    readonly pCorrected: number | null;
  }[];
  /** The tuned prompt as it was compared: calibrated on validation rows, with these results in its files. */
  readonly tuned: Prompt | null;
  /** The report to read or to keep, without any row. */
  toText(format: 'html' | 'markdown' | 'json'): Promise<string>;
}

/**
 * Loads a model. Rejects with `model-*` for its files, with `session-failed` or `out-of-memory` where it cannot be held, with
 * `bad-input` for options.
 */
export type OpenModel = (source: ModelSource, options?: OpenOptions) => Promise<Model>;
/**
 * Trains vectors on rows; a part of them is kept for validation. It never throws: `Training.prompt` and the iteration reject,
 * with `bad-input` for rows and options, `diverged`, or `cancelled`.
 */
export type Train = (model: Model, rows: Rows, options?: TrainOptions) => Training;
/**
 * Compares prompts on rows that no choice rests on: those that a prompt has learned from are left out. The first prompt with
 * vectors is Tuned, the first text is Yours. Rejects with `bad-input` where training rows are missing, or no test row is left.
 */
export type Compare = (
  model: Model,
  testRows: Rows,
  prompts: readonly (Prompt | { readonly template: string; readonly name?: string })[],
  options?: CompareOptions,
) => Promise<Report>;
/** The address of prompt.json or of a zip, or (Node) its path or its folder's; such a file; files by path; or prompt.json as it was parsed. */
export type PromptSource = string | URL | Blob | Files | { readonly format: 'softprompt' };

/**
 * Reads an exported prompt, and checks that it fits the model. Rejects with `bad-input` for files that are no prompt and for
 * vectors of another width, with `model-corrupt` for another tokenizer. Other weights of the same width show in the check rows.
 */
export type LoadPrompt = (model: Model, files: PromptSource, options?: LoadOptions) => Promise<Prompt>;
