/** The verbs' host over one loaded model, and the host behind each model that a program has opened. */
import type { Dataset } from '../dataset/types';
import type { Engine } from '../engine/engine';
import { type EngineCalls, engineCalls } from '../engine/types';
import type { Package } from '../interchange/package';
import type { CompleteSet } from '../interchange/set-files';
import { inTurn } from '../lib/control';
import { badInput } from '../lib/errors';
import { configOf, type ModelCard, type ModelFiles } from '../model/card';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { openTokenizerOf } from '../tokens/tokenizer';
import type { Host, HostEngine } from '../workflow/host';
import { rememberedNeighbours } from '../workflow/token-rows';
import type { FileKind, FileOptions, Files, Model } from './types';

/** One call after the other, because runs of the graph must not overlap; a training run lets others in between its events. */
export function inQueue(engine: Engine): StartedEngine {
  const queued = inTurn();
  return {
    info: engine.info,
    train: async function* (...asked) {
      const events = engine.train(...asked);
      const next = () => queued(() => events.next());
      for (let event = await next(); !event.done; event = await next()) yield event.value;
    },
    forget: () => queued(async () => engine.forget()),
    ...engineCalls<EngineCalls>(
      (name) =>
        (...asked) =>
          queued<unknown>(() => engine[name](...asked)),
    ),
    [Symbol.asyncDispose]: () => queued(() => engine.dispose()),
  };
}

/** Files of the model without its weights are enough. */
export async function hostOver(
  engine: HostEngine,
  { weights }: Pick<ModelCard, 'weights'>,
  files: ModelFiles,
  assets: Pick<Host, 'asset' | 'dropIn'>,
): Promise<Host> {
  const { contextLength, attentionHeads, embeddingMultiplier } = configOf(files);
  const tokenizer = await createCoreTokenizer(files);
  const host: Host = {
    ...assets,
    tokens: openTokenizerOf(tokenizer, engine.info.contextLength ?? contextLength),
    card: { weights: weights ?? null, attentionHeads, embeddingMultiplier },
    engine,
    neighbours: rememberedNeighbours(() => host),
    now: () => new Date().toISOString(),
    newId: () => crypto.randomUUID(),
  };
  return host;
}

/** Can check its own gradients. */
export type CheckedEngine = HostEngine & Pick<EngineCalls, 'selfCheck'>;
export type StartedEngine = CheckedEngine & AsyncDisposable;

export interface ApiHost extends Host {
  /** Of an exported prompt. @throws StudioError `bad-input` */
  bytesAt(address: string | URL): Promise<Uint8Array>;
  /** How prompts are written as files; a page that only answers has none of it. */
  files(): Promise<{
    filesOf(of: Behind, kind: FileKind, options?: FileOptions): Promise<Files>;
    unzipped(zip: Uint8Array): Files;
  }>;
}

/** What is known of a prompt besides its surface. */
export interface Behind {
  readonly host: ApiHost;
  readonly package: Package;
  /** The set that it was trained in here, with its rows and comparisons; null = it was loaded. */
  readonly stored: (CompleteSet & { readonly dataset: Dataset }) | null;
}

const hosts = new WeakMap<Model, ApiHost | null>();

export const keepHost = (model: Model, host: ApiHost | null): void => void hosts.set(model, host);

export const givenBack = ({ id }: Pick<Model, 'id'>) => badInput(`${id} was given back. Open it again.`);

/** @throws StudioError `bad-input` for a model that was given back, or never opened here */
export function hostOf(model: Model): ApiHost {
  const host = hosts.get(model);
  if (host) return host;
  if (host === null) throw givenBack(model);
  throw badInput(
    'This is no model of this package: give the result of openModel. Two copies of the package do not know each other’s models.',
  );
}
