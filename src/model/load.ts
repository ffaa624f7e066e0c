import { StudioError } from '../lib/errors';
import { foldHash, isNeeded, type ModelCard, type ModelFiles, parseCard } from './card';
import { type DownloadOptions, download } from './download';
import { readFolder } from './folder';
import { loadFromHub } from './hub';

/** Where a model comes from. All three arrive in the same hub layout. */
export type ModelSource =
  /** A folder of this site with a `studio.json`, e.g. `models/HuggingFaceTB/SmolLM2-135M-Instruct/`. */
  | { readonly kind: 'site'; readonly base: string }
  | { readonly kind: 'folder'; readonly name: string; readonly files: readonly File[] }
  | { readonly kind: 'hub'; readonly id: string };

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
      'The model’s studio.json contradicts itself: its checksum is not that of its file list. Load the model again.',
      { data: { file: 'studio.json' } },
    );
  const wanted = card.value.files.filter(({ path }) => isNeeded(path));
  const files = await download(
    wanted.map((file) => ({ ...file, url: new URL(file.path, folder).href })),
    options,
  );
  return { card: card.value, files };
}

/** Verified files of a model, from the cache where they are. @throws StudioError model-*, cancelled */
export function loadModelFiles(source: ModelSource, options: DownloadOptions): Promise<LoadedModel> {
  switch (source.kind) {
    case 'site':
      return loadFromSite(source.base, options);
    case 'folder':
      return readFolder(
        source.files.map((file) => ({
          path: file.webkitRelativePath || file.name,
          bytes: async () => new Uint8Array(await file.arrayBuffer()),
        })),
        source.name,
      );
    case 'hub':
      return loadFromHub(source.id, options);
  }
}
