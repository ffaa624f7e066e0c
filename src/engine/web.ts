import { createWebRunner, prepareWebRunner } from '../runtime/ort-web';
import { createEngine, type Engine, type EngineOptions } from './engine';
import type { LoadRequest } from './types';

/** The engine in a browser's worker. @throws as createEngine */
export const createWebEngine = (options: Omit<EngineOptions, 'createRunner'>): Promise<Engine> =>
  createEngine({ ...options, createRunner: createWebRunner });

/** Starts the runtime before the model's files have arrived. @throws StudioError `session-failed`, `out-of-memory` */
export const prepareWebEngine = ({ backend, threads }: Pick<LoadRequest, 'backend' | 'threads'>): Promise<void> =>
  prepareWebRunner({ backend, ...(threads === undefined ? {} : { threads }) });
