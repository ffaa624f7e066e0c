/** Damaged values in the browser's storage, and what the user can do about them. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { SetAside, Store } from '../../store/store';
import { saveFile } from '../ui/download';
import { toastUndo } from '../ui/toast';

interface SetAsideState {
  /** Found since the page was opened, and not hidden yet. */
  readonly found: readonly SetAside[];
  /** All values that are set aside, oldest first. */
  readonly kept: readonly SetAside[];
  readonly refresh: () => Promise<void>;
  /** Reads everything that is stored; damaged values appear in `found`. */
  readonly inspect: () => Promise<void>;
  readonly hide: () => void;
  /** All of it in one file, for somebody who can repair it. */
  readonly download: () => void;
  /** Deletes them for good, once the undo has expired. */
  readonly discard: () => void;
}

export type SetAsideStore = StoreApi<SetAsideState>;

const UNDO_MS = 12_000;

/** JSON in which arrays of floats are plain numbers; numbers that JSON cannot write are words. */
export const asJson = (values: readonly SetAside[]): string =>
  JSON.stringify(
    { format: 'softprompt-studio damaged values 1', values },
    (_key, value: unknown) => {
      if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>, finite);
      return typeof value === 'number' ? finite(value) : value;
    },
    1,
  );

const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

export function createSetAsideStore({ setAside: disk }: Pick<Store, 'setAside'>): SetAsideStore {
  return createStore<SetAsideState>((set, get) => {
    const refresh = async () => set({ kept: await disk.list().catch(() => get().kept) });
    disk.onFound((found) => {
      // read again before it could be set aside, or by two that asked at once
      if (get().found.some(({ id }) => id === found.id)) return;
      set((now) => ({ found: [...now.found, found] }));
      void refresh();
    });
    return {
      found: [],
      kept: [],
      refresh,
      inspect: () => disk.inspect(),
      hide: () => set({ found: [] }),
      download: () => {
        const { kept, found } = get();
        const values = kept.length > 0 ? kept : found;
        saveFile('softprompt-damaged.json', asJson(values), 'application/json');
      },
      discard: () => {
        const before = get().kept;
        set({ kept: [], found: [] });
        const timer = setTimeout(() => void disk.clear().then(refresh), UNDO_MS);
        toastUndo('Damaged items deleted', () => {
          clearTimeout(timer);
          set({ kept: before });
        });
      },
    };
  });
}
