/** The page's two workers, linked: the workflow worker speaks to the engine worker over a channel of its own. */
import { StudioError } from '../lib/errors';
import type { EngineLink, EngineMethods, ModelFiles, VerbMethods, WorkflowMethods } from '../worker/protocol';
import type { Client, Services } from './state/services';

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
};

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
    workflow: {
      call,
      control: (id, control) => workflow.control(id, control),
      restart: () => workflow.restart(),
      dispose: () => workflow.dispose(),
    },
    engine: {
      call: (method, params, options) => engine.call(method, params, options),
      control: (id, control) => engine.control(id, control),
      restart: () => {
        // first, so that what waits for the old engine is cancelled, not reported as its death
        if (loaded) void workflow.call('connectEngine', null).catch(() => undefined);
        loaded = null;
        engine.restart();
      },
      dispose: () => engine.dispose(),
    },
    connectEngine: async (info, weights) => {
      loaded = { info, weights: weights ?? null, base: globalThis.document?.baseURI ?? '' };
      await connect();
    },
  };
}
