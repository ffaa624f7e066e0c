/** How much space the browser gives, how much is used, and whether it is protected from clean-up. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Store } from '../../store/store';

export interface StorageState {
  /** Null while unknown, or where the browser does not say. */
  readonly room: { readonly used: number; readonly quota: number } | null;
  /** False: the browser may clear what is kept when its disk gets full. */
  readonly persisted: boolean;
  /** The user asked, and the browser gave no promise. */
  readonly declined: boolean;
  /** The user has read that room is short. */
  readonly dismissed: boolean;
  readonly refresh: () => Promise<void>;
  /** Asks the browser to keep what is saved. */
  readonly ask: () => Promise<void>;
  readonly dismiss: () => void;
}

export type StorageStore = StoreApi<StorageState>;

/** One model or a few runs would fill less than this. */
const TIGHT_BYTES = 60e6;
const TIGHT_SHARE = 0.9;

/** Whether there may be no space for the next things to save. */
export const isTight = (room: StorageState['room']): boolean =>
  room !== null && (room.quota - room.used < TIGHT_BYTES || room.used > TIGHT_SHARE * room.quota);

export function createStorageStore(disk: Pick<Store, 'estimate' | 'persist' | 'persisted'>): StorageStore {
  return createStore<StorageState>((set) => {
    const refresh = async () => {
      const [room, persisted] = await Promise.all([disk.estimate(), disk.persisted()]);
      set({ room, persisted });
    };
    return {
      room: null,
      persisted: false,
      declined: false,
      dismissed: false,
      refresh,
      ask: async () => {
        set({ declined: !(await disk.persist()) });
        await refresh();
      },
      dismiss: () => set({ dismissed: true }),
    };
  });
}
