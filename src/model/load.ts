import { contentKey, sha256 } from '../lib/bytes';
import { badInput, corruptModel, missingFile, StudioError } from '../lib/errors';
import { z } from '../lib/zod';
import {
  chooseFiles,
  type FilesOnDisk,
  foldHash,
  graphNames,
  isNeeded,
  type ModelCard,
  type ModelFiles,
  makeCard,
  type NamedFile,
  parseCard,
  readFolder,
  SETTINGS,
  type Variant,
} from './card';
import {
  type DownloadOptions,
  download,
  type FileCache,
  isFile,
  look,
  type RemoteFile,
  throwIfStopped,
} from './download';

/**
 * A folder at any address, e.g. `models/HuggingFaceTB/SmolLM2-135M-Instruct/` or `https://host/owner/name/resolve/main/`. Its
 * `studio.json` lists the files; without one they are asked for by the hub's names.
 */
interface SiteSource extends Pick<Variant, 'dtype'> {
  readonly kind: 'site';
  readonly base: string;
}

interface HubSource extends Variant {
  readonly kind: 'hub';
  readonly id: string;
  /** A branch, a tag or a commit. Default: `main`. */
  readonly revision?: string | undefined;
  /** Of a mirror. Default: https://huggingface.co */
  readonly endpoint?: string | undefined;
}

/** All sources give the same hub layout. */
export type ModelSource =
  | SiteSource
  | ({ readonly kind: 'folder'; readonly name: string; readonly files: readonly NamedFile[] } & Variant)
  | HubSource
  /** Loaded earlier from a folder or the hub; the files are in the browser's cache. */
  | { readonly kind: 'kept'; readonly card: ModelCard };

export interface LoadedModel {
  readonly card: ModelCard;
  readonly files: ModelFiles;
  /** Weights of a large model that the browser's cache keeps. */
  readonly onDisk?: FilesOnDisk;
}

interface SiteFolder {
  readonly url: URL;
  /** Null = it has no `studio.json`. */
  readonly card: ReturnType<typeof parseCard> | null;
  /** Whether there was any answer. */
  readonly answers: boolean;
}

async function openSite(base: string, signal?: AbortSignal): Promise<SiteFolder> {
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  const here = globalThis.document?.baseURI ?? location?.href ?? 'http://localhost/';
  const url = new URL(base.endsWith('/') ? base : `${base}/`, here);
  try {
    const response = await fetch(new URL('studio.json', url), { ...(signal ? { signal } : {}), cache: 'no-store' });
    return { url, card: isFile(response) ? parseCard(await response.text()) : null, answers: true };
  } catch (cause) {
    throwIfStopped(signal, cause);
    return { url, card: null, answers: false };
  }
}

const withAddress = (files: ModelCard['files'], { url }: SiteFolder) =>
  files.map((file) => ({ ...file, url: new URL(file.path, url).href }));

async function loadFromSite({ base, dtype }: SiteSource, options: DownloadOptions): Promise<LoadedModel> {
  const site = await openSite(base, options.signal);
  const { card } = site;
  if (!card) return loadUnlisted(site, dtype, options);
  if (!card.ok) throw corruptModel(card.error.message, { data: { file: 'studio.json' } });
  if ((await foldHash(card.value.files)) !== card.value.sha256)
    throw corruptModel(
      'The model’s studio.json is inconsistent: its checksum does not match its file list. Load the model again.',
      { data: { file: 'studio.json' } },
    );
  const wanted = card.value.files.filter(({ path }) => isNeeded(path));
  return { card: card.value, files: await download(withAddress(wanted, site), options) };
}

async function loadUnlisted(
  { url, answers }: SiteFolder,
  dtype: string | undefined,
  options: DownloadOptions,
): Promise<LoadedModel> {
  const at = (path: string, to = path) => look(to, new URL(path, url).href, options.signal);
  const lacks = (path: string) =>
    new StudioError(
      answers ? 'model-missing-file' : 'model-download',
      `${new URL(path, url).href} could not be loaded. The folder must have the model as the hub lays it out${dtype === undefined ? '' : ` (${dtype})`}, and allow this page to read it.`,
      answers ? { data: { file: path } } : {},
    );
  const weights: RemoteFile[] = [];
  for (const path of graphNames(dtype).flatMap((name) => [`onnx/${name}`, name])) {
    const folder = path.startsWith('onnx/') ? '' : 'onnx/';
    const graph = await at(path, folder + path);
    if (!graph) continue;
    for (let i = 0, next: RemoteFile | null = graph; next; i++) {
      weights.push(next);
      const data = `${path}_data${i === 0 ? '' : `_${i}`}`;
      next = await at(data, folder + data);
    }
    break;
  }
  const [graph] = weights;
  if (!graph) throw lacks(`onnx/${graphNames(dtype)[0]}`);
  const settings = (await Promise.all(SETTINGS.map((path) => at(path)))).filter((file) => file !== null);
  if (!settings.some(({ path }) => path === 'tokenizer.json')) throw lacks('tokenizer.json');
  const files = await download([...settings, ...weights], options);
  return { card: await makeCard(idAt(url), graph.path, files), files };
}

