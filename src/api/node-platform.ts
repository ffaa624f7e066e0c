/** ONNX Runtime in this process, and model folders on the disk. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../engine/engine';
import { PROMPT_FILE } from '../interchange/package';
import { badInput, corruptModel, missingFile } from '../lib/errors';
import { type ModelCard, type ModelFiles, parseCard, readFolder } from '../model/card';
import { createNodeRunner } from '../runtime/ort-node';
import { folderCache } from './folder-cache';
import { inQueue } from './host';
import type { Platform } from './open';
import { fetchBytes, readFrom } from './source';
import type { Dtype, ModelSource } from './types';

interface ModelDir {
  readonly card: ModelCard;
  readonly files: ModelFiles;
}

/** A folder in hub layout. `studio.json` may name it; its checksum must fit. @throws StudioError `model-*` */
export async function readModelDir(folder: string, dtype?: Dtype): Promise<ModelDir> {
  const paths = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw missingFile(`There is no model folder ${folder}.`, { cause });
  });
  const named = paths.map((path) => ({ path, bytes: async () => new Uint8Array(await readFile(join(folder, path))) }));
  const { card, files } = await readFolder(named, basename(folder), { dtype });
  if (!paths.includes('studio.json')) return { card, files };
  const given = parseCard(await readFile(join(folder, 'studio.json'), 'utf8'));
  if (!given.ok) throw corruptModel(given.error.message);
  if (given.value.sha256 !== card.sha256)
    throw corruptModel(`The weights in ${folder} do not have the checksum that its studio.json gives.`, {
      data: { expected: given.value.sha256, found: card.sha256 },
    });
  return { card: given.value, files };
}

/** Null = it is not on the disk. */
async function folderIn(source: ModelSource): Promise<string | null> {
  if (typeof source !== 'string' && !(source instanceof URL)) return null;
  const url = /^file:/.test(String(source));
  const path = url ? fileURLToPath(source) : String(source);
  const found = await stat(path).catch(() => null);
  return found?.isDirectory() || url ? path : null;
}

/** Of what goes along: beside this module in the package, else where the repository has it. */
const FOLDERS = {
  asset: ['assets/', '../../tools/export/', '../../public/sample/'],
  dropIn: ['../drop-in/', '../ort/', '../../dist/drop-in/', '../../node_modules/onnxruntime-web/dist/'],
} as const;

async function beside(kind: keyof typeof FOLDERS, name: string): Promise<Uint8Array<ArrayBuffer>> {
  for (const folder of FOLDERS[kind]) {
    const found = await readFile(new URL(/* @vite-ignore */ `./${folder}${name}`, import.meta.url)).catch(() => null);
    if (found) return new Uint8Array(found);
  }
  throw badInput(`The file ${name} is missing. Build it with npm run build, or install the package again.`);
}

/** Null in the repository, where ONNX Runtime is a package of its own. */
async function packagedRuntime(): Promise<string | null> {
  const folder = new URL(/* @vite-ignore */ '../ort/', import.meta.url);
  return (await stat(folder).catch(() => null)) ? folder.href : null;
}

const cacheFolder = () => join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'softprompt');

export const nodePlatform: Platform = {
  read: async (source, options) => {
    const folder = await folderIn(source);
    if (folder === null && /^(?:\.{0,2}\/|~|[a-z]:\\)/i.test(String(source)))
      throw missingFile(`There is no model folder ${String(source)}.`);
    return folder === null
      ? readFrom(source, options, folderCache(cacheFolder()))
      : readModelDir(folder, options.dtype);
  },
  start: async (request) => {
    const wasmPaths = request.wasmPaths ?? (await packagedRuntime());
    const own = wasmPaths === null ? {} : { wasmPaths };
    return inQueue(await createEngine({ ...request, ...own, createRunner: createNodeRunner }));
  },
  backend: (device) => {
    if (device === 'webgpu')
      throw badInput('Node has no graphics device. Leave device out, or open the model in a page.');
    return 'node-wasm';
  },
  asset: async (name) => new TextDecoder().decode(await beside('asset', name)),
  dropIn: (name) => beside('dropIn', name),
  files: () => import('./files'),
  bytesAt: async (address) => {
    const path = /^file:/.test(String(address)) ? fileURLToPath(address) : String(address);
    const found = await stat(path).catch(() => null);
    if (!found && !/^https?:/.test(path)) throw badInput(`There is no file or folder ${path}.`);
    return found ? readFile(found.isDirectory() ? join(path, PROMPT_FILE) : path) : fetchBytes(address);
  },
};
