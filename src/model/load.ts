import { sha256 } from '../lib/bytes';
import { StudioError } from '../lib/errors';
import { foldHash, isNeeded, type ModelCard, type ModelFiles, parseCard } from './card';
import { type DownloadOptions, download, type FileCache } from './download';
import { type NamedFile, readFolder } from './folder';
import { loadFromHub } from './hub';

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
  if (!card.ok) throw new StudioError('model-corrupt', card.error.message, { data: { file: 'studio.json' } });
  if ((await foldHash(card.value.files)) !== card.value.sha256)
    throw new StudioError(
      'model-corrupt',
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
      throw new StudioError(
        'model-missing-file',
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

/** Verified files of a model, from the cache if possible. @throws StudioError model-*, cancelled */
export async function loadModelFiles(source: ModelSource, options: DownloadOptions): Promise<LoadedModel> {
  switch (source.kind) {
    case 'site':
      return loadFromSite(source.base, options);
    case 'folder':
      return keep(await readFolder(source.files, source.name), options);
    case 'hub':
      return keep(await loadFromHub(source.id, options), options);
    case 'kept':
      return loadKept(source.card, options);
  }
}
