/** What the service worker keeps, and how it answers a request. Pure. */

/** A file of the built page. */
export interface KeptFile {
  /** Below the scope, e.g. `assets/index-abc.js`. */
  readonly path: string;
  readonly sha256: string;
}

/** Written into the worker by the build. */
export interface Manifest {
  /** Of all files together: another version is another cache. */
  readonly version: string;
  /** Page, code, styles, fonts, the sample, the cards of this site's models: kept before the worker takes over. */
  readonly shell: readonly KeptFile[];
  /** ONNX Runtime, 14 to 27 MB: kept once the page says which one it uses. */
  readonly runtimes: Readonly<Record<RuntimeName, readonly KeptFile[]>>;
}

export type RuntimeName = 'wasm' | 'webgpu';

/** Messages from the page to the worker; `keep` is answered over the port sent with it. */
export type ToWorker =
  | { readonly kind: 'keep'; readonly runtimes: readonly RuntimeName[] }
  | { readonly kind: 'take-over' };

export interface Kept {
  /** False = no room, or no connection. */
  readonly ok: boolean;
}

/**
 * `page`: the start page of this version for any query; on localhost the server's page if it answers, because another
 * project may use the port by now. `kept`: from the cache, else from the site. `newest`: from the site, else from the
 * cache. `site`: not handled by the worker, e.g. weights, which the page itself keeps by checksum.
 */
type Answer =
  | { readonly from: 'page'; readonly isLocal: boolean }
  | { readonly from: 'kept' | 'newest'; readonly path: string }
  | { readonly from: 'site' };

const SITE: Answer = { from: 'site' };

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly mode: string;
}

/** The path of a file below the scope, without query and hash; null = an address outside it. */
function pathBelow(scope: string, url: string): string | null {
  const { origin, pathname } = new URL(url);
  const home = new URL(scope);
  return origin === home.origin && pathname.startsWith(home.pathname) ? pathname.slice(home.pathname.length) : null;
}

const isLocal = (address: string): boolean =>
  /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(address).hostname);

export function answerTo({ method, url, mode }: Asked, scope: string, { shell, runtimes }: Manifest): Answer {
  const path = method === 'GET' ? pathBelow(scope, url) : null;
  if (path === null) return SITE;
  if (mode === 'navigate' && (path === '' || path === 'index.html')) return { from: 'page', isLocal: isLocal(scope) };
  if (/^models\/.+\/studio\.json$/.test(path)) return { from: 'newest', path };
  // files in `assets/` have their hash in the name: those of another version are right too
  const isOurs =
    path.startsWith('assets/') || [...shell, ...Object.values(runtimes).flat()].some((file) => file.path === path);
  return isOurs && !path.endsWith('.map') ? { from: 'kept', path } : SITE;
}

const PREFIX = 'softprompt-shell-';

export const cacheName = (version: string): string => PREFIX + version;

/** Caches that can be deleted when `mine` takes over: all but mine and the previous one, whose tabs may still be open. */
export function outdated(names: readonly string[], mine: string): readonly string[] {
  return names.filter((name) => name.startsWith(PREFIX) && name !== mine).slice(0, -1);
}
