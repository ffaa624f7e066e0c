import { useStore } from 'zustand';
import { useStores } from '../../state/studio';
import type { TrainState } from './train-store';

export const useTrain = <T>(select: (state: TrainState) => T): T => useStore(useStores().train, select);
