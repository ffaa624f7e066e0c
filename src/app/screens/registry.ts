/** The screens that exist: a screen that is not here has no link anywhere. */
import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import type { StepId } from '../state/step-marks';

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

/** The journey, in order. */
export const STEPS: readonly StepEntry[] = [
  { id: 'data', number: 1, title: 'Data', Screen: lazy(() => import('./data/DataScreen')) },
  { id: 'prompts', number: 2, title: 'Prompts', Screen: lazy(() => import('./prompts/PromptsScreen')) },
  { id: 'train', number: 3, title: 'Train', Screen: lazy(() => import('./train/TrainScreen')) },
  { id: 'compare', number: 4, title: 'Compare', Screen: lazy(() => import('./compare/CompareScreen')) },
];

export const TOOLS: readonly ToolEntry[] = [
  { id: 'playground', title: 'Playground', Screen: lazy(() => import('./playground/PlaygroundScreen')) },
  { id: 'library', title: 'Library', Screen: lazy(() => import('./library/LibraryScreen')) },
];
