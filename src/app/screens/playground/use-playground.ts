import { useStore } from 'zustand';
import { useStores } from '../../state/studio';
import type { PlaygroundState } from './playground-store';

export const usePlayground = <T>(select: (state: PlaygroundState) => T): T => useStore(useStores().playground, select);
