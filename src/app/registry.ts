/** The screens that exist: a screen that is not here has no link anywhere. */
import { type ComponentType, createElement, lazy } from 'react';
import { Books, Spark } from './ui/icons';

const CODE = {
  data: () => import('./screens/data/DataScreen'),
  prompts: () => import('./screens/prompts/PromptsScreen'),
  train: () => import('./screens/train/TrainScreen'),
  compare: () => import('./screens/compare/CompareScreen'),
  playground: () => import('./screens/playground/PlaygroundScreen'),
  library: () => import('./screens/library/LibraryScreen'),
};

/** Parts of screens that are fetched when they are first used. */
const LATER = [() => import('./screens/library/ExportDialog'), () => import('./screens/library/team-folder')];

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
  { id: 'playground', title: 'Playground', icon: createElement(Spark), Screen: lazy(CODE.playground) },
  { id: 'library', title: 'Library', icon: createElement(Books), Screen: lazy(CODE.library) },
] as const;

/** Null when the address names no screen. */
export const screenOf = (id: string): ComponentType | null =>
  [...STEPS, ...TOOLS].find((entry) => entry.id === id)?.Screen ?? null;
