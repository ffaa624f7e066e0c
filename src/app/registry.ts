/** The screens that exist, and what one does for another: a screen that is not here has no link anywhere. */

import { type ComponentType, createElement, lazy } from 'react';
import type { TrainingSettings } from '../training/settings';
import type { Carriers } from './state/stores';
import type { Studio } from './state/studio';
import { Books, Scales, Spark } from './ui/Marks';

const CODE = {
  data: () => import('./screens/data/DataScreen'),
  prompts: () => import('./screens/prompts/PromptsScreen'),
  train: () => import('./screens/train/TrainScreen'),
  compare: () => import('./screens/compare/CompareScreen'),
  decide: () => import('./screens/decide/DecideScreen'),
  playground: () => import('./screens/playground/PlaygroundScreen'),
  library: () => import('./screens/library/LibraryScreen'),
};

/** Parts of screens that are fetched when they are first used. */
const LATER = [
  () => import('./screens/library/ExportDialog'),
  () => import('./screens/library/MatrixTab'),
  () => import('./screens/library/team-folder'),
];

/** Fetches the code of every screen, so that none is missing once the network is gone. One that fails is fetched when it is opened. */
export const preloadScreens = () => Promise.allSettled([...Object.values(CODE), ...LATER].map((load) => load()));

/** The journey, in order. */
export const STEPS = [
  { id: 'data', number: 1, title: 'Data', Screen: lazy(CODE.data) },
  { id: 'prompts', number: 2, title: 'Prompts', Screen: lazy(CODE.prompts) },
  { id: 'train', number: 3, title: 'Train', Screen: lazy(CODE.train) },
  { id: 'compare', number: 4, title: 'Compare', Screen: lazy(CODE.compare) },
] as const;

export const TOOLS = [
  { id: 'decide', title: 'Decide', icon: createElement(Scales), Screen: lazy(CODE.decide) },
  { id: 'playground', title: 'Playground', icon: createElement(Spark), Screen: lazy(CODE.playground) },
  { id: 'library', title: 'Library', icon: createElement(Books), Screen: lazy(CODE.library) },
] as const;

/** Null when the address names no screen. */
export const screenOf = (id: string): ComponentType | null =>
  [...STEPS, ...TOOLS].find((entry) => entry.id === id)?.Screen ?? null;

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
  next.choosePreset();
}

/** Carries out what one screen asks of another, with the code of the screen that owns the work. */
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
