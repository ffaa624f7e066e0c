import type { FileCache } from './download';

/** A cache in memory. */
export function mapCache(): FileCache & { readonly kept: Map<string, Uint8Array<ArrayBuffer>> } {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    kept,
    get: async (hash) => kept.get(hash) ?? null,
    put: async (hash, data) => {
      kept.set(hash, data);
      return true;
    },
    onDisk: async (hash) => {
      const bytes = kept.get(hash);
      return bytes ? new Blob([bytes]) : null;
    },
    delete: async (hash) => void kept.delete(hash),
  };
}
