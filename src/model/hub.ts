import { StudioError } from '../lib/errors';
import { z } from '../lib/zod';
import { type ModelCard, type ModelFiles, makeCard } from './card';
import { type DownloadOptions, download, type RemoteFile } from './download';
import { chooseFiles } from './folder';

const HUB = 'https://huggingface.co';
const ID = /^[\w.-]+\/[\w.-]+$/;

/** The hub's list of files; `lfs.oid` is the SHA-256 of a file in LFS. */
const listing = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().int().nonnegative(),
    lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/) }).optional(),
  }),
);

/**
 * Loads a model from the hub: the only requests that leave the site, made only when the user picks a hub model. One request
 * lists the files with sizes and checksums, because the headers of the files cannot be read after the hub's redirect.
 * @throws StudioError model-download, model-missing-file, model-corrupt, cancelled
 */
export async function loadFromHub(
  id: string,
  options: DownloadOptions,
): Promise<{ card: ModelCard; files: ModelFiles }> {
  if (!ID.test(id))
    throw new StudioError(
      'bad-input',
      `“${id}” is not a model id. It looks like owner/name, for example HuggingFaceTB/SmolLM2-135M-Instruct.`,
    );
  const listed = await list(id, options.signal);
  const choice = chooseFiles(listed.map(({ path }) => path));
  if ('missing' in choice)
    throw new StudioError(
      'model-missing-file',
      `${id} lacks ${choice.missing.join(' and ')}, so it cannot be used here. Look for a repository whose name ends in -ONNX.`,
      { data: { missing: choice.missing } },
    );
  const wanted = listed.flatMap(({ path, size, lfs }): RemoteFile[] => {
    const to = choice.files.get(path);
    const url = `${HUB}/${id}/resolve/main/${encodeURI(path)}`;
    return to === undefined ? [] : [{ path: to, url, bytes: size, sha256: lfs?.oid ?? null }];
  });
  const files = await download(wanted, options);
  return { card: await makeCard(id, choice.onnx, files), files };
}

async function list(id: string, signal?: AbortSignal): Promise<z.infer<typeof listing>> {
  const silent = (cause?: unknown) =>
    new StudioError(
      'model-download',
      `The hub did not answer for ${id}. Check the connection and try again; downloaded files are kept.`,
      { cause },
    );
  const response = await fetch(`${HUB}/api/models/${id}/tree/main?recursive=true`, signal ? { signal } : {}).catch(
    (cause: unknown) => {
      if (signal?.aborted) throw new StudioError('cancelled', 'The download was stopped.', { cause });
      throw silent(cause);
    },
  );
  // The hub also answers 401 for names that do not exist.
  if ([401, 403, 404].includes(response.status))
    throw new StudioError(
      'model-missing-file',
      `The hub has no public model “${id}” (status ${response.status}). Check the name. Models that need a licence or a login cannot be downloaded here, but can be opened from a folder.`,
      { data: { status: response.status } },
    );
  if (!response.ok) throw silent(`answer ${response.status}`);
  const parsed = listing.safeParse(await response.json().catch(() => null));
  if (!parsed.success) throw silent(z.prettifyError(parsed.error));
  return parsed.data.filter(({ type }) => type === 'file');
}
