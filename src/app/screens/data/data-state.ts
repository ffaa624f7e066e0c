/** What the Data screen knows, and what can be done on it. */
import type { StoreApi } from 'zustand/vanilla';
import type { RowQuery } from '../../../dataset/query';
import type { Change, ColumnMapping, SourceFormat, SplitBy, SplitName, Table } from '../../../dataset/types';
import type { PromptSet } from '../../../project/types';
import type { DataMethods } from '../../../worker/protocol';
import type { PreparedData } from '../../../workflow/open-data';

export type Prepared = PreparedData;
export type RowOrder = ReturnType<DataMethods['query']>;
export type TextLengths = ReturnType<DataMethods['textLengths']>;
export type TargetLengths = ReturnType<DataMethods['targetLengths']>;
export type Shares = Readonly<Record<SplitName, number>>;
export type Override = Partial<Pick<SourceFormat, 'delimiter' | 'encoding'>>;

/** A mapping that may still lack its text or label column. */
export interface MappingDraft {
  readonly text: string | null;
  readonly label: string | null;
  readonly id: string | null;
  readonly task?: ColumnMapping['task'];
}

interface SplitChange {
  /** How many rows are held back; the rest is shared 50 : 15 between training and validation. */
  readonly heldBack?: number;
  readonly seed?: number;
  readonly by?: SplitBy;
}

export interface DataState {
  /** The file that is being read, or null. */
  readonly reading: string | null;
  /** How far that is, once it is known. */
  readonly readingShare: { readonly done: number; readonly secondsLeft: number | null } | null;
  readonly preparing: boolean;
  /** A cell whose new text is being taken over. */
  readonly pending: Extract<Change, { readonly kind: 'cell' }> | null;
  /** Why the last file could not be opened; what was open before stays open. */
  readonly failure: { readonly title: string; readonly message: string } | null;
  readonly table: Table | null;
  readonly mapping: MappingDraft;
  readonly prepared: Prepared | null;
  /** Tokens of the texts by fingerprint, once the model's tokenizer is there. */
  readonly lengths: {
    readonly fingerprint: string;
    readonly found: TextLengths;
    /** Of the texts to be written; null where labels are chosen. */
    readonly targets: TargetLengths | null;
  } | null;
  /** The bytes are there, so that delimiter and encoding can be overridden (not after a reload). */
  readonly canReread: boolean;
  readonly openFile: (file: File) => void;
  readonly replaceFile: (file: File) => void;
  readonly openText: (text: string) => void;
  /** Gives up the file that is being read; what was open stays open. */
  readonly stopReading: () => void;
  readonly reread: (override: Override) => Promise<void>;
  readonly map: (change: Partial<MappingDraft>) => Promise<void>;
  /** Shares the rows out anew; what is not named stays as it was. The versions of the rows stay. */
  readonly split: (change: SplitChange) => Promise<void>;
  /** Changes rows; makes a version of the data, which the message about it can undo. One after the other. */
  readonly change: (change: Change) => Promise<void>;
  /** Which rows to show, in which order; null when a newer question has overtaken this one. */
  readonly order: (query: RowQuery) => Promise<RowOrder | null>;
  /** Counts the tokens of the texts that are open, once for each version; needs the model's tokenizer. */
  readonly countTokens: () => Promise<void>;
  /** Opens the bundled sample as a project (the one there is, if there is one). */
  readonly openSample: () => Promise<PromptSet>;
  readonly dismissFailure: () => void;
}

export type DataStore = StoreApi<DataState>;

export const NOTHING: Pick<
  DataState,
  'table' | 'mapping' | 'prepared' | 'lengths' | 'canReread' | 'preparing' | 'pending'
> = {
  table: null,
  mapping: { text: null, label: null, id: null },
  prepared: null,
  lengths: null,
  canReread: false,
  preparing: false,
  pending: null,
};
