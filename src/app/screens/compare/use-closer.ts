import { useStore } from 'zustand';
import { useStores } from '../../state/studio';
import type { CloserState } from './closer-store';

export const useCloser = <T>(select: (state: CloserState) => T): T => useStore(useStores().closer, select);
