import { createNodeRunner } from '../runtime/ort-node';
import { createEngine, type Engine, type EngineOptions } from './engine';

/** The engine in Node. @throws as createEngine */
export const createNodeEngine = (options: Omit<EngineOptions, 'createRunner'>): Promise<Engine> =>
  createEngine({ ...options, createRunner: createNodeRunner });
