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

/** Where a model comes from. All sources give the same hub layout. */
export type ModelSource =
  /** A folder of this site with a `studio.json`, e.g. `models/HuggingFaceTB/SmolLM2-135M-Instruct/`. */
  | { readonly kind: 'site'; readonly base: string }
  | { readonly kind: 'folder'; readonly name: string; readonly files: readonly NamedFile[] }
  | { readonly kind: 'hub'; readonly id: string }
  /** A model loaded earlier from a folder or the hub, with its files in the browser's cache. */
  | { readonly kind: 'kept'; readonly card: ModelCard };

export interface LoadedModel {
  readonly card: ModelCard;
  readonly files: ModelFiles;
  /** Of a large model, the weights that the browser's cache keeps. */
  readonly onDisk?: FilesOnDisk;
}

/** A folder of this site, which must have a `studio.json`. */
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

/** Whether a file is wanted, but is neither the graph nor its weights. */
export const isSmall = (path: string): boolean =>
  isNeeded(path) && !path.startsWith('onnx/') && !/\.(?:onnx|onnx_data|safetensors|bin)/.test(path);

/**
 * The few megabytes that make tokenising possible while the weights are still on their way. From this site only: a folder is
 * read at once, and the hub has no list with checksums. They go into the cache, so they are fetched once.
 */
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

/** Caches the files, so that the model can be loaded again without its folder or a request, as far as there is room. */
async function keep(loaded: LoadedModel, { cache }: DownloadOptions): Promise<LoadedModel> {
  for (const { path, sha256: hash } of loaded.card.files) {
    const bytes = loaded.files[path];
    if (bytes) await cache?.put(hash, bytes);
  }
  return loaded;
}

/** Bytes of weights from which a second copy of them in memory counts. */
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

/** Verified files of a model, from the cache if possible. @throws StudioError model-*, cancelled */
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

/** The hub's list of files; `lfs.oid` is the SHA-256 of a file in LFS. */
const listing = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().int().nonnegative(),
    lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/) }).optional(),
  }),
);

/**
 * Loads a model from the hub: the only requests that leave the site, made only when the user picks a hub model. One request
 * lists the files with sizes and checksums, because the headers of the files cannot be read after the hub's redirect.
 * @throws StudioError model-download, model-missing-file, model-corrupt, cancelled
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

/** A model that comes with the product: a folder of the site, with a `studio.json` that lists its files. */
export interface CatalogueModel {
  /** Its name on the hub, and its folder below `models/`. */
  readonly id: string;
  readonly source: Extract<ModelSource, { kind: 'site' }>;
}

const onSite = <const Id extends string>(id: Id) => ({ id, source: { kind: 'site', base: `models/${id}/` } }) as const;

/** To add a model: put its folder under public/models and name it here. */
export const CATALOGUE = {
  /** Loaded when the user has not chosen another model. */
  standard: onSite('HuggingFaceTB/SmolLM2-135M-Instruct'),
  /** 0.6 million parameters: checks the gradients of a software graphics device, where a larger model takes too long. */
  tiny: onSite('softprompt-studio/tiny-support'),
} as const satisfies Readonly<Record<string, CatalogueModel>>;
