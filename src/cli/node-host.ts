/** A model folder on the disk, and the verbs' host over it: one process, the engine called directly. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEngine, type Engine } from '../engine/engine';
import { type EngineCalls, engineCalls, type Weights } from '../engine/types';
import type { Trains } from '../inference/program';
import { inTurn, uninterrupted } from '../lib/control';
import { badInput, corruptModel, missingFile } from '../lib/errors';
import { counted, duration } from '../lib/format';
import { configOf, type ModelCard, type ModelFiles, parseCard, readFolder } from '../model/card';
import { CATALOGUE, type CatalogueModel } from '../model/load';
import { createNodeRunner } from '../runtime/ort-node';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { openTokenizerOf } from '../tokens/tokenizer';
import type { Host, HostEngine, Run } from '../workflow/host';
import { rememberedNeighbours } from '../workflow/token-rows';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const inCatalogue = ({ source }: CatalogueModel) => join(ROOT, 'public', source.base);
export const DEFAULT_MODEL = inCatalogue(CATALOGUE.standard);

export interface ModelDir {
  readonly card: ModelCard;
  readonly files: ModelFiles;
}

/** A folder in hub layout. `studio.json` may name it; its checksum must fit. @throws StudioError `model-*` */
export async function readModelDir(folder: string): Promise<ModelDir> {
  const paths = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw missingFile(`There is no model folder ${folder}.`, { cause });
  });
  const named = paths.map((path) => ({ path, bytes: async () => new Uint8Array(await readFile(join(folder, path))) }));
  const { card, files } = await readFolder(named, basename(folder));
  if (!paths.includes('studio.json')) return { card, files };
  const given = parseCard(await readFile(join(folder, 'studio.json'), 'utf8'));
  if (!given.ok) throw corruptModel(given.error.message);
  if (given.value.sha256 !== card.sha256)
    throw corruptModel(`The weights in ${folder} do not have the checksum that its studio.json gives.`, {
      data: { expected: given.value.sha256, found: card.sha256 },
    });
  return { card: given.value, files };
}

export interface PromptWeights {
  readonly id: string | null;
  readonly dtype?: string;
  readonly sha256: string;
}

/** What is said of the model to load, as folders. */
export interface ModelChoice {
  readonly named: string | null;
  /** Looked into before the catalogue. */
  readonly others: readonly string[];
}

/** SHA-256 of a folder's weights, as its `studio.json` has it, which loading checks; else of the files. */
async function weightsIn(folder: string): Promise<string> {
  const card = parseCard(await readFile(join(folder, 'studio.json'), 'utf8').catch(() => ''));
  return card.ok ? card.value.sha256 : (await readModelDir(folder)).card.sha256;
}

/** The first folder with these weights; null = none has them. @throws as `readModelDir`, of the folders that were named */
async function folderWith({ sha256 }: PromptWeights, { named, others }: ModelChoice): Promise<string | null> {
  for (const folder of named === null ? others : [named]) if ((await weightsIn(folder)) === sha256) return folder;
  if (named !== null) return null;
  for (const folder of Object.values(CATALOGUE).map(inCatalogue))
    if ((await weightsIn(folder).catch(() => null)) === sha256) return folder;
  return null;
}

const weightsWords = ({ id, dtype }: PromptWeights) => `${id ?? 'another model'}${dtype ? ` (${dtype})` : ''}`;

/** The folder of the model that a prompt's vectors belong to. @throws StudioError `bad-input` where it is not there */
export async function folderOf(weights: PromptWeights, choice: ModelChoice): Promise<string> {
  const folder = await folderWith(weights, choice);
  if (folder !== null) return folder;
  const { named } = choice;
  throw badInput(
    named === null
      ? `This prompt was made with ${weightsWords(weights)}, which is neither in the catalogue nor among --models. Name its folder with --models.`
      : `This prompt was made with ${weightsWords(weights)}, and ${named} has other weights. Name the folder of that model, or leave --model out where it is in the catalogue.`,
  );
}

/**
 * The folder of the model to load for these prompts: the one that their vectors belong to; any for texts alone.
 * @param needed by vectors @param preferred the model that a text was exported with
 * @throws StudioError `bad-input` where no folder has those weights, or one model cannot answer all; `model-missing-file`
 */
