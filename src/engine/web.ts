import { createWebRunner, prepareWebRunner } from '../runtime/ort-web';
import { createEngine, type Engine, type EngineOptions } from './engine';
import type { LoadRequest } from './types';

/** The largest value that browsers report; also where they report none. */
const MEMORY_GB = 8;
/** WebKit reports none, and WebKitGTK 2.54 crashed in each of three trainings with float32 weights, at 1.65 GB where watched. */
const WEBKIT_GB = 1.5;
/** Of the device's memory, for float32 weights; a heap of WebAssembly ends at 4 GB anyway. */
const SHARE = 1 / 4;

/** Bytes that float32 weights may take. */
export function weightBytes({ userAgent, deviceMemory }: { userAgent: string; deviceMemory?: number }): number {
  const isWebKit = /AppleWebKit(?!.*Chrom)/.test(userAgent);
  return (deviceMemory ?? (isWebKit ? WEBKIT_GB : MEMORY_GB)) * 1e9 * SHARE;
}

/** Holds weights small where the device's memory asks for it. @throws as createEngine */
export const createWebEngine = (options: Omit<EngineOptions, 'createRunner'>): Promise<Engine> =>
  createEngine({ memoryBytes: weightBytes(navigator), ...options, createRunner: createWebRunner });

/** Before the model's files have arrived. @throws StudioError `session-failed`, `out-of-memory` */
export const prepareWebEngine = ({ backend, threads }: Pick<LoadRequest, 'backend' | 'threads'>): Promise<void> =>
  prepareWebRunner({ backend, ...(threads === undefined ? {} : { threads }) });
