import type { EngineMethods } from '../protocol';
import { type PageEnd, RpcClient } from '../rpc-client';

const spawnWorker = (): PageEnd =>
  new Worker(new URL('../engine.worker.ts', import.meta.url), { type: 'module', name: 'engine' });

/**
 * The page's end of the engine worker: `call`, `control`, `restart`, `dispose`. Calls queue in the worker; each rejects
 * with a StudioError. When the worker has died (`worker-died`), `restart` and load the model again: no reload of the page
 * is needed.
 * Give `load` the files' buffers to move (`transfer`): a copy of 100 MB costs time and memory when both are short.
 */
export type EngineClient = RpcClient<EngineMethods>;

export const createEngineClient = (spawn: () => PageEnd = spawnWorker): EngineClient => new RpcClient('engine', spawn);