/** `owner/name` in the hub's shape of an address. */
const idAt = ({ href }: URL): string => /([\w.-]+\/[\w.-]+)\/resolve\//.exec(href)?.[1] ?? href;

/** Neither the graph nor its weights. */
export const isSmall = (path: string): boolean =>
  isNeeded(path) && !path.startsWith('onnx/') && !/\.(?:onnx|onnx_data|safetensors|bin)/.test(path);

/** For tokenising while the weights are on their way. Only where a list has checksums. */
export async function loadTokenizerFiles(source: ModelSource, cache: FileCache | null): Promise<ModelFiles | null> {
  if (source.kind !== 'site') return null;
  const site = await openSite(source.base);
  if (!site.card?.ok) return null; // reported when the whole model is loaded
  const small = site.card.value.files.filter(({ path }) => isSmall(path));
  return download(withAddress(small, site), { cache });
}

async function loadKept(card: ModelCard, { cache, onProgress, signal }: DownloadOptions): Promise<LoadedModel> {
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  const needed = card.files.filter(({ path }) => isNeeded(path));
  const totalBytes = needed.reduce((sum, file) => sum + file.bytes, 0);
  let receivedBytes = 0;
  for (const { path, sha256: hash } of needed) {
    throwIfStopped(signal);
    const bytes = await cache?.get(hash);
    if (!bytes || (await sha256(bytes)) !== hash)
      throw missingFile(
        `${card.id} is no longer stored in this browser (${path} is gone). Open its folder again, or download it again from the hub.`,
        { data: { file: path } },
      );
    files[path] = bytes;
    receivedBytes += bytes.length;
    onProgress?.({ file: path, receivedBytes, totalBytes, fromCache: true });
  }
  return { card, files };
}

/** What was loaded before needs no server: one that is silent as a whole is not asked for its files. */
async function orKept<Source extends SiteSource | HubSource>(
  source: Source,
  options: DownloadOptions,
  load: (source: Source, options: DownloadOptions) => Promise<LoadedModel>,
): Promise<LoadedModel> {
  const key = await sha256(contentKey(source));
  try {
    const loaded = await load(source, options);
    await options.cache?.put(key, new TextEncoder().encode(JSON.stringify(loaded.card)));
    return loaded;
  } catch (cause) {
    const isSilent = cause instanceof StudioError && cause.code === 'model-download' && !cause.data.file;
    const kept = isSilent ? await options.cache?.get(key) : null;
    const card = kept && parseCard(new TextDecoder().decode(kept));
    if (!card?.ok) throw cause;
    return loadKept(card.value, options).catch(() => {
      throw cause;
    });
  }
}

/** Loaded again without its folder or a request, as far as there is room. */
async function keep(loaded: LoadedModel, { cache }: DownloadOptions): Promise<LoadedModel> {
  for (const { path, sha256: hash } of loaded.card.files) {
    const bytes = loaded.files[path];
    if (bytes) await cache?.put(hash, bytes);
  }
  return loaded;
}

/** From here on a second copy of the weights in memory counts. */
const LARGE = 256 * 1024 * 1024;

async function withDisk(loaded: LoadedModel, cache: FileCache | null): Promise<LoadedModel> {
  const weights = loaded.card.files.filter(({ path }) => path.startsWith('onnx/'));
  if (weights.reduce((sum, { bytes }) => sum + bytes, 0) < LARGE) return loaded;
  const onDisk: Record<string, Blob> = {};
  for (const { path, sha256: hash } of weights) {
    const blob = await cache?.onDisk?.(hash);
    if (blob) onDisk[path] = blob;
  }
  return { ...loaded, onDisk };
}

