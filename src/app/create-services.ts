/** Makes everything with a lifetime that the page uses, once. */
import { browserFileCache } from '../model/download';
import { loadModelFiles, loadTokenizerFiles } from '../model/load';
import { openStore } from '../store/store';
import { createEngineClient, createWorkflowClient } from '../worker/clients';
import { listsByReference, packedStore } from './by-reference';
import { linkedWorkers } from './linked-workers';
import type { Services } from './state/services';
import { loadSample, loadShippedPrompt } from './state/site-files';
import { toastError } from './ui/toast';

/** Fetches once, so that a later use needs no network. A failure is not remembered. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | null = null;
  return () => {
    kept ??= load().catch((cause: unknown) => {
      kept = null;
      throw cause;
    });
    return kept;
  };
}

export async function createServices(): Promise<Services> {
  const cache = browserFileCache();
  const onTrouble = (error: Error) => toastError('Work is not being saved', error.message);
  const store = packedStore(await openStore({ onTrouble }));
  const { engine, workflow, connectEngine } = linkedWorkers(createEngineClient(), createWorkflowClient());
  return {
    workflow: listsByReference(workflow),
    engine,
    connectEngine,
    store,
    loadModelFiles: (source, options) => loadModelFiles(source, { cache, ...options }),
    forgetModelFiles: async (card, others) => {
      const needed = new Set(others.flatMap(({ files }) => files.map(({ sha256 }) => sha256)));
      for (const { sha256 } of card.files) if (!needed.has(sha256)) await cache?.delete(sha256);
    },
    loadTokenizerFiles: (source) => loadTokenizerFiles(source, cache),
    loadSample: once(loadSample),
    loadShippedPrompt: once(loadShippedPrompt),
  };
}
