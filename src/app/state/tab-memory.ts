/**
 * What somebody typed or set, kept for this tab: written at once, so that a reload a moment later finds it. Larger work
 * goes to the store.
 */
export interface TabMemory<T> {
  readonly read: () => T;
  readonly write: (value: T) => void;
}

const PREFIX = 'softprompt-studio:';

/** @param fallback where nothing was kept, or the browser allows no storage */
export const tabMemory = <T>(key: string, fallback: T): TabMemory<T> => ({
  read: () => {
    try {
      const kept = sessionStorage.getItem(PREFIX + key);
      return kept === null ? fallback : (JSON.parse(kept) as T);
    } catch {
      return fallback;
    }
  },
  write: (value) => {
    try {
      sessionStorage.setItem(PREFIX + key, JSON.stringify(value));
    } catch {
      // full or forbidden: it lasts as long as the page
    }
  },
});
