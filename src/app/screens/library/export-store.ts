/** One export, by whom it is for: made as soon as it is asked for, so that its size and contents are known before it is saved. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { StudioError } from '../../../lib/errors';
import { chosenSoft, isUsable } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import { download } from '../../charts/export';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import { createParcels, type Order, rowsToGive } from './make-parcel';
import type { Parcel } from './parcel';
import { type RecipientId, recipientOf } from './recipients';
import { asTrouble } from './trouble';

interface Progress {
  readonly done: number;
  readonly total: number;
}

interface Exporting extends Order {
  readonly set: PromptSet;
  /** How many of the user's rows it would hold. */
  readonly rowsToGive: number;
  /** Null while it is made, or where it cannot be. */
  readonly parcel: Parcel | null;
  /** Check rows scored so far, while they are. */
  readonly progress: Progress | null;
  readonly error: StudioError | null;
}

export interface ExportState {
  readonly exporting: Exporting | null;
  readonly openExport: (setId: string, runId?: string) => Promise<void>;
  readonly changeExport: (change: Partial<Pick<Exporting, 'runId' | 'withRows' | 'recipient'>>) => void;
  readonly closeExport: () => void;
  /** Makes it once more, after what stood against it is gone. */
  readonly makeAgain: () => void;
  readonly save: () => void;
}

export type ExportStore = StoreApi<ExportState>;

export function createExportStore(services: Services, session: SessionStore): ExportStore {
  const { store: disk } = services;
  const parcels = createParcels(services, session);
  let making: AbortController | null = null;

  return createStore<ExportState>((set, get) => {
    const change = (next: Partial<Exporting>, of: AbortController | null) => {
      if (of === making) set(({ exporting }) => ({ exporting: exporting && { ...exporting, ...next } }));
    };

    async function start(): Promise<void> {
      const { exporting } = get();
      making?.abort();
      if (!exporting) return;
      const mine = new AbortController();
      making = mine;
      change({ parcel: null, progress: null, error: null }, mine);
      try {
        const open = await parcels.stored(exporting.set.id);
        change({ rowsToGive: rowsToGive(exporting, open) }, mine);
        const telling = { signal: mine.signal, onProgress: (progress: Progress) => change({ progress }, mine) };
        change({ parcel: await parcels.make(exporting, open, telling), progress: null }, mine);
      } catch (cause) {
        const error = asTrouble(cause, 'Something went wrong');
        if (error.code !== 'cancelled') change({ error, progress: null }, mine);
      }
    }

    return {
      exporting: null,
      openExport: async (setId, runId) => {
        const of = await disk.sets.get(setId);
        if (!of) return;
        const run = of.soft.find((version) => version.id === runId && isUsable(version)) ?? chosenSoft(of);
        set({
          exporting: {
            set: of,
            runId: run?.id ?? null,
            recipient: run ? 'engineer' : 'browser',
            withRows: false,
            rowsToGive: 0,
            parcel: null,
            progress: null,
            error: null,
          },
        });
        void start();
      },
      changeExport: (next) => {
        // what was agreed to for one recipient holds for no other
        const agreed = next.recipient === undefined ? {} : { withRows: false };
        set(({ exporting }) => ({ exporting: exporting && { ...exporting, ...agreed, ...next } }));
        void start();
      },
      closeExport: () => {
        making?.abort();
        making = null;
        set({ exporting: null });
      },
      makeAgain: () => void start(),
      save: () => {
        const parcel = get().exporting?.parcel;
        if (!parcel) return;
        download(parcel.name, new Blob([parcel.content], { type: parcel.type }));
        get().closeExport();
      },
    };
  });
}

/** Whether a recipient can be given something of this set. */
export const canGive = (id: RecipientId, hasRun: boolean): boolean => hasRun || !recipientOf(id).needsRun;
