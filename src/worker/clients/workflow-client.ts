import type { WorkflowMethods } from '../protocol';
import { type PageEnd, RpcClient } from '../rpc-client';

const spawnWorker = (): PageEnd =>
  new Worker(new URL('../workflow.worker.ts', import.meta.url), { type: 'module', name: 'workflow' });

/** The page's end of the workflow worker: `call`, `restart`, `dispose`. Calls queue in the worker; each rejects with a StudioError. */
export type WorkflowClient = RpcClient<WorkflowMethods>;

export const createWorkflowClient = (spawn: () => PageEnd = spawnWorker): WorkflowClient =>
  new RpcClient('workflow', spawn);
