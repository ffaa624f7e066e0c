import { useStore } from 'zustand';
import { useStores } from '../../state/studio';
import type { WritingState } from './writing-store';

export const useWriting = <T>(select: (state: WritingState) => T): T => useStore(useStores().writing, select);
