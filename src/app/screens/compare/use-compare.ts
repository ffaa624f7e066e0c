import { useStore } from 'zustand';
import { useStores } from '../../state/studio';
import type { CompareState } from './compare-store';

export const useCompare = <T>(select: (state: CompareState) => T): T => useStore(useStores().compare, select);
