import { useStore } from 'zustand';
import { useStores } from '../../state/studio';
import type { PromptsState } from './prompts-state';

export const usePrompts = <T>(select: (state: PromptsState) => T): T => useStore(useStores().prompts, select);
