import { StudioError } from '../lib/errors';
import { sha256 } from '../lib/hash';
import type { FileCache } from './file-cache';

export interface DownloadProgress {
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
  readonly fromCache: boolean;
}

/** A file to fetch. Without `sha256` (a hub file that is not in LFS) only the size can be checked. */
export interface RemoteFile {
  readonly path: string;
  readonly url: string;
  readonly bytes: number | null;
  readonly sha256: string | null;
}

export interface DownloadOptions {
  readonly cache: FileCache | null;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

/** One file, streamed, with its received bytes reported. */
async function fetchFile(
  file: RemoteFile,
  onBytes: (n: number) => void,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  let response: Response;
  try {
    response = await fetch(file.url, { ...(signal ? { signal } : {}), cache: 'no-store' });
  } catch (cause) {
    if (signal?.aborted) throw new StudioError('cancelled', 'The download was stopped.', { cause });
    throw new StudioError(
      'model-download',
      `${file.path} could not be fetched: the connection failed. Check it and try again; files that are already here are kept.`,
      { data: { file: file.path }, cause },
    );
  }
  if (!response.ok || !response.body)
    throw new StudioError(
      'model-missing-file',
      `${file.path} is not at ${new URL(file.url).host} (answer ${response.status}). The model folder is incomplete.`,
      { data: { file: file.path, status: response.status } },
    );
  const length = file.bytes ?? Number(response.headers.get('content-length') ?? 0);
  let bytes = new Uint8Array(length);
  let received = 0;
  try {
    for (const reader = response.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      if (received + value.length > bytes.length) {
        if (file.bytes !== null)
          throw new StudioError(
            'model-corrupt',
            `${file.path} is longer than the ${file.bytes} bytes that the model card names. It is another version: delete the model's files and load it again.`,
            { data: { file: file.path } },
          );
        const grown = new Uint8Array(Math.max(2 * bytes.length, received + value.length, 1 << 16));
        grown.set(bytes.subarray(0, received));
        bytes = grown;
      }
      bytes.set(value, received);
      received += value.length;
      onBytes(value.length);
    }
  } catch (cause) {
    if (cause instanceof StudioError) throw cause;
    if (signal?.aborted) throw new StudioError('cancelled', 'The download was stopped.', { cause });
    throw new StudioError(
      'model-download',
      `${file.path} broke off after ${received} bytes. Try again; files that are already here are kept.`,
      { data: { file: file.path }, cause },
    );
  }
  return received === bytes.length ? bytes : bytes.slice(0, received);
}

/** Size and checksum, or a sentence that names the wrong file. */
async function verify(file: RemoteFile, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (file.bytes !== null && bytes.length !== file.bytes)
    throw new StudioError(
      'model-corrupt',
      `${file.path} has ${bytes.length} bytes instead of ${file.bytes}: it arrived incomplete or is another version. Load the model again.`,
      { data: { file: file.path } },
    );
  if (file.sha256 !== null && (await sha256(bytes)) !== file.sha256)
    throw new StudioError(
      'model-corrupt',
      `${file.path} does not have the expected SHA-256: it was damaged or changed on the way. Load the model again; if it stays so, the server has a wrong copy.`,
      { data: { file: file.path } },
    );
}

/** All files, from the cache where it has them, verified either way. @throws StudioError model-*, cancelled */
export async function download(
  files: readonly RemoteFile[],
  { cache, onProgress, signal }: DownloadOptions,
): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const out: Record<string, Uint8Array<ArrayBuffer>> = {};
  const totalBytes = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  let receivedBytes = 0;
  for (const file of files) {
    signal?.throwIfAborted();
    const report = (n: number, fromCache: boolean) => {
      receivedBytes += n;
      onProgress?.({ file: file.path, receivedBytes, totalBytes: Math.max(totalBytes, receivedBytes), fromCache });
    };
    const kept = file.sha256 === null ? null : await cache?.get(file.sha256);
    if (kept && file.sha256 !== null) {
      try {
        await verify(file, kept);
        out[file.path] = kept;
        report(kept.length, true);
        continue;
      } catch {
        await cache?.delete(file.sha256);
      }
    }
    const bytes = await fetchFile(file, (n) => report(n, false), signal);
    await verify(file, bytes);
    if (file.sha256 !== null) await cache?.put(file.sha256, bytes);
    out[file.path] = bytes;
  }
  return out;
}