export async function modelFor(
  needed: readonly PromptWeights[],
  choice: ModelChoice,
  preferred: PromptWeights | null = null,
): Promise<string> {
  for (const folder of choice.others)
    if (!(await stat(folder).catch(() => null))?.isDirectory())
      throw missingFile(`--models: there is no folder ${folder}. Name folders that hold a model each.`);
  const [first] = needed;
  const other = needed.find(({ sha256 }) => sha256 !== first?.sha256);
  if (first && other)
    throw badInput(
      `${weightsWords(first)} and ${weightsWords(other)} would have to answer together, and only one model is loaded. Ask the prompts one after the other.`,
    );
  if (first) return folderOf(first, choice);
  return choice.named ?? (preferred && (await folderWith(preferred, choice))) ?? DEFAULT_MODEL;
}

export interface ModelOptions {
  readonly model: string;
  readonly backend: 'node-wasm' | 'node-native';
  readonly threads: number | null;
  readonly weights?: Weights;
  readonly trains?: Trains;
}

export async function readLoadRequest({ model, backend, threads, weights = 'fast', trains = 'vectors' }: ModelOptions) {
  const { card, files } = await readModelDir(model);
  const shared = threads === null ? {} : { threads };
  return { card, request: { id: card.id, files, backend, sha256: card.sha256, weights, trains, ...shared } };
}

const FOLDERS: readonly (readonly [ending: RegExp, folder: string])[] = [
  [/\.(?:py|mjs|md)$/, 'tools/export'],
  [/\.(?:json|csv)$/, 'public/sample'],
];

const asset = async (name: string): Promise<string> => {
  const folder = FOLDERS.find(([ending]) => ending.test(name))?.[1] ?? 'public';
  return readFile(join(ROOT, folder, name), 'utf8');
};

/** Built by `npm run build`; ONNX Runtime's own files are those of its package. */
const dropIn = async (name: string): Promise<Uint8Array> => {
  const folder = name.startsWith('ort-') ? 'node_modules/onnxruntime-web/dist' : 'dist/drop-in';
  return new Uint8Array(await readFile(join(ROOT, folder, name)));
};

/** One call after the other, because runs of the graph must not overlap; a training run lets others in between its events. */
function hostEngine(engine: Engine): HostEngine {
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
  };
}

export interface NodeHost extends Host, AsyncDisposable {}

/** Loads a model folder and opens a host over it. @throws StudioError `model-*`, `session-failed`, `out-of-memory` */
export async function openHost(options: ModelOptions, log: Log): Promise<NodeHost> {
  log.progress('Reading the model');
  const { card, request } = await readLoadRequest(options);
  const tokenizer = await createCoreTokenizer(request.files);
  const engine = await createEngine({ ...request, createRunner: createNodeRunner });
  const { info } = engine;
  log.line(
    `${info.id} (${info.dtype}) on ${info.backend}, ${counted(info.threads, 'thread')}${info.weights?.held === 'small' ? ', small weights' : ''}: loaded in ${duration(info.loadSeconds)}`,
  );
  const { contextLength, attentionHeads, embeddingMultiplier } = configOf(request.files);
  const host: NodeHost = {
    tokens: openTokenizerOf(tokenizer, contextLength),
    card: { weights: card.weights ?? null, attentionHeads, embeddingMultiplier },
    engine: hostEngine(engine),
    neighbours: rememberedNeighbours(() => host),
    asset,
    dropIn,
    now: () => new Date().toISOString(),
    newId: randomUUID,
    [Symbol.asyncDispose]: () => engine.dispose(),
  };
  return host;
}

/** Progress goes to stderr, results go to stdout or to files, so that results can be piped. */
export interface Log {
  line(text: string): void;
  /** Overwrites itself in a terminal; elsewhere at most one line every ten seconds. */
  progress(text: string): void;
}

const QUIET_MS = 10_000;

export function createLog(): Log {
  const stream = process.stderr;
  let open = false;
  let last = 0;
  const line = (text: string) => {
    stream.write(`${open ? '\n' : ''}${text}\n`);
    open = false;
  };
  return {
    line,
    progress(text) {
      if (stream.isTTY) {
        stream.write(`\r\x1b[K${text}`);
        open = true;
      } else if (Date.now() - last >= QUIET_MS) {
        last = Date.now();
        line(text);
      }
    },
  };
}

export const leftWords = (secondsLeft: number | null): string =>
  secondsLeft === null ? '' : `, ${duration(secondsLeft)} left`;

interface Progress {
  readonly note: string;
  readonly fraction: number | null;
  readonly secondsLeft?: number | null;
}

export const progressWords = ({ note, fraction, secondsLeft = null }: Progress): string =>
  `${note}${fraction === null ? '' : `: ${Math.round(100 * fraction)}%`}${leftWords(secondsLeft)}`;

/** A run that nobody stops, whose progress is logged. */
export const logged = (log: Log): Run<object> => ({
  control: uninterrupted,
  emit: (event) => {
    if ('note' in event) log.progress(progressWords(event as Progress));
  },
});
