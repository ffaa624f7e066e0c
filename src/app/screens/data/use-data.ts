import { useStore } from 'zustand';
import { useStores } from '../../state/studio';
import type { DataState } from './data-store';

export const useData = <T>(select: (state: DataState) => T): T => useStore(useStores().data, select);
