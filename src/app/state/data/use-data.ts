import { useDeferredValue } from 'react';
import { useStore } from 'zustand';
import { useStores } from '../studio';
import type { DataState } from './data-state';

/** Deferred: what depends on many rows is drawn in slices, all panels at once, and delays no key or click meanwhile. */
export const useData = <T>(select: (state: DataState) => T): T => useDeferredValue(useStore(useStores().data, select));
