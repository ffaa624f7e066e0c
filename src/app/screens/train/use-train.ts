import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import { useStores } from '../../state/studio';
import type { TrainState } from './train-state';

export const useTrain = <T>(select: (state: TrainState) => T): T => useStore(useStores().train, select);

/** Some of the state by name: drawn again when one of these changes, and not with every step of a run. */
export const useTrainPart = <K extends keyof TrainState>(...names: readonly K[]): Pick<TrainState, K> =>
  useStore(
    useStores().train,
    useShallow((state) => Object.fromEntries(names.map((name) => [name, state[name]])) as Pick<TrainState, K>),
  );
