/**
 * Keeps verified files by their SHA-256, so that the same bytes are never fetched twice, wherever they come from; and the
 * beginnings of files under `<sha256>.part`.
 */
export interface FileCache {
  get(sha256: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** False when the browser had no room (or no cache): the file is used all the same, and fetched again next time. */
  put(sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
  delete(sha256: string): Promise<void>;
}

const NAME = 'softprompt-model-files-1';
const address = (sha256: string) => `${location.origin}/.model-files/${sha256}`;

/** The browser's Cache API; null where there is none (insecure context, blocked by policy). */
export function browserFileCache(): FileCache | null {
  if (typeof caches === 'undefined') return null;
  return {
    async get(sha256) {
      try {
        const hit = await (await caches.open(NAME)).match(address(sha256));
        return hit ? new Uint8Array(await hit.arrayBuffer()) : null;
      } catch {
        return null;
      }
    },
    async put(sha256, bytes) {
      try {
        const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': String(bytes.length) };
        await (await caches.open(NAME)).put(address(sha256), new Response(bytes, { headers }));
        return true;
      } catch {
        return false;
      }
    },
    async delete(sha256) {
      try {
        await (await caches.open(NAME)).delete(address(sha256));
      } catch {
        // Nothing kept, nothing to delete.
      }
    },
  };
}
