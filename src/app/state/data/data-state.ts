/** The rows that are open: what is known of them, and what can be done with them. */
import type { StoreApi } from 'zustand/vanilla';
import { type MappingDraft, NO_MAPPING } from '../../../dataset/columns';
import type { SplitChange } from '../../../dataset/split-by';
import type { Change, SourceFormat, Table } from '../../../dataset/types';
import type { PromptSet } from '../../../prompt-set/types';
import type { PreparedData } from '../../../workflow/open-data';

export type Prepared = PreparedData;
export type Override = Partial<Pick<SourceFormat, 'delimiter' | 'encoding'>>;

export interface DataState {
  /** The file that is being read, or null. */
  readonly reading: string | null;
  /** How far that is, once it is known. */
  readonly readingShare: { readonly done: number; readonly secondsLeft: number | null } | null;
  readonly preparing: boolean;
  /** A cell whose new text is being saved. */
  readonly pending: Extract<Change, { readonly kind: 'cell' }> | null;
  /** Why the last file could not be opened; the rows that were open stay open. */
  readonly failure: { readonly title: string; readonly message: string } | null;
  readonly table: Table | null;
  readonly mapping: MappingDraft;
  readonly prepared: Prepared | null;
  /** The bytes are there, so that delimiter and encoding can be overridden (not after a reload). */
  readonly canReread: boolean;
  readonly openFile: (file: File) => void;
  readonly replaceFile: (file: File) => void;
  readonly openText: (text: string) => void;
  /** Stops reading the file; the open rows stay open. */
  readonly stopReading: () => void;
  readonly reread: (override: Override) => Promise<void>;
  readonly map: (change: Partial<MappingDraft>) => Promise<void>;
  /** Splits the rows again; what is not named stays as it was, and so do the versions of the rows. */
  readonly split: (change: SplitChange) => Promise<void>;
  /** Changes rows; makes a version of the data, which the message about it can undo. One after the other. */
  readonly change: (change: Change) => Promise<void>;
  /** Opens the bundled sample as a prompt set (the one that exists, if any). */
  readonly openSample: () => Promise<PromptSet>;
  readonly dismissFailure: () => void;
}

export type DataStore = StoreApi<DataState>;

export const NOTHING: Pick<DataState, 'table' | 'mapping' | 'prepared' | 'canReread' | 'preparing' | 'pending'> = {
  table: null,
  mapping: NO_MAPPING,
  prepared: null,
  canReread: false,
  preparing: false,
  pending: null,
};
