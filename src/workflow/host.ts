/**
 * What the product's verbs need from outside. Two hosts provide it: the page's workers (worker/page-host.ts) and Node
 * (cli/node-host.ts). A verb knows nothing of React, of IndexedDB or of workers.
 */
import type { Dataset } from '../dataset/types';
import type { EngineCalls, ModelInfo, TrainRequest } from '../engine/types';
import { type Control, uninterrupted } from '../lib/control';
import type { ModelCard } from '../model/card';
import type { Neighbours } from '../task/types';
import type { OpenTokenizer } from '../tokens/tokenizer';
import type { TrainEvent } from '../training/events';

export interface Run<E = never> {
  readonly control: Control;
  readonly emit: (event: E) => void;
}

/** A run that nobody steers or hears of. */
export const SILENT: Run<unknown> = { control: uninterrupted, emit: () => {} };

/**
 * A verb of the product. Request, events and result are plain values that a worker can be sent; what is to be kept is in the
 * result or in an event, and the caller stores it.
 * @throws StudioError `cancelled` once it was asked to, and as the engine's methods
 */
export type Verb<Q, E, R> = (host: Host, request: Q, run: Run<E>) => Promise<R>;

/** The loaded model. Calls throw StudioErrors as Engine's methods do; they may be made at the same time and then queue. */
export interface HostEngine extends Omit<EngineCalls, 'selfCheck'> {
  readonly info: ModelInfo;
  train(request: TrainRequest, control: Control): AsyncIterable<TrainEvent>;
  /** Drops what is remembered of texts and answers, so that what is asked next is computed. */
  forget(): Promise<void>;
}

/** Facts of the model folder that exports write down. */
export interface HostCard {
  /** Where PyTorch finds the same weights; null where nobody knows. */
  readonly weights: NonNullable<ModelCard['weights']> | null;
  readonly attentionHeads: number | null;
  /** What transformers multiplies `inputs_embeds` by; 1 for most models. */
  readonly embeddingMultiplier: number;
}

export interface Host {
  readonly tokens: OpenTokenizer;
  readonly card: HostCard;
  /** @throws StudioError `bad-input` (reading the property) while no model is loaded */
  readonly engine: HostEngine;
  /** For each row its most similar training rows, by the model's token vectors, which are read once for a data set. */
  neighbours(
    dataset: Dataset,
    control: Control,
    onProgress?: (done: number, total: number) => void,
  ): Promise<Neighbours>;
  /** A text file that ships with the product, e.g. `predict.py` or `sample.json`. */
  asset(name: string): Promise<string>;
  /** A file of the drop-in for web pages, which is built beside the page, e.g. `softprompt.js`. */
  dropIn(name: string): Promise<Uint8Array>;
  /** ISO time. */
  now(): string;
  newId(): string;
}
