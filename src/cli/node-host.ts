/** A model folder on the disk, and the verbs' host over it: one process, the engine called directly. */
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostOver } from '../api/host';
import { nodePlatform, readModelDir } from '../api/node-platform';
import type { Weights } from '../engine/types';
import type { Trains } from '../inference/program';
import { uninterrupted } from '../lib/control';
import { badInput, missingFile } from '../lib/errors';
import { counted, duration } from '../lib/format';
import { parseCard } from '../model/card';
import type { DownloadProgress } from '../model/download';
import { CATALOGUE, type CatalogueModel } from '../model/load';
import type { Host, Run } from '../workflow/host';
import type { Told } from '../workflow/tune';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const inCatalogue = ({ source }: CatalogueModel) => join(ROOT, 'public', source.base);
/** Built in; the package has none, and asks the hub. */
const builtIn = inCatalogue(CATALOGUE.standard);
export const DEFAULT_MODEL = existsSync(builtIn) ? builtIn : CATALOGUE.standard.id;

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

export async function readLoadRequest(
  { model, backend, threads, weights = 'fast', trains = 'vectors' }: ModelOptions,
  onProgress: (so: DownloadProgress) => void = () => undefined,
) {
  const { card, files } = await nodePlatform.read(model, { onProgress });
  const shared = threads === null ? {} : { threads };
  return { card, request: { id: card.id, files, backend, sha256: card.sha256, weights, trains, ...shared } };
}

export interface NodeHost extends Host, AsyncDisposable {}

/** Loads a model folder and opens a host over it. @throws StudioError `model-*`, `session-failed`, `out-of-memory` */
export async function openHost(options: ModelOptions, log: Log): Promise<NodeHost> {
  log.progress('Reading the model');
  const { card, request } = await readLoadRequest(options, ({ receivedBytes, totalBytes }) =>
    log.progress(`Downloading the model: ${Math.round((100 * receivedBytes) / totalBytes)}%`),
  );
  const engine = await nodePlatform.start(request);
  const { info } = engine;
  log.line(
    `${info.id} (${info.dtype}) on ${info.backend}, ${counted(info.threads, 'thread')}${info.weights?.held === 'small' ? ', small weights' : ''}: loaded in ${duration(info.loadSeconds)}`,
  );
  const host = await hostOver(engine, card, request.files, nodePlatform);
  return { ...host, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
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
    if ('said' in event) log.line((event as Told).said);
    else if ('note' in event) log.progress(progressWords(event as Progress));
  },
});
