/** Runs that differ in nothing but their seed: what a mean over seeds is made of. */
import { isUsable } from './prompt-set';
import type { PromptSet, SoftVersion } from './types';

/** Everything that decides a run but its seed, as text that can be compared. */
const butSeed = (run: SoftVersion): string => {
  const { seed: _seed, ...settings } = run.settings;
  const { template, initText, handVersion, datasetFingerprint, model } = run;
  return JSON.stringify([
    Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)),
    [template, initText, handVersion ?? null, datasetFingerprint, model.sha256],
  ]);
};

/** The usable runs like this one with other seeds, and itself; by seed, of equal seeds the newest. */
export function seedsOf(set: Pick<PromptSet, 'soft'>, run: SoftVersion): readonly SoftVersion[] {
  const alike = set.soft.filter((other) => isUsable(other) && butSeed(other) === butSeed(run));
  const bySeed = new Map(alike.map((other) => [other.settings.seed, other]));
  if (isUsable(run)) bySeed.set(run.settings.seed, run);
  return [...bySeed.values()].sort((a, b) => a.settings.seed - b.settings.seed);
}