/** Verified, from the cache if possible. @throws StudioError model-*, cancelled */
export const loadModelFiles = async (source: ModelSource, options: DownloadOptions): Promise<LoadedModel> =>
  withDisk(await readSource(source, options), options.cache);

function readSource(source: ModelSource, options: DownloadOptions): Promise<LoadedModel> {
  switch (source.kind) {
    case 'site':
      return orKept(source, options, loadFromSite);
    case 'folder':
      return readFolder(source.files, source.name, source).then((loaded) => keep(loaded, options));
    case 'hub':
      return orKept(source, options, loadFromHub);
    case 'kept':
      return loadKept(source.card, options);
  }
}

const HUB = 'https://huggingface.co';
const ID = /^[\w.-]+\/[\w.-]+$/;

/** `lfs.oid` is the SHA-256 of a file in LFS. */
const listing = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().int().nonnegative(),
    lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/) }).optional(),
  }),
);

/**
 * One request lists the files with sizes and checksums, because the headers of the files cannot be read after the hub's
 * redirect. @throws StudioError model-download, model-missing-file, model-corrupt, cancelled
 */
async function loadFromHub(source: HubSource, options: DownloadOptions): Promise<LoadedModel> {
  const { id, revision = 'main', endpoint = HUB } = source;
  if (!ID.test(id))
    throw badInput(
      `“${id}” is not a model id. It looks like owner/name, for example HuggingFaceTB/SmolLM2-135M-Instruct.`,
    );
  const host = endpoint.replace(/\/+$/, '');
  const version = encodeURIComponent(revision);
  const listed = await list(`${host}/api/models/${id}/tree/${version}?recursive=true`, source, options.signal);
  const choice = chooseFiles(
    listed.map(({ path }) => path),
    source,
  );
  if ('missing' in choice)
    throw missingFile(
      `${id} lacks ${choice.missing.join(' and ')}, so it cannot be used here. ${source.dtype === undefined ? 'Look for a repository whose name ends in -ONNX.' : 'Choose another dtype, or none.'}`,
      { data: { missing: choice.missing } },
    );
  const wanted = listed.flatMap(({ path, size, lfs }): RemoteFile[] => {
    const to = choice.files.get(path);
    const url = `${host}/${id}/resolve/${version}/${encodeURI(path)}`;
    return to === undefined ? [] : [{ path: to, url, bytes: size, sha256: lfs?.oid ?? null }];
  });
  const files = await download(wanted, options);
  return { card: await makeCard(id, choice.onnx, files), files };
}

async function list(url: string, { id, revision }: HubSource, signal?: AbortSignal): Promise<z.infer<typeof listing>> {
  const silent = (cause?: unknown) =>
    new StudioError(
      'model-download',
      `The hub did not answer for ${id}. Check the connection and try again; downloaded files are kept.`,
      { cause },
    );
  const response = await fetch(url, signal ? { signal } : {}).catch((cause: unknown) => {
    throwIfStopped(signal, cause);
    throw silent(cause);
  });
  // The hub also answers 401 for names that do not exist.
  if ([401, 403, 404].includes(response.status))
    throw missingFile(
      `The hub has no public model “${id}”${revision === undefined ? '' : ` with a revision “${revision}”`} (status ${response.status}). Check the name. Models that need a licence or a login cannot be downloaded here, but can be opened from a folder.`,
      { data: { status: response.status } },
    );
  if (!response.ok) throw silent(`answer ${response.status}`);
  const parsed = listing.safeParse(await response.json().catch(() => null));
  if (!parsed.success) throw silent(z.prettifyError(parsed.error));
  return parsed.data.filter(({ type }) => type === 'file');
}

/** Comes with the product. */
export interface CatalogueModel {
  /** On the hub, and below `models/`. */
  readonly id: string;
  readonly source: Extract<ModelSource, { kind: 'site' }>;
}

const onSite = <const Id extends string>(id: Id) => ({ id, source: { kind: 'site', base: `models/${id}/` } }) as const;

/** Folders under public/models. */
export const CATALOGUE = {
  /** When the user has not chosen another model. */
  standard: onSite('HuggingFaceTB/SmolLM2-135M-Instruct'),
  /** 0.6 million parameters: checks gradients on a software graphics device, where a larger model takes too long. */
  tiny: onSite('softprompt-studio/tiny-support'),
} as const satisfies Readonly<Record<string, CatalogueModel>>;
