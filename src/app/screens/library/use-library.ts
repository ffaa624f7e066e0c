import { useStore } from 'zustand';
import { useStores } from '../../state/studio';
import type { LibraryState } from './library-store';
import type { RepositoryState } from './repository-store';

export const useLibrary = <T>(select: (state: LibraryState) => T): T => useStore(useStores().library, select);
export const useRepository = <T>(select: (state: RepositoryState) => T): T => useStore(useStores().repository, select);
