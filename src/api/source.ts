import { badInput } from '../lib/errors';
import type { FileCache } from '../model/download';
import { type LoadedModel, loadModelFiles, type ModelSource as Source } from '../model/load';
import type { Platform } from './open';
import type { ModelSource, OpenOptions } from './types';

/** Of a page, or of the network. @throws StudioError `bad-input` */
export async function fetchBytes(address: string | URL): Promise<Uint8Array> {
  const url = new URL(address, globalThis.document?.baseURI ?? globalThis.location?.href);
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) throw badInput(`${url.href} could not be read. Is the exported prompt at this address?`);
  return new Uint8Array(await response.arrayBuffer());
}

const isFiles = (source: ModelSource): source is readonly File[] => Array.isArray(source);

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
  if (typeof source !== 'string' && !(source instanceof URL))
    throw badInput('A model is an id on the hub, the address of a folder, or an array of files.');
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
