import { createWebRunner, prepareWebRunner } from '../runtime/ort-web';
import { createEngine, type Engine, type EngineOptions } from './engine';
import type { LoadRequest } from './types';

/** The largest value that browsers report; also where they report none. */
const MEMORY_GB = 8;
/** Of the device's memory, for float32 weights; a heap of WebAssembly ends at 4 GB anyway. */
const SHARE = 1 / 4;

/** Holds weights small where the device's memory asks for it. @throws as createEngine */
export function createWebEngine(options: Omit<EngineOptions, 'createRunner'>): Promise<Engine> {
  const { deviceMemory = MEMORY_GB } = navigator as { deviceMemory?: number };
  return createEngine({ memoryBytes: deviceMemory * 1e9 * SHARE, ...options, createRunner: createWebRunner });
}

/** Before the model's files have arrived. @throws StudioError `session-failed`, `out-of-memory` */
export const prepareWebEngine = ({ backend, threads }: Pick<LoadRequest, 'backend' | 'threads'>): Promise<void> =>
  prepareWebRunner({ backend, ...(threads === undefined ? {} : { threads }) });
