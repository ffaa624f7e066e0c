import type { FileCache } from '../model/download';
import { type LoadedModel, loadModelFiles, type ModelSource as Source } from '../model/load';
import type { Platform } from './open';
import type { ModelSource, OpenOptions } from './types';

const isFiles = (source: ModelSource): source is readonly File[] =>
  typeof source !== 'string' && !(source instanceof URL);

/** `https://…`, `/models/…`, `./model`: anything else is an id on the hub. */
const isAddress = (source: string | URL): boolean => source instanceof URL || /^(?:[a-z]+:|\.{0,2}\/)/i.test(source);

function sourceOf(source: ModelSource, options: Omit<OpenOptions, 'onProgress'>): Source {
  const { dtype, revision, subfolder, endpoint } = options;
  if (isFiles(source)) {
    const files = source.map((file) => ({
      path: file.webkitRelativePath || file.name,
      size: file.size,
      bytes: async () => new Uint8Array(await file.arrayBuffer()),
    }));
    return { kind: 'folder', name: files[0]?.path.split('/')[0] ?? 'model', files, dtype };
  }
  if (isAddress(source)) return { kind: 'site', base: String(source), dtype };
  return { kind: 'hub', id: String(source), dtype, revision, subfolder, endpoint };
}

/** Files of a model that is not on the disk, from the cache where it has them. */
export const readFrom = (
  source: ModelSource,
  options: Parameters<Platform['read']>[1],
  cache: FileCache | null,
): Promise<LoadedModel> => {
  const { onProgress, signal, cache: isKept = true } = options;
  const how = { cache: isKept ? cache : null, onProgress, ...(signal && { signal }) };
  return loadModelFiles(sourceOf(source, options), how);
};
