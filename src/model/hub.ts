import { StudioError } from '../lib/errors';
import { type ModelCard, type ModelFiles, makeCard } from './card';
import { type DownloadOptions, download, type RemoteFile } from './download';

/** Variants in the order of preference: small first, all are computed in float32. */
const DTYPES = ['q4', 'fp32', 'fp16', 'q4f16'] as const;

/** Size and, for files kept in LFS, the SHA-256 that the hub names in its headers. */
async function lookUp(path: string, url: string, signal?: AbortSignal): Promise<RemoteFile> {
  const head = await fetch(url, { method: 'HEAD', ...(signal ? { signal } : {}) });
  const etag = (head.headers.get('x-linked-etag') ?? '').replaceAll('"', '');
  const size = head.headers.get('x-linked-size') ?? head.headers.get('content-length');
  return { path, url, bytes: size ? Number(size) : null, sha256: /^[0-9a-f]{64}$/.test(etag) ? etag : null };
}

/**
 * Loads a model from the hub: the one request that leaves the page, made only when the user picks a hub model.
 * Which files a model has is asked of @huggingface/transformers, which knows the hub's conventions; the bytes are
 * streamed, verified and kept by our own downloader.
 * @throws StudioError model-download, model-missing-file, model-corrupt, cancelled
 */
export async function loadFromHub(
  id: string,
  options: DownloadOptions,
): Promise<{ card: ModelCard; files: ModelFiles }> {
  if (!/^[\w.-]+\/[\w.-]+$/.test(id))
    throw new StudioError(
      'bad-input',
      `“${id}” is not a model id. It looks like owner/name, for example HuggingFaceTB/SmolLM2-135M-Instruct.`,
    );
  const { ModelRegistry, env } = await import('@huggingface/transformers');
  // Never run here, but its default is a public CDN.
  if (env.backends.onnx.wasm) env.backends.onnx.wasm.wasmPaths = './';
  let paths: string[];
  try {
    const there = await ModelRegistry.get_available_dtypes(id);
    const dtype = DTYPES.find((name) => there.includes(name));
    if (!dtype)
      throw new StudioError(
        'model-missing-file',
        `${id} has no ONNX file that can be used here (found: ${there.join(', ') || 'none'}). Look for a repository whose name ends in -ONNX.`,
      );
    paths = await ModelRegistry.get_files(id, { dtype, include_processor: false });
  } catch (cause) {
    if (cause instanceof StudioError) throw cause;
    throw new StudioError(
      'model-download',
      `The hub did not answer for ${id}. Check the name and the connection, and try again.`,
      { cause },
    );
  }
  const address = (path: string) =>
    `${env.remoteHost}${env.remotePathTemplate.replaceAll('{model}', id).replaceAll('{revision}', 'main')}${path}`;
  const described = await Promise.all(paths.map((path) => lookUp(path, address(path), options.signal)));
  const files = await download(described, options);
  const onnx = paths.find((path) => path.endsWith('.onnx'));
  if (!onnx) throw new StudioError('model-missing-file', `${id} has no .onnx file under onnx/.`);
  return { card: await makeCard(id, onnx, files), files };
}
