import { createStore } from 'zustand/vanilla';
import type { SetAside, Store } from '../../store/store';
import { saveFile } from '../ui/download';
import { attempted, toastUndo } from '../ui/toast';
import { type Resource, resource } from './resource';

interface StorageState {
  readonly room: { readonly used: number; readonly quota: number } | null;
  /** False: the browser may clear what is kept when its disk gets full. */
  readonly persisted: boolean;
  readonly declined: boolean;
  readonly dismissed: boolean;
  readonly refresh: () => Promise<void>;
  readonly ask: () => Promise<void>;
  readonly dismiss: () => void;
}

/** One model or a few runs would fill less than this. */
const TIGHT_BYTES = 60e6;
const TIGHT_SHARE = 0.9;

export const isTight = (room: StorageState['room']): boolean =>
  room !== null && (room.quota - room.used < TIGHT_BYTES || room.used > TIGHT_SHARE * room.quota);

export function createStorageStore(disk: Pick<Store, 'estimate' | 'persist' | 'persisted'>) {
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

interface SetAsideState {
  readonly found: readonly SetAside[];
  readonly kept: readonly SetAside[];
  readonly refresh: () => Promise<void>;
  readonly inspect: () => Promise<void>;
  readonly hide: () => void;
  readonly download: () => void;
  /** Deletes them for good, once the undo has expired. */
  readonly discard: () => void;
}

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

export function createSetAsideStore({ setAside: disk }: Pick<Store, 'setAside'>) {
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
        const keep = () => {
          clearTimeout(timer);
          set({ kept: before });
        };
        toastUndo('Damaged items deleted', keep, { whileShown: true });
      },
    };
  });
}

/** What somebody typed or set, kept for this tab: written at once, so that a reload a moment later finds it. */
interface TabMemory<T> {
  readonly read: () => T;
  readonly write: (value: T) => void;
}

const PREFIX = 'softprompt-studio:';

/** Typed values that are also kept in the browser: of this tab, which knows the last key press, then of the browser. */
export const drafts = ({ settings }: Pick<Store, 'settings'>) => ({
  get: async <T>(key: string): Promise<T | null> => tabMemory<T | null>(key, null).read() ?? settings.get<T>(key),
  set: <T>(key: string, value: T): Promise<void> => {
    tabMemory<T | null>(key, null).write(value);
    return settings.set(key, value);
  },
});

/** @param fallback where nothing was kept, or the browser allows no storage
 * @param where `local`: kept for all tabs */
export const tabMemory = <T>(key: string, fallback: T, where: 'session' | 'local' = 'session'): TabMemory<T> => ({
  read: () => {
    try {
      const kept = globalThis[`${where}Storage`].getItem(PREFIX + key);
      return kept === null ? fallback : (JSON.parse(kept) as T);
    } catch {
      return fallback;
    }
  },
  write: (value) => {
    try {
      globalThis[`${where}Storage`].setItem(PREFIX + key, JSON.stringify(value));
    } catch {
      // full or forbidden: it lasts as long as the page
    }
  },
});

export function choicesOfSet<T>(store: Pick<Store, 'settings'>, screen: string, first: T) {
  const keyOf = (setId: string) => `${screen}:${setId}`;
  const disk = drafts(store);
  const value: Resource<string, T> = resource(async (setId) => ({ ...first, ...(await disk.get<T>(keyOf(setId))) }));
  const change = (change: Partial<T>): void => {
    const { key, value: before } = value.getState();
    if (key === null || before === null) return;
    const next = { ...before, ...change };
    value.set(next);
    void attempted('Your choices were not saved', () => disk.set(keyOf(key), next));
  };
  return { value, change };
}

export type Theme = 'system' | 'light' | 'dark';
const keptTheme = tabMemory<Theme>('theme', 'system', 'local');

const applyTheme = (theme: Theme) => {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
};

interface ThemeState {
  readonly theme: Theme;
  readonly set: (theme: Theme) => void;
}

export const themeStore = createStore<ThemeState>((set) => ({
  theme: keptTheme.read(),
  set: (theme) => {
    applyTheme(theme);
    set({ theme });
    keptTheme.write(theme);
  },
}));

// tests of the stores have no document
if (typeof document !== 'undefined') applyTheme(themeStore.getState().theme);
