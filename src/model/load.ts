import { sha256 } from '../lib/bytes';
import { badInput, corruptModel, missingFile, StudioError } from '../lib/errors';
import { z } from '../lib/zod';
import {
  chooseFiles,
  type FilesOnDisk,
  foldHash,
  isNeeded,
  type ModelCard,
  type ModelFiles,
  makeCard,
  type NamedFile,
  parseCard,
  readFolder,
} from './card';
import { type DownloadOptions, download, type FileCache, type RemoteFile } from './download';

/** All sources give the same hub layout. */
export type ModelSource =
  /** With a `studio.json`, e.g. `models/HuggingFaceTB/SmolLM2-135M-Instruct/`. */
  | { readonly kind: 'site'; readonly base: string }
  | { readonly kind: 'folder'; readonly name: string; readonly files: readonly NamedFile[] }
  | { readonly kind: 'hub'; readonly id: string }
  /** Loaded earlier from a folder or the hub; the files are in the browser's cache. */
  | { readonly kind: 'kept'; readonly card: ModelCard };

export interface LoadedModel {
  readonly card: ModelCard;
  readonly files: ModelFiles;
  /** Weights of a large model that the browser's cache keeps. */
  readonly onDisk?: FilesOnDisk;
}

interface SiteFolder {
  readonly card: ReturnType<typeof parseCard>;
  readonly addressOf: (path: string) => string;
}

async function openSite(base: string, options: DownloadOptions): Promise<SiteFolder> {
  const folder = new URL(base.endsWith('/') ? base : `${base}/`, globalThis.document?.baseURI ?? 'http://localhost/');
  const addressOf = (path: string) => new URL(path, folder).href;
  const listed = [{ path: 'studio.json', url: addressOf('studio.json'), bytes: null, sha256: null }];
  const { 'studio.json': text } = await download(listed, { ...options, onProgress: () => {} });
  return { card: parseCard(new TextDecoder().decode(text)), addressOf };
}

const withAddress = (files: ModelCard['files'], { addressOf }: SiteFolder) =>
  files.map((file) => ({ ...file, url: addressOf(file.path) }));

async function loadFromSite(base: string, options: DownloadOptions): Promise<LoadedModel> {
  const site = await openSite(base, options);
  const { card } = site;
  if (!card.ok) throw corruptModel(card.error.message, { data: { file: 'studio.json' } });
  if ((await foldHash(card.value.files)) !== card.value.sha256)
    throw corruptModel(
      'The model’s studio.json is inconsistent: its checksum does not match its file list. Load the model again.',
      { data: { file: 'studio.json' } },
    );
  const wanted = card.value.files.filter(({ path }) => isNeeded(path));
  return { card: card.value, files: await download(withAddress(wanted, site), options) };
}

/** Neither the graph nor its weights. */
export const isSmall = (path: string): boolean =>
  isNeeded(path) && !path.startsWith('onnx/') && !/\.(?:onnx|onnx_data|safetensors|bin)/.test(path);

/** For tokenising while the weights are on their way. From this site only, as the hub has no list with checksums. */
export async function loadTokenizerFiles(source: ModelSource, cache: FileCache | null): Promise<ModelFiles | null> {
  if (source.kind !== 'site') return null;
  const site = await openSite(source.base, { cache });
  if (!site.card.ok) return null; // reported when the whole model is loaded
  const small = site.card.value.files.filter(({ path }) => isSmall(path));
  return download(withAddress(small, site), { cache });
}

async function loadKept(card: ModelCard, { cache, onProgress, signal }: DownloadOptions): Promise<LoadedModel> {
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  const totalBytes = card.files.reduce((sum, file) => sum + file.bytes, 0);
  let receivedBytes = 0;
  for (const { path, sha256: hash } of card.files) {
    signal?.throwIfAborted();
    const bytes = await cache?.get(hash);
    if (!bytes || (await sha256(bytes)) !== hash)
      throw missingFile(
        `${card.id} is no longer stored in this browser (${path} is gone). Open its folder again, or download it again from the hub.`,
        { data: { file: path } },
      );
    files[path] = bytes;
    receivedBytes += bytes.length;
    onProgress?.({ file: path, receivedBytes, totalBytes, fromCache: true });
  }
  return { card, files };
}

/** Loaded again without its folder or a request, as far as there is room. */
async function keep(loaded: LoadedModel, { cache }: DownloadOptions): Promise<LoadedModel> {
  for (const { path, sha256: hash } of loaded.card.files) {
    const bytes = loaded.files[path];
    if (bytes) await cache?.put(hash, bytes);
  }
  return loaded;
}

/** From here on a second copy of the weights in memory counts. */
const LARGE = 256 * 1024 * 1024;

