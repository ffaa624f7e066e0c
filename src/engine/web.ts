import { createWebRunner } from '../runtime/ort-web';
import { createEngine, type Engine, type EngineOptions } from './engine';

/** The engine in a browser's worker. @throws as createEngine */
export const createWebEngine = (options: Omit<EngineOptions, 'createRunner'>): Promise<Engine> =>
  createEngine({ ...options, createRunner: createWebRunner });
