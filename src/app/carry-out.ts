/** Carries out what one screen asks of another, with the code of the screen that owns the work. */
import type { TrainingSettings } from '../training/settings';
import type { Carriers } from './state/intents';
import type { Studio } from './state/studio';

/** Trains with the standard settings changed by these; the form shows them meanwhile. */
async function train(studio: Studio, change: Partial<TrainingSettings>): Promise<void> {
  const [{ useTraining }, { plannedRuns, useNextRun }] = await Promise.all([
    import('./screens/train/training-store'),
    import('./screens/train/next-run'),
  ]);
  const next = useNextRun.of(studio);
  next.choosePreset('standard');
  next.change(change);
  await useTraining.of(studio).enqueue(plannedRuns(next.getState()));
  next.choosePreset('standard');
}

export const carriersOf = (studio: Studio): Carriers => {
  const { data } = studio.stores;
  return {
    openRows: async (file) => void data.getState().openFile(file),
    openSample: () => data.getState().openSample(),
    openBatch: async (file) => {
      const { batch } = await import('./screens/library/batch-store');
      batch.of(studio).openFile(file);
    },
    openImport: async (name, files) => {
      const { imports } = await import('./screens/library/import-store');
      await imports.of(studio).bring(name, files);
    },
    train: (change) => train(studio, change),
    compare: async () => {
      const { compareStores } = await import('./screens/compare/compare-store');
      await compareStores.of(studio).run.start();
    },
  };
};

/** A connected team folder is written after every save, whichever screen is open. */
export async function watchTeamFolder(studio: Studio): Promise<void> {
  if ((await studio.services.store.settings.get('team-folder')) === null) return;
  const { team } = await import('./screens/library/team-store');
  team.of(studio);
}
