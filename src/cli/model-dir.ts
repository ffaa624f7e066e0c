import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../engine/engine';
import { createNodeEngine } from '../engine/node';
import { StudioError } from '../lib/errors';
import { type ModelCard, type ModelFiles, parseCard } from '../model/card';
import { CATALOGUE } from '../model/catalogue';
import { readFolder } from '../model/folder';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import type { Tokenizer } from '../tokens/types';
import { duration, type Log } from './log';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const DEFAULT_MODEL = join(ROOT, 'public', CATALOGUE.standard.source.base);
/** A file of the repository, wherever the command was started. */
export const repositoryFile = (path: string): string => join(ROOT, path);

export interface ModelDir {
  readonly card: ModelCard;
  readonly files: ModelFiles;
}

/**
 * A model folder in hub layout. Its `studio.json`, where there is one, names it; checksums are always computed from the files.
 * @throws StudioError `model-missing-file`, `model-corrupt`
 */
export async function readModelDir(folder: string): Promise<ModelDir> {
  const paths = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new StudioError('model-missing-file', `There is no model folder ${folder}.`, { cause });
  });
  const named = paths.map((path) => ({ path, bytes: async () => new Uint8Array(await readFile(join(folder, path))) }));
  const { card, files } = await readFolder(named, basename(folder));
  if (!paths.includes('studio.json')) return { card, files };
  const given = parseCard(await readFile(join(folder, 'studio.json'), 'utf8'));
  if (!given.ok) throw new StudioError('model-corrupt', given.error.message);
  if (given.value.sha256 !== card.sha256)
    throw new StudioError('model-corrupt', `The weights in ${folder} are not those that its studio.json names.`, {
      data: { expected: given.value.sha256, found: card.sha256 },
    });
  return { card: given.value, files };
}

export interface OpenModel {
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
  readonly card: ModelCard;
  readonly files: ModelFiles;
  /** config.json, for what PEFT writes down. */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface ModelOptions {
  readonly model: string;
  readonly backend: 'node-wasm' | 'node-native';
  readonly threads: number | null;
}

export async function openModel({ model, backend, threads }: ModelOptions, log: Log): Promise<OpenModel> {
  log.progress('Reading the model');
  const { card, files } = await readModelDir(model);
  const tokenizer = await createCoreTokenizer(files);
  const config = files['config.json'] ? JSON.parse(new TextDecoder().decode(files['config.json'])) : {};
  const engine = await createNodeEngine({
    id: card.id,
    files,
    backend,
    sha256: card.sha256,
    ...(threads === null ? {} : { threads }),
  });
  const { info } = engine;
  log.line(
    `${info.id} (${info.dtype}) on ${info.backend}, ${info.threads} threads: ready in ${duration(info.loadSeconds)}`,
  );
  return { engine, tokenizer, card, files, config };
}
