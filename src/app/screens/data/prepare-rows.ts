/** From a table to a prepared data set that the project keeps: what opening and changing rows have in common. */
import type { StoreApi } from 'zustand/vanilla';
import type { ColumnMapping, Dataset, DataVersion, Issue, SplitBy, Table } from '../../../dataset/types';
import { freshVersion } from '../../../dataset/versions';
import { StudioError } from '../../../lib/errors';
import { navigate, screenOfNew, screenPath } from '../../shell/location';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import { toastError } from '../../ui/toast';
import type { DataState, Prepared, Shares } from './data-state';
import { nameFromFile } from './words';

const SEED = 0;

export const now = (): string => new Date().toISOString();

const isBlocked = (issues: readonly Issue[]) => issues.some(({ severity }) => severity === 'blocking');

interface How {
  readonly shares?: Shares;
  readonly fixedSplit?: Dataset['split'];
  readonly seed?: number;
  readonly splitBy?: SplitBy;
  readonly labelOrder?: readonly string[];
  /** What the version is called, if the rows are others than before. */
  readonly what: string;
  readonly before?: readonly DataVersion[];
}

export interface Preparing {
  /** Ends what is under way: its answer comes too late. Returns what tells whether that has happened to this turn. */
  readonly nextTurn: () => { readonly isOver: () => boolean };
  /** Null when a later change has overtaken it. */
  readonly prepare: (table: Table, mapping: ColumnMapping, how: How) => Promise<Prepared | null>;
  /** Keeps a prepared data set in the open project, or makes one for it. What is blocked makes none. */
  readonly keep: (prepared: Prepared, how?: { readonly sameHeldBack?: boolean }) => Promise<void>;
  /** Shows a data set that came from the disk or from another tab: its issues are found again, its split stays. */
  readonly adopt: (dataset: Dataset) => Promise<Prepared>;
  /** Whether the project has this data set from here, so that it need not be adopted. */
  readonly isOwn: (dataset: Dataset) => boolean;
  readonly failed: (fileName: string, cause: unknown) => void;
}

export function preparing(
  services: Services,
  project: ProjectStore,
  { set, get }: { readonly set: StoreApi<DataState>['setState']; readonly get: () => DataState },
): Preparing {
  let turn = 0;
  let own: Dataset | null = null;

  const nextTurn = () => {
    const mine = ++turn;
    return { isOver: () => mine !== turn };
  };

  return {
    nextTurn,

    prepare: async (table, mapping, { seed = SEED, what, before, ...how }) => {
      const mine = nextTurn();
      set({ preparing: true });
      const found = await services.data.call('prepare', { table, mapping, seed, ...how });
      if (mine.isOver()) return null;
      const prepared = { ...found, dataset: freshVersion(found.dataset, what, now(), before) };
      set({ preparing: false, prepared, mapping });
      return prepared;
    },

    keep: async ({ dataset, issues }, how = {}) => {
      const { fileName } = dataset.table.format;
      if (isBlocked(issues)) return; // shown, with what to do; the project keeps the rows that it has
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
    },

    adopt: async (dataset) => {
      const { table, mapping, seed, split, splitBy } = dataset;
      const mine = nextTurn();
      set({ table, mapping, canReread: false, preparing: true });
      const params = { table, mapping, seed, fixedSplit: split, ...(splitBy ? { splitBy } : {}) };
      const found = await services.data.call('prepare', params);
      // stored before there were versions: what is there now is the first one
      const known = dataset.versions ? dataset : freshVersion(dataset, `${table.format.fileName} opened`, now());
      const prepared = { ...found, dataset: known };
      if (!mine.isOver()) set({ prepared, preparing: false });
      return prepared;
    },

    isOwn: (dataset) => dataset === own || dataset === get().prepared?.dataset,

    failed: (fileName, cause) => {
      const message = cause instanceof StudioError ? cause.message : `It could not be read (${String(cause)}).`;
      const title = `${fileName} was not opened`;
      set({ reading: null, preparing: false, failure: { title, message } });
      // the start and the Data screen show it in their place
      if (!/^#?\/?$|\/data\b/.test(location.hash)) toastError(title, message);
    },
  };
}
