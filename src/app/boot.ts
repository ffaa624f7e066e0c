import type { ModelSource } from '../model/load';
import type { PromptSet } from '../prompt-set/types';
import { navigate, screenPath } from './state/location';
import { chosenModel } from './state/models-store';
import { registerWorker, serviceWorkers } from './state/network';
import type { Services } from './state/services';
import { tabMemory } from './state/storage';
import type { Stores } from './state/stores';

const isolating = tabMemory('isolating', false);
/** After this long the page starts without threads; the next visit has them. */
const PATIENCE_MS = 8000;

/** Where session storage is forbidden, nothing could stop a loop of reloads: then none is started. */
function once(): boolean {
  if (isolating.read()) return false;
  isolating.write(true);
  return isolating.read();
}

/**
 * Threads need cross-origin isolation, which a host grants by two headers. Where it cannot send them our service worker
 * does, from the second load on: so the first visit loads once more, and never twice.
 *
 * @returns true when the page is about to load again: nothing else should start then
 */
export async function isolate(
  workers = serviceWorkers(),
  isIsolated = globalThis.crossOriginIsolated,
  reload = () => location.reload(),
): Promise<boolean> {
  if (isIsolated) {
    isolating.write(false);
    return false;
  }
  if (!workers || !once()) return false;
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
  const active = registerWorker(workers).then(() => workers.ready);
  const registration = await Promise.race([active, late]).catch(() => null);
  if (!registration) return false;
  reload();
  return true;
}

const LAST = 'last-project';

export function resumeScreen(set: PromptSet): string {
  if (set.testLooks > 0) return 'compare';
  if (set.runs.length > 0) return 'train';
  if (set.versions.some(({ tried }) => tried !== null)) return 'prompts';
  return 'data';
}

/** `?model=<owner>/<name>`: another model that this site serves under `models/`, such as the tiny one of the tests. */
export function siteModel(search: string): ModelSource | null {
  const id = new URLSearchParams(search).get('model');
  return id !== null && /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(id) ? { kind: 'site', base: `models/${id}/` } : null;
}

/** `?backend=webgpu`: a graphics device that would not be chosen, such as the software one of the tests; `wasm`: none. */
export function wantedBackend(search: string): 'auto' | 'webgpu' | 'wasm' {
  const name = new URLSearchParams(search).get('backend');
  return name === 'webgpu' || name === 'wasm' ? name : 'auto';
}

export const firstModel = async (services: Services): Promise<ModelSource | undefined> =>
  siteModel(location.search) ?? (await chosenModel(services)) ?? undefined;

/** A visit without an address opens the last prompt set; `#/` is always the start screen. */
export async function openLastSet({ store }: Services, { promptSets }: Stores): Promise<void> {
  await promptSets
    .getState()
    .refresh()
    .catch(() => {}); // the Library asks again, and says why
  if (location.hash === '' || location.hash === '#') {
    const id = await store.settings.get<string>(LAST).catch(() => null);
    const last = id === null ? null : await store.sets.get(id).catch(() => null);
    if (last && last.deletedAt === null) navigate(screenPath(last.id, resumeScreen(last)), { replace: true });
  }
  promptSets.subscribe((now, before) => {
    if (now.set && now.set.id !== before.set?.id) void store.settings.set(LAST, now.set.id).catch(() => {});
  });
}
