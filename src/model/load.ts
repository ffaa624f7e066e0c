import { sha256 } from '../lib/bytes';
import { StudioError } from '../lib/errors';
import { foldHash, isNeeded, type ModelCard, type ModelFiles, parseCard } from './card';
import { type DownloadOptions, download } from './download';
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

async function loadFromSite(base: string, options: DownloadOptions): Promise<LoadedModel> {
  const folder = new URL(base.endsWith('/') ? base : `${base}/`, globalThis.document?.baseURI ?? 'http://localhost/');
  const [cardBytes] = Object.values(
    await download([{ path: 'studio.json', url: new URL('studio.json', folder).href, bytes: null, sha256: null }], {
      ...options,
      onProgress: () => {},
    }),
  );
  const card = parseCard(new TextDecoder().decode(cardBytes));
  if (!card.ok) throw new StudioError('model-corrupt', card.error.message, { data: { file: 'studio.json' } });
  if ((await foldHash(card.value.files)) !== card.value.sha256)
    throw new StudioError(
      'model-corrupt',
      'The model’s studio.json is inconsistent: its checksum does not match its file list. Load the model again.',
      { data: { file: 'studio.json' } },
    );
  const wanted = card.value.files.filter(({ path }) => isNeeded(path));
  const files = await download(
    wanted.map((file) => ({ ...file, url: new URL(file.path, folder).href })),
    options,
  );
  return { card: card.value, files };
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
