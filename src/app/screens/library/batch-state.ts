/** What the Batch tab shows and does. */
import type { LabelScore } from '../../../dataset/predictions-out';
import type { StudioError } from '../../../lib/errors';
import type { PromptSet } from '../../../project/types';
import type { BatchFile } from '../../../worker/protocol';
import type { Reading } from './rows-reader';

/** What became of one row. */
export type Said =
  | { readonly kind: 'label'; readonly label: string; readonly confidence: number }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'left-out'; readonly reason: string };

export interface BatchRun {
  /** "SUPPORT_TONE, production (tuned 3)". */
  readonly who: string;
  readonly status: 'running' | 'stopped' | 'done';
  readonly done: number;
  readonly total: number;
  readonly rowsPerSecond: number;
  readonly secondsLeft: number | null;
  /** Empty where texts are written. */
  readonly labels: readonly string[];
  /** Answers by label. */
  readonly counts: readonly number[];
  /** Rows that were not answered, by the kind of reason. */
  readonly leftOut: readonly (readonly [kind: string, rows: number])[];
  readonly calibrated: boolean;
  /** Of the first rows, to look at; null where not answered (yet). */
  readonly first: readonly (Said | null)[];
}

export interface BatchOptions {
  readonly format: 'csv' | 'jsonl';
  readonly neutralise: boolean;
  readonly bom: boolean;
  /** What the file says of each label, beside the answer. */
  readonly each: LabelScore | 'nothing';
}

export interface BatchState {
  /** The chosen set, in full. */
  readonly set: PromptSet | null;
  /** `stage:production`, or a version's id; null = not chosen yet. */
  readonly which: string | null;
  readonly file: BatchFile | null;
  /** The file that is being read. */
  readonly reading: Reading | null;
  /** Column with the texts. */
  readonly text: string | null;
  readonly run: BatchRun | null;
  readonly options: BatchOptions;
  readonly error: StudioError | null;
  readonly chooseSet: (setId: string, which?: string) => Promise<void>;
  readonly chooseWhich: (which: string) => void;
  readonly openFile: (file: File) => Promise<void>;
  readonly stopReading: () => void;
  readonly chooseText: (column: string) => void;
  /** From the first row, or, after a stop, from where it stood. */
  readonly start: () => Promise<void>;
  readonly stop: () => void;
  readonly change: (options: Partial<BatchOptions>) => void;
  readonly download: () => Promise<void>;
  /** Places of the rows that were not answered, and why, as a file. */
  readonly downloadLeftOut: () => Promise<void>;
  /** Lets the answers go, so that another prompt or file can be chosen; with an undo. */
  readonly discard: () => void;
  readonly clear: () => void;
}
