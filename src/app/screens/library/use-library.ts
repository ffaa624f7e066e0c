import { useStore } from 'zustand';
import { useStores } from '../../state/studio';
import type { LibraryState } from './library-store';

export const useLibrary = <T>(select: (state: LibraryState) => T): T => useStore(useStores().library, select);
