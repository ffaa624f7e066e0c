/** The verbs' host in Node: one process, the engine called directly. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { configOf } from '../model/card';
import { openTokenizerOf } from '../tokens/open-tokenizer';
import type { Host, HostEngine } from '../workflow/host';
import { rememberedNeighbours } from '../workflow/token-rows';
import type { Log } from './log';
import { type ModelOptions, type OpenModel, openModel, repositoryFile } from './model-dir';

/** Where the files lie that verbs ask for by name. */
const FOLDERS: readonly (readonly [ending: RegExp, folder: string])[] = [
  [/\.(?:py|mjs|md)$/, 'tools/export'],
  [/\.(?:json|csv)$/, 'public/sample'],
];

const asset = async (name: string): Promise<string> => {
  const folder = FOLDERS.find(([ending]) => ending.test(name))?.[1] ?? 'public';
  return readFile(repositoryFile(`${folder}/${name}`), 'utf8');
};

const hostEngine = ({ engine }: Pick<OpenModel, 'engine'>): HostEngine => ({
  info: engine.info,
  score: (request, control, onProgress) => engine.score(request, control, onProgress),
  write: (request, control, onProgress) => engine.write(request, control, onProgress),
  train: (request, control) => engine.train(request, control),
  latency: (request, repeats, control) => engine.latency(request, repeats, control),
  generate: (request, onToken, control) => engine.generate(request, onToken, control),
  tokenVectors: (ids, control, onProgress) => engine.tokenVectors(ids, control, onProgress),
});

export interface NodeHost extends Host {
  dispose(): Promise<void>;
}

/** @param model an open model, which the host then owns */
export function nodeHost(model: OpenModel): NodeHost {
  const { contextLength, attentionHeads } = configOf(model.files);
  const host: NodeHost = {
    tokens: openTokenizerOf(model.tokenizer, contextLength),
    card: { weights: model.card.weights ?? null, attentionHeads },
    engine: hostEngine(model),
    neighbours: rememberedNeighbours(() => host),
    asset,
    now: () => new Date().toISOString(),
    newId: randomUUID,
    dispose: () => model.engine.dispose(),
  };
  return host;
}

/** Loads a model folder and opens a host over it. @throws StudioError `model-*`, `session-failed`, `out-of-memory` */
export const openHost = async (options: ModelOptions, log: Log): Promise<NodeHost> =>
  nodeHost(await openModel(options, log));
