/**
 * Calls queue in the worker; each rejects with a StudioError. When a worker has died (`worker-died`), `restart` it, and load
 * the model again where that was lost.
 */
import type { EngineMethods } from '../api/engine-methods';
import { type PageEnd, RpcClient } from '../rpc/client';
import type { WorkflowMethods } from './protocol';

const spawnEngine = (): PageEnd =>
  new Worker(new URL('../api/engine.worker.ts', import.meta.url), { type: 'module', name: 'engine' });

/** Move the files' buffers to `load` (`transfer`): a copy of 100 MB costs time and memory when both are short. */
export const createEngineClient = (spawn: () => PageEnd = spawnEngine): RpcClient<EngineMethods> =>
  new RpcClient('engine', spawn);

export const createWorkflowClient = (): RpcClient<WorkflowMethods> =>
  new RpcClient(
    'workflow',
    () => new Worker(new URL('./workflow.worker.ts', import.meta.url), { type: 'module', name: 'workflow' }),
  );