async function withDisk(loaded: LoadedModel, cache: FileCache | null): Promise<LoadedModel> {
  const weights = loaded.card.files.filter(({ path }) => path.startsWith('onnx/'));
  if (weights.reduce((sum, { bytes }) => sum + bytes, 0) < LARGE) return loaded;
  const onDisk: Record<string, Blob> = {};
  for (const { path, sha256: hash } of weights) {
    const blob = await cache?.onDisk?.(hash);
    if (blob) onDisk[path] = blob;
  }
  return { ...loaded, onDisk };
}

/** Verified, from the cache if possible. @throws StudioError model-*, cancelled */
export const loadModelFiles = async (source: ModelSource, options: DownloadOptions): Promise<LoadedModel> =>
  withDisk(await readSource(source, options), options.cache);

function readSource(source: ModelSource, options: DownloadOptions): Promise<LoadedModel> {
  switch (source.kind) {
    case 'site':
      return loadFromSite(source.base, options);
    case 'folder':
      return readFolder(source.files, source.name).then((loaded) => keep(loaded, options));
    case 'hub':
      return loadFromHub(source.id, options).then((loaded) => keep(loaded, options));
    case 'kept':
      return loadKept(source.card, options);
  }
}

const HUB = 'https://huggingface.co';
const ID = /^[\w.-]+\/[\w.-]+$/;

/** `lfs.oid` is the SHA-256 of a file in LFS. */
const listing = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().int().nonnegative(),
    lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/) }).optional(),
  }),
);

/**
 * The only requests that leave the site. One lists the files with sizes and checksums, because the headers of the files
 * cannot be read after the hub's redirect. @throws StudioError model-download, model-missing-file, model-corrupt, cancelled
 */
async function loadFromHub(id: string, options: DownloadOptions): Promise<{ card: ModelCard; files: ModelFiles }> {
  if (!ID.test(id))
    throw badInput(
      `“${id}” is not a model id. It looks like owner/name, for example HuggingFaceTB/SmolLM2-135M-Instruct.`,
    );
  const listed = await list(id, options.signal);
  const choice = chooseFiles(listed.map(({ path }) => path));
  if ('missing' in choice)
    throw missingFile(
      `${id} lacks ${choice.missing.join(' and ')}, so it cannot be used here. Look for a repository whose name ends in -ONNX.`,
      { data: { missing: choice.missing } },
    );
  const wanted = listed.flatMap(({ path, size, lfs }): RemoteFile[] => {
    const to = choice.files.get(path);
    const url = `${HUB}/${id}/resolve/main/${encodeURI(path)}`;
    return to === undefined ? [] : [{ path: to, url, bytes: size, sha256: lfs?.oid ?? null }];
  });
  const files = await download(wanted, options);
  return { card: await makeCard(id, choice.onnx, files), files };
}

async function list(id: string, signal?: AbortSignal): Promise<z.infer<typeof listing>> {
  const silent = (cause?: unknown) =>
    new StudioError(
      'model-download',
      `The hub did not answer for ${id}. Check the connection and try again; downloaded files are kept.`,
      { cause },
    );
  const response = await fetch(`${HUB}/api/models/${id}/tree/main?recursive=true`, signal ? { signal } : {}).catch(
    (cause: unknown) => {
      if (signal?.aborted) throw new StudioError('cancelled', 'The download was stopped.', { cause });
      throw silent(cause);
    },
  );
  // The hub also answers 401 for names that do not exist.
  if ([401, 403, 404].includes(response.status))
    throw missingFile(
      `The hub has no public model “${id}” (status ${response.status}). Check the name. Models that need a licence or a login cannot be downloaded here, but can be opened from a folder.`,
      { data: { status: response.status } },
    );
  if (!response.ok) throw silent(`answer ${response.status}`);
  const parsed = listing.safeParse(await response.json().catch(() => null));
  if (!parsed.success) throw silent(z.prettifyError(parsed.error));
  return parsed.data.filter(({ type }) => type === 'file');
}

/** Comes with the product. */
export interface CatalogueModel {
  /** On the hub, and below `models/`. */
  readonly id: string;
  readonly source: Extract<ModelSource, { kind: 'site' }>;
}

const onSite = <const Id extends string>(id: Id) => ({ id, source: { kind: 'site', base: `models/${id}/` } }) as const;

/** Folders under public/models. */
export const CATALOGUE = {
  /** When the user has not chosen another model. */
  standard: onSite('HuggingFaceTB/SmolLM2-135M-Instruct'),
  /** 0.6 million parameters: checks gradients on a software graphics device, where a larger model takes too long. */
  tiny: onSite('softprompt-studio/tiny-support'),
} as const satisfies Readonly<Record<string, CatalogueModel>>;
