/**
 * Keeps the page for use without a network, and adds the headers that isolate it and set its policy, even if the host
 * cannot send them. A new version waits until the page lets it take over. See docs/decisions/018-offline-and-durability.md.
 */
import { HEADERS } from '../../tools/headers.mjs';
import { answerTo, cacheName, type Kept, type KeptFile, type Manifest, outdated, type ToWorker } from './rules';

declare const self: ServiceWorkerGlobalScope;
declare const __MANIFEST__: Manifest;

const MANIFEST = __MANIFEST__;
const NAME = cacheName(MANIFEST.version);
/** Header with the checksum of the file as it was built. */
const MARK = 'X-Kept-Sha256';
/** The page must not wait longer for a connection that does not answer. */
const PATIENCE_MS = 4000;
/** Only our page contains it. */
const OURS = '<title>Softprompt Studio</title>';

const scope = () => self.registration.scope;
const address = (path: string) => new URL(path, scope()).href;

/** The response with our headers, and without those of its compression, because its body is decompressed. */
function withHeaders(response: Response, more: Readonly<Record<string, string>> = {}): Response {
  if (response.type === 'opaqueredirect') return response; // the browser follows it
  const headers = new Headers(response.headers);
  for (const name of ['Content-Encoding', 'Content-Length', 'Transfer-Encoding']) headers.delete(name);
  for (const [name, value] of Object.entries({ ...HEADERS, ...more })) headers.set(name, value);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Throws unless the file arrived as it was built: half a version is worse than the previous one. */
async function fetchFile({ path, sha256: wanted }: KeptFile): Promise<Response> {
  const response = await fetch(address(path), { cache: 'no-cache' });
  if (!response.ok) throw new Error(`${path}: answer ${response.status}`);
  const bytes = await response.arrayBuffer();
  // some hosts modify the page itself; it names its files by hash, so it cannot load those of another version
  if (path !== 'index.html' && (await sha256(bytes)) !== wanted) throw new Error(`${path}: not as it was built`);
  return withHeaders(new Response(bytes, { headers: response.headers }), { [MARK]: wanted });
}

/** From a cache that has the file with the same bytes. */
async function fromCaches({ path, sha256: wanted }: KeptFile): Promise<Response | null> {
  const found = await caches.match(address(path));
  return found?.headers.get(MARK) === wanted ? found : null;
}

async function keep(files: readonly KeptFile[]): Promise<void> {
  const cache = await caches.open(NAME);
  const one = async (file: KeptFile) => {
    if (await cache.match(address(file.path))) return;
    await cache.put(address(file.path), (await fromCaches(file)) ?? (await fetchFile(file)));
  };
  await Promise.all(files.map(one));
}

/** This version's files of the runtimes that an earlier version has kept. */
async function runtimesInUse(): Promise<readonly KeptFile[]> {
  const kept: string[] = [];
  for (const name of await caches.keys())
    for (const { url } of await (await caches.open(name)).keys()) if (url.endsWith('.wasm')) kept.push(url);
  const isKept = (gpu: boolean) => kept.some((url) => url.includes('asyncify') === gpu);
  const { wasm, webgpu } = MANIFEST.runtimes;
  return [...(isKept(false) ? wasm : []), ...(isKept(true) ? webgpu : [])];
}

self.addEventListener('install', (event) => {
  event.waitUntil(runtimesInUse().then((runtimes) => keep([...MANIFEST.shell, ...runtimes])));
});

self.addEventListener('activate', (event) => {
  const tidy = async () => {
    for (const name of outdated(await caches.keys(), NAME)) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener('message', (event) => {
  const said = event.data as ToWorker;
  if (said.kind === 'take-over') event.waitUntil(self.skipWaiting());
  if (said.kind !== 'keep') return;
  const answer = (kept: Kept) => event.ports[0]?.postMessage(kept);
  const work = keep(said.runtimes.flatMap((name) => MANIFEST.runtimes[name]));
  event.waitUntil(
    work.then(
      () => answer({ ok: true }),
      () => answer({ ok: false }),
    ),
  );
});

async function kept(request: Request, path: string): Promise<Response> {
  const found = (await (await caches.open(NAME)).match(address(path))) ?? (await caches.match(address(path)));
  return found ?? withHeaders(await fetch(request));
}

async function newest(request: Request, path: string): Promise<Response> {
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.ok) return withHeaders(response);
    return (await caches.match(address(path))) ?? response;
  } catch (error) {
    const found = await caches.match(address(path));
    if (found) return found;
    throw error;
  }
}

/** Different projects use the same port on localhost: a page that is not ours is let through, and the worker unregisters. */
async function localPage(request: Request): Promise<Response> {
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await response.clone().text();
    if (text.includes(OURS)) return withHeaders(response);
    if (response.ok) {
      await self.registration.unregister();
      return response;
    }
  } catch {
    // nothing is served, or it does not answer
  }
  return kept(request, 'index.html');
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const answer = answerTo(request, scope(), MANIFEST);
  if (answer.from === 'site') return;
  if (answer.from === 'page') event.respondWith(answer.isLocal ? localPage(request) : kept(request, 'index.html'));
  if (answer.from === 'kept') event.respondWith(kept(request, answer.path));
  if (answer.from === 'newest') event.respondWith(newest(request, answer.path));
});
