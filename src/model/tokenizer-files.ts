/** The few megabytes that make tokenising possible while the weights are still on their way. */
import { isNeeded, type ModelFiles, parseCard } from './card';
import { download, type FileCache } from './download';
import type { ModelSource } from './load';

/** Everything but the graph and its weights. */
export const isSmall = (path: string): boolean =>
  isNeeded(path) && !path.startsWith('onnx/') && !/\.(?:onnx|onnx_data|safetensors|bin)/.test(path);

/** From this site only: a folder is read at once, and the hub has no list with checksums. They go into the cache, so they are fetched once. */
export async function loadTokenizerFiles(source: ModelSource, cache: FileCache | null): Promise<ModelFiles | null> {
  if (source.kind !== 'site') return null;
  const folder = new URL(source.base.endsWith('/') ? source.base : `${source.base}/`, document.baseURI);
  const listed = await download(
    [{ path: 'studio.json', url: new URL('studio.json', folder).href, bytes: null, sha256: null }],
    { cache },
  );
  const card = parseCard(new TextDecoder().decode(listed['studio.json']));
  if (!card.ok) return null; // said when the whole model is loaded
  return download(
    card.value.files
      .filter(({ path }) => isSmall(path))
      .map((file) => ({ ...file, url: new URL(file.path, folder).href })),
    { cache },
  );
}
