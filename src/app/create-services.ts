import type { EngineMethods } from '../api/engine-methods';
import { fromStored, isForgotten, PageLists, toStored } from '../dataset/by-reference';
import type { Dataset } from '../dataset/types';
import { StudioError } from '../lib/errors';
import { browserFileCache } from '../model/download';
import { loadModelFiles, loadTokenizerFiles } from '../model/load';
import type { Methods } from '../rpc/serve';
import { openStore, type Store } from '../store/store';
import { createEngineClient, createWorkflowClient } from '../worker/clients';
import type { EngineLink, ModelFiles, VerbMethods, WorkflowMethods } from '../worker/protocol';
import type { Client, Services } from './state/services';
import { toastError } from './ui/toast';

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
  const files = () => import('./state/site-files');
  const sample = once(async () => (await files()).loadSample());
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
    loadSample: async (starter) => (starter === undefined ? sample() : (await files()).loadSample(starter)),
    loadStarters: once(async () => (await files()).loadStarters()),
    loadShippedPrompt: once(async () => (await files()).loadShippedPrompt()),
  };
}

/** What a new worker is asked again: everything that is not a verb. */
const ASKED_AGAIN: Readonly<Record<Exclude<keyof WorkflowMethods, keyof VerbMethods>, true>> = {
  connectEngine: true,
  edit: true,
  encode: true,
  insights: true,
  labelTokens: true,
  openTokenizer: true,
  parse: true,
  prepare: true,
  propose: true,
  query: true,
  recompare: true,
  targetLengths: true,
  textLengths: true,
  verdictCard: true,
};

const partsOf = <M extends Methods<M>>(client: Client<M>): Client<M> => ({
  call: (method, params, options) => client.call(method, params, options),
  control: (id, control) => client.control(id, control),
  restart: () => client.restart(),
  dispose: () => client.dispose(),
});

/**
 * The workflow worker keeps nothing but the tokenizer and its channel to the engine, so when it dies (a file too large for
 * its memory, a crash) a new one replaces it and is asked again; a second death is passed on. A verb is not asked again by
 * itself: it may have run for minutes, and its caller knows what of it is kept.
 */
export function linkedWorkers(
  engine: Client<EngineMethods>,
  workflow: Client<WorkflowMethods>,
): Pick<Services, 'engine' | 'workflow' | 'connectEngine'> {
  let tokenizer: ModelFiles | null = null;
  let loaded: Omit<EngineLink, 'port'> | null = null;
  let reviving: Promise<void> | null = null;

  async function connect(): Promise<void> {
    if (!loaded) return;
    const { port1, port2 } = new MessageChannel();
    await engine.call('connect', { port: port1 }, { transfer: [port1] });
    await workflow.call('connectEngine', { ...loaded, port: port2 }, { transfer: [port2] });
  }
  const revive = () => {
    reviving ??= (async () => {
      workflow.restart();
      if (tokenizer) await workflow.call('openTokenizer', { files: tokenizer });
      await connect();
    })().finally(() => {
      reviving = null;
    });
    return reviving;
  };
  const call: Client<WorkflowMethods>['call'] = async (method, params, options) => {
    if (method === 'openTokenizer') tokenizer = (params as { files: ModelFiles }).files;
    try {
      return await workflow.call(method, params, options);
    } catch (error) {
      const isDead = error instanceof StudioError && error.code === 'worker-died' && error.data?.worker !== 'engine';
      if (!isDead) throw error;
      await revive();
      if (!Object.hasOwn(ASKED_AGAIN, method)) throw error;
      return workflow.call(method, params, options);
    }
  };
  return {
    workflow: { ...partsOf(workflow), call },
    engine: {
      ...partsOf(engine),
      restart: () => {
        // first, so that what waits for the old engine is cancelled, not reported as its death
        if (loaded) void workflow.call('connectEngine', null).catch(() => undefined);
        loaded = null;
        engine.restart();
      },
    },
    connectEngine: async (info, weights) => {
      loaded = { info, weights: weights ?? null, base: globalThis.document?.baseURI ?? '' };
      await connect();
    },
  };
}

/** The worker keeps the rows that it has seen, and the page keeps them packed: between the two they cross once. */
export function listsByReference(client: Services['workflow']): Services['workflow'] {
  const lists = new PageLists();
  const invoke = client.call as (method: string, params: unknown, options: unknown) => Promise<unknown>;
  const call = async (method: string, params: unknown, options: unknown): Promise<unknown> => {
    const sent = method === 'edit' ? params : withoutChanges(params);
    const exchange = async () => lists.receive(await invoke(method, lists.send(sent), options), sent);
    try {
      return await exchange();
    } catch (error) {
      if (!isForgotten(error)) throw error;
      lists.forgetAll();
      return exchange();
    }
  };
  return { ...partsOf(client), call: call as Services['workflow']['call'] };
}

/** Only making a new version needs the changes of earlier ones; other calls travel with what the versions are. */
function withoutChanges(params: unknown): unknown {
  const { dataset } = params as { readonly dataset?: Dataset | null };
  if (!dataset?.versions) return params;
  const versions = dataset.versions.map((version) => ({ ...version, cells: version.cells && [], dropped: [] }));
  return { ...(params as object), dataset: { ...dataset, versions } };
}

/** A store that keeps long lists of data sets as blobs, which the page hands over without copying them. */
export function packedStore(store: Store): Store {
  return {
    ...store,
    datasets: {
      get: async (setId) => fromStored(await store.datasets.get(setId)),
      put: (value) => store.datasets.put(toStored(value)),
    },
  };
}
