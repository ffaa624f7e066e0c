/**
 * Changes that are on the screen and not yet on the disk, so that a reload in between loses none: they are written to the
 * tab's session storage at once, and made again when the prompt set is opened after the reload.
 */
import type { MappingDraft } from '../../../dataset/columns';
import type { Change } from '../../../dataset/types';
import type { SplitChange } from './data-state';

export type UnsavedChange =
  | { readonly kind: 'map'; readonly change: Partial<MappingDraft> }
  | { readonly kind: 'split'; readonly change: SplitChange }
  | { readonly kind: 'change'; readonly change: Change };

type Entry = UnsavedChange & { readonly setId: string; readonly at: number };

export type TabStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const KEY = 'softprompt-studio:unsaved-rows';

export interface Unsaved {
  /** What the page before this one could not save. Asked once for each set. */
  readonly takeLost: (setId: string) => readonly UnsavedChange[];
  /** Returns the number by which the change is settled. */
  readonly add: (setId: string, change: UnsavedChange) => number;
  /** The change and all of the set before it are on the disk. */
  readonly saved: (setId: string, at: number) => void;
  /** The change could not be made. */
  readonly drop: (at: number) => void;
  /** Whatever of the set is not saved is given up. */
  readonly forget: (setId: string) => void;
}

function read(storage: TabStorage | null): readonly Entry[] {
  try {
    return JSON.parse(storage?.getItem(KEY) ?? '[]') as readonly Entry[];
  } catch {
    return []; // another program wrote there, or the browser allows no storage
  }
}

export function createUnsaved(storage: TabStorage | null): Unsaved {
  let lost = read(storage);
  let entries: readonly Entry[] = lost;
  let last = Math.max(0, ...lost.map(({ at }) => at));
  const write = (next: readonly Entry[]) => {
    entries = next;
    try {
      if (next.length === 0) storage?.removeItem(KEY);
      else storage?.setItem(KEY, JSON.stringify(next));
    } catch {
      // full: the change is still on its way to the disk
    }
  };
  return {
    takeLost: (setId) => {
      const found = lost.filter((entry) => entry.setId === setId);
      lost = lost.filter((entry) => entry.setId !== setId);
      write(entries.filter((entry) => !found.includes(entry)));
      return found;
    },
    add: (setId, change) => {
      write([...entries, { ...change, setId, at: ++last }]);
      return last;
    },
    saved: (setId, at) => write(entries.filter((entry) => entry.setId !== setId || entry.at > at)),
    drop: (at) => write(entries.filter((entry) => entry.at !== at)),
    forget: (setId) => write(entries.filter((entry) => entry.setId !== setId)),
  };
}
