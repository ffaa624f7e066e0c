/** The screens that exist: a screen that is not here has no link anywhere. */
import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import type { StepId } from '../state/step-marks';
import { loadInterchange } from './library/load-interchange';

type ToolId = 'playground' | 'library';
type Screen = LazyExoticComponent<ComponentType>;

export interface StepEntry {
  readonly id: StepId;
  readonly number: 1 | 2 | 3 | 4;
  readonly title: string;
  readonly Screen: Screen | null;
}

export interface ToolEntry {
  readonly id: ToolId;
  readonly title: string;
  readonly Screen: Screen | null;
}

const CODE = {
  data: () => import('./data/DataScreen'),
  prompts: () => import('./prompts/PromptsScreen'),
  train: () => import('./train/TrainScreen'),
  compare: () => import('./compare/CompareScreen'),
  playground: () => import('./playground/PlaygroundScreen'),
  library: () => import('./library/LibraryScreen'),
};

/** Fetches the code of every screen, so that none is missing once the network is gone. One that fails is fetched when it is opened. */
export const preloadScreens = () => Promise.allSettled([...Object.values(CODE), loadInterchange].map((load) => load()));

/** The journey, in order. */
export const STEPS: readonly StepEntry[] = [
  { id: 'data', number: 1, title: 'Data', Screen: lazy(CODE.data) },
  { id: 'prompts', number: 2, title: 'Prompts', Screen: lazy(CODE.prompts) },
  { id: 'train', number: 3, title: 'Train', Screen: lazy(CODE.train) },
  { id: 'compare', number: 4, title: 'Compare', Screen: lazy(CODE.compare) },
];

export const TOOLS: readonly ToolEntry[] = [
  { id: 'playground', title: 'Playground', Screen: lazy(CODE.playground) },
  { id: 'library', title: 'Library', Screen: lazy(CODE.library) },
];
