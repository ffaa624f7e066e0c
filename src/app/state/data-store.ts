import { createStore, type StoreApi } from 'zustand/vanilla';

export interface DataState {
  readonly openFile: (file: File) => void;
}
export type DataStore = StoreApi<DataState>;
export const createDataStore = (): DataStore => createStore<DataState>(() => ({ openFile: () => {} }));
