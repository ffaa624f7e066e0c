/** From nothing to stores: the browser probed, what is kept opened, the last project found. */

import type { ModelSource } from '../model/load';
import type { PromptSet } from '../project/types';
import type { Services } from './services';
import { navigate, screenPath } from './shell/location';
import { SOURCE_SETTING } from './state/session-store';
import type { Stores } from './state/stores';

const LAST = 'last-project';

/** Where a project is taken up again. */
export function resumeScreen(set: PromptSet): string {
  if (set.testLooks > 0) return 'compare';
  if (set.soft.length > 0) return 'train';
  if (set.hard.some(({ tried }) => tried !== null)) return 'prompts';
  return 'data';
}

/** The model of the last visit; the embedded one when there is none or it was a folder. */
export async function lastModel({ store }: Services): Promise<ModelSource | undefined> {
  const kept = await store.settings.get<ModelSource>(SOURCE_SETTING).catch(() => null);
  return kept?.kind === 'hub' || kept?.kind === 'site' ? kept : undefined;
}

/** A visit without an address opens the last project; `#/` is the start screen, whatever is kept. */
export async function openLastProject({ store }: Services, { project }: Stores): Promise<void> {
  await project
    .getState()
    .refresh()
    .catch(() => {}); // shown as an empty library; saving will say what is wrong
  if (location.hash === '' || location.hash === '#') {
    const id = await store.settings.get<string>(LAST).catch(() => null);
    const last = project.getState().sets.find((set) => set.id === id);
    if (last) navigate(screenPath(last.id, resumeScreen(last)), { replace: true });
  }
  project.subscribe((now, before) => {
    if (now.set && now.set.id !== before.set?.id) void store.settings.set(LAST, now.set.id).catch(() => {});
  });
}
