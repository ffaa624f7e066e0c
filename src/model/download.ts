import { present } from '../lib/assert';
import { sha256 } from '../lib/bytes';
import { corruptModel, missingFile, StudioError } from '../lib/errors';

/** Verified, by SHA-256; incomplete ones under `<sha256>.part`. Keys are hexadecimal digits, and `.part`. */
export interface FileCache {
  get(sha256: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** False: the browser had no room (or no cache), so the file is fetched again next time. */
  put(sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
  delete(sha256: string): Promise<void>;
  /** To be read in parts; null = not there, or never on disk. */
  onDisk?(sha256: string): Promise<Blob | null>;
}

const NAME = 'softprompt-model-files-1';
const address = (sha256: string) => `${location.origin}/.model-files/${sha256}`;

const PIECE = 1 << 20;

/** A response that is made of a whole array copies it first. */
function inPieces(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let done = 0;
  return new ReadableStream({
    pull(controller) {
      if (done === bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(done, Math.min(done + PIECE, bytes.length)));
      done = Math.min(done + PIECE, bytes.length);
    },
  });
}

/** Null = no Cache API (insecure context, blocked by policy). */
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
    async onDisk(sha256) {
      try {
        return (await (await (await caches.open(NAME)).match(address(sha256)))?.blob()) ?? null;
      } catch {
        return null;
      }
    },
    async put(sha256, bytes) {
      try {
        const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': String(bytes.length) };
        await (await caches.open(NAME)).put(address(sha256), new Response(inPieces(bytes), { headers }));
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

export interface DownloadProgress {
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
  readonly fromCache: boolean;
}

/** Without `sha256` (a hub file that is not in LFS, or one that no list names) only the size can be checked. */
export interface RemoteFile {
  readonly path: string;
  readonly url: string;
  readonly bytes: number | null;
  readonly sha256: string | null;
  /** Of its address and version: the cache has its checksum under this, once it was downloaded. */
  readonly key?: string | null;
}

export interface DownloadOptions {
  readonly cache: FileCache | null;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

/** @throws StudioError `cancelled` */
export function throwIfStopped(signal: AbortSignal | undefined, cause?: unknown): void {
  if (signal?.aborted) throw new StudioError('cancelled', 'The download was stopped.', { cause });
}

/** Sites answer for what they do not have with a page of theirs. */
export const isFile = ({ ok, headers }: Response): boolean =>
  ok && headers.get('content-type')?.startsWith('text/html') !== true;

/**
 * What a server says of a file that no list names; null = it does not have it, or is silent. One byte is asked for, since
 * the answer to a range is not compressed, and has the length that counts. @throws StudioError `cancelled`
 */
export async function look(path: string, url: string, signal?: AbortSignal): Promise<RemoteFile | null> {
  const headers = { Range: 'bytes=0-0' };
  const response = await fetch(url, { headers, ...(signal ? { signal } : {}), cache: 'no-store' }).catch(() => null);
  throwIfStopped(signal);
  if (!response) return null;
  await response.body?.cancel();
  if (!isFile(response)) return null;
  const total =
    response.status === 206
      ? response.headers.get('content-range')?.split('/')[1]
      : response.headers.get('content-length');
  const version = response.headers.get('etag') ?? response.headers.get('last-modified');
  const bytes = Number(total) || null;
  return {
    path,
    url,
    bytes,
    sha256: null,
    key: version === null ? null : await sha256(`${url}\n${version}\n${bytes}`),
  };
}

/** The length may be unknown. */
class Received {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  readonly #file: RemoteFile;

  constructor(file: RemoteFile, partial: Uint8Array<ArrayBuffer> | null) {
    this.#file = file;
    this.bytes = new Uint8Array(file.bytes ?? 0);
    if (partial && partial.length < this.bytes.length) this.add(partial);
  }

  add(chunk: Uint8Array): void {
    const length = this.length + chunk.length;
    if (length > this.bytes.length) {
      const { path, bytes } = this.#file;
      if (bytes !== null)
        throw corruptModel(
          `${path} is longer than the ${bytes} bytes that the model card says, so it is another version: delete the model's files and load it again.`,
          { data: { file: path } },
        );
      const grown = new Uint8Array(Math.max(2 * this.bytes.length, length, 1 << 16));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(chunk, this.length);
    this.length = length;
  }

  soFar(): Uint8Array<ArrayBuffer> {
    return this.length === this.bytes.length ? this.bytes : this.bytes.slice(0, this.length);
  }
}

/** Of a broken connection. */
const RETRIES = 3;
const PAUSE_MS = 500;

/** From where `received` ends. */
async function fetchFile(
  file: RemoteFile,
  received: Received,
  onBytes: (n: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  for (let retry = 0; ; retry++) {
    const response = await ask(file, received.length, signal);
    if (received.length > 0 && response.status !== 206) {
      // The server sends the whole file again.
      onBytes(-received.length);
      received.length = 0;
    }
    const before = received.length;
    try {
      for (const reader = present(response.body, 'body').getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) return;
        received.add(value);
        onBytes(value.length);
      }
    } catch (cause) {
      if (cause instanceof StudioError) throw cause;
      throwIfStopped(signal, cause);
      // Nothing since the last attempt: the server is gone, not just the connection.
      if (retry >= RETRIES || received.length === before)
        throw new StudioError(
          'model-download',
          `The download of ${file.path} stopped after ${received.length} bytes. Try again: it continues from there.`,
          { data: { file: file.path }, cause },
        );
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

async function ask(file: RemoteFile, from: number, signal?: AbortSignal): Promise<Response> {
  const headers = from > 0 ? { Range: `bytes=${from}-` } : {};
  let response: Response;
  try {
    response = await fetch(file.url, { headers, ...(signal ? { signal } : {}), cache: 'no-store' });
  } catch (cause) {
    throwIfStopped(signal, cause);
    throw new StudioError(
      'model-download',
      `${file.path} could not be downloaded: the connection failed. Check it and try again; downloaded files are kept.`,
      { data: { file: file.path }, cause },
    );
  }
  if (!response.ok || !response.body)
    throw missingFile(
      `${file.path} is missing at ${new URL(file.url).host} (status ${response.status}). The model folder is incomplete.`,
      { data: { file: file.path, status: response.status } },
    );
  return response;
}

/** @throws StudioError `model-corrupt` naming the file */
async function verify(file: RemoteFile, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (file.bytes !== null && bytes.length !== file.bytes)
    throw corruptModel(
      `${file.path} has ${bytes.length} bytes instead of ${file.bytes}: it is incomplete or another version. Load the model again.`,
      { data: { file: file.path } },
    );
  if (file.sha256 !== null && (await sha256(bytes)) !== file.sha256)
    throw corruptModel(
      `${file.path} does not have the expected SHA-256: it was damaged or changed on the way. Load the model again; if that does not help, the server has a wrong copy.`,
      { data: { file: file.path } },
    );
}

/** From the cache if possible; verified either way. @throws StudioError model-*, cancelled */
export async function download(
  files: readonly RemoteFile[],
  { cache, onProgress, signal }: DownloadOptions,
): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const out: Record<string, Uint8Array<ArrayBuffer>> = {};
  const totalBytes = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  let receivedBytes = 0;
  const found = await Promise.all(files.map((file) => fromCache(file, cache)));
  for (const [i, file] of files.entries()) {
    throwIfStopped(signal);
    const report = (n: number, fromCache: boolean) => {
      receivedBytes += n;
      onProgress?.({ file: file.path, receivedBytes, totalBytes: Math.max(totalBytes, receivedBytes), fromCache });
    };
    const kept = found[i];
    if (kept) {
      out[file.path] = kept;
      report(kept.length, true);
      continue;
    }
    const bytes = await fetchOrResume(file, cache, (n) => report(n, false), signal);
    await verify(file, bytes);
    if (cache) await keep(file, bytes, cache);
    out[file.path] = bytes;
  }
  return out;
}

/** As far as there is room. */
async function keep({ key, sha256: listed }: RemoteFile, bytes: Uint8Array<ArrayBuffer>, cache: FileCache) {
  const hash = listed ?? (await sha256(bytes));
  if ((await cache.put(hash, bytes)) && key) await cache.put(key, new TextEncoder().encode(hash));
}

/** The checksum of a file that a list names, or that was downloaded before in this version. */
async function checksumOf({ sha256: listed, key }: RemoteFile, cache: FileCache | null): Promise<string | null> {
  if (listed !== null || !key) return listed;
  const kept = await cache?.get(key);
  return kept ? new TextDecoder().decode(kept) : null;
}

/** Deletes a cached file that does not pass verification. */
async function fromCache(file: RemoteFile, cache: FileCache | null): Promise<Uint8Array<ArrayBuffer> | null> {
  const hash = await checksumOf(file, cache);
  const kept = hash === null ? null : await cache?.get(hash);
  if (!kept || hash === null) return null;
  try {
    await verify({ ...file, sha256: hash }, kept);
    return kept;
  } catch {
    await cache?.delete(hash);
    return null;
  }
}

/** Requests only the rest of a download that was interrupted before. */
async function fetchOrResume(
  file: RemoteFile,
  cache: FileCache | null,
  onBytes: (n: number) => void,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const name = file.sha256 ?? file.key;
  const key = name ? `${name}.part` : null;
  const partial = key ? ((await cache?.get(key)) ?? null) : null;
  const received = new Received(file, partial);
  onBytes(received.length);
  if (key && partial) await cache?.delete(key);
  try {
    await fetchFile(file, received, onBytes, signal);
  } catch (cause) {
    const isWhole = cause instanceof StudioError && cause.code === 'model-corrupt';
    if (key && !isWhole && received.length > 0) await cache?.put(key, received.soFar());
    throw cause;
  }
  return received.soFar();
}
