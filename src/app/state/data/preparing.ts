/** From a table to a prepared data set that the prompt set keeps: what opening and changing rows have in common. */
import type { StoreApi } from 'zustand/vanilla';
import { draftOf } from '../../../dataset/columns';
import { blockingIssue } from '../../../dataset/lint/define';
import type { PrepareOptions } from '../../../dataset/prepare';
import type { ColumnMapping, Dataset, DataVersion, Table } from '../../../dataset/types';
import { freshVersion } from '../../../dataset/versions';
import { asStudioError } from '../../../lib/errors';
import { toastError } from '../../ui/toast';
import { navigate, screenOfNew, screenPath } from '../location';
import type { ProjectStore } from '../project-store';
import type { Services } from '../services';
import type { DataState, Prepared } from './data-state';

const SEED = 0;

export const now = (): string => new Date().toISOString();

interface How extends Omit<PrepareOptions, 'seed'> {
  readonly seed?: number;
  /** What the version is called, if the rows differ from those before. */
  readonly what: string;
  readonly before?: readonly DataVersion[];
}

export interface Preparing {
  /** Starts a piece of work on the rows and aborts the one before. */
  readonly begin: () => AbortSignal;
  /** Null when a later piece of work has replaced it. */
  readonly prepare: (table: Table, mapping: ColumnMapping, how: How) => Promise<Prepared | null>;
  /** Keeps a prepared data set in the open prompt set, or makes one for it; false where an issue blocks it. */
  readonly keep: (prepared: Prepared, how?: { readonly sameHeldBack?: boolean }) => Promise<boolean>;
  /** Shows a data set that came from the disk or from another tab: its issues are found again, its split stays. */
  readonly adopt: (dataset: Dataset) => Promise<Prepared>;
  /** Whether the prompt set has this data set from here, so that it need not be adopted. */
  readonly isOwn: (dataset: Dataset) => boolean;
  readonly failed: (fileName: string, cause: unknown) => void;
}

/** "tickets-2026.csv" -> "Tickets 2026". */
export function nameFromFile(fileName: string): string {
  const words = fileName
    .replace(/\.[^.]+$/, '')
    .replace(/[-_.]+/g, ' ')
    .trim();
  return words === '' ? 'Untitled' : words[0]?.toUpperCase() + words.slice(1);
}

export function preparing(
  services: Services,
  project: ProjectStore,
  {
    set,
    get,
  }: {
    readonly set: StoreApi<DataState>['setState'];
    readonly get: () => DataState;
  },
): Preparing {
  let current = new AbortController();
  let own: Dataset | null = null;

  const begin = () => {
    current.abort();
    current = new AbortController();
    return current.signal;
  };

  return {
    begin,

    prepare: async (table, mapping, { seed = SEED, what, before, ...how }) => {
      const signal = begin();
      set({ preparing: true });
      try {
        const found = await services.workflow.call('prepare', { table, mapping, seed, ...how }, { signal });
        if (signal.aborted) return null;
        const prepared = { ...found, dataset: freshVersion(found.dataset, what, now(), before) };
        set({ preparing: false, prepared, mapping: draftOf(mapping) });
        return prepared;
      } catch (cause) {
        if (signal.aborted) return null;
        throw cause;
      }
    },

    keep: async ({ dataset, issues }, how = {}) => {
      const { fileName } = dataset.table.format;
      if (blockingIssue(issues)) return false; // shown, with what to do; the prompt set keeps the rows that it has
      own = dataset;
      const { set: open } = project.getState();
      if (open) {
        await project.getState().setRows(open.id, dataset, { datasetName: fileName, ...how });
      } else {
        const made = await project.getState().create({ name: nameFromFile(fileName), dataset, datasetName: fileName });
        // the id comes into the address where the user is by now; who has left is not called back
        const screen = screenOfNew();
        if (screen) navigate(screenPath(made.id, screen), { replace: true });
        void services.store.persist();
      }
      return true;
    },

    adopt: async (dataset) => {
      const { table, mapping, seed, split, splitBy } = dataset;
      const signal = begin();
      set({ table, mapping: draftOf(mapping), canReread: false, preparing: true });
      const params = { table, mapping, seed, fixedSplit: split, ...(splitBy ? { splitBy } : {}) };
      const found = await services.workflow.call('prepare', params);
      // stored before there were versions: what is there now is the first one
      const known = dataset.versions ? dataset : freshVersion(dataset, `${table.format.fileName} opened`, now());
      const prepared = { ...found, dataset: known };
      if (!signal.aborted) set({ prepared, preparing: false });
      return prepared;
    },

    isOwn: (dataset) => dataset === own || dataset === get().prepared?.dataset,

    failed: (fileName, cause) => {
      const { message } = asStudioError(cause);
      const title = `${fileName} was not opened`;
      set({ reading: null, preparing: false, failure: { title, message } });
      // Home and Data show it in their own place
      if (!/^#?\/?$|\/data\b/.test(location.hash)) toastError(title, message);
    },
  };
}
