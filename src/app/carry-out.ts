/** Carries out what one screen asks of another, with the code of the screen that owns the work. */
import type { Carriers } from './state/intents';
import type { Studio } from './state/studio';

export const carriersOf = (studio: Studio): Carriers => {
  const { data, importer, train, compare } = studio.stores;
  return {
    openRows: async (file) => void data.getState().openFile(file),
    openSample: () => data.getState().openSample(),
    openBatch: async (file) => {
      const { batch } = await import('./screens/library/batch-store');
      batch.of(studio).openFile(file);
    },
    openImport: (name, files) => importer.getState().bring(name, files),
    train: async (change) => {
      train.getState().choosePreset('standard');
      train.getState().change(change);
      await train.getState().start();
      train.getState().choosePreset('standard');
    },
    compare: () => compare.getState().run(),
  };
};
