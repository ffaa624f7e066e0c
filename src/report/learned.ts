/** What the runs say of a tuned prompt beside its comparison. */
import type { ClassifyEvaluation, PromptSet } from '../prompt-set/types';
import { runOf, seedsOf, versionById } from '../prompt-set/versions';
import { accuracyOf, adaptationStep } from '../training/checkpoint';
import type { Checkpoint } from '../training/events';
import type { CloserLook } from './types';

type Learned = Pick<CloserLook, 'adaptation' | 'seedRange'>;

/** How soon validation accuracy was at 95% of its final value, and how far runs differ that differ only in their seed. */
export function learnedOf(
  set: PromptSet,
  { trainedVersion }: Pick<ClassifyEvaluation, 'trainedVersion'>,
  checkpoint: Checkpoint | null,
): Learned {
  const version = versionById(set, trainedVersion);
  const run = runOf(set, version);
  if (!version || !run) return {};
  const reached = seedsOf(set, version).flatMap((seed) => runOf(set, seed)?.validationAccuracy ?? []);
  const points = (checkpoint?.validations ?? []).map((v) => ({ step: v.step, value: accuracyOf(v) ?? 0 }));
  const step = adaptationStep(points, run.bestStep);
  const ms = (checkpoint?.steps ?? []).filter((s) => s.step < (step ?? 0)).reduce((sum, s) => sum + s.ms, 0);
  return {
    ...(step !== null && { adaptation: { step, rows: step * run.settings.batchSize, seconds: ms / 1000 } }),
    ...(reached.length > 1 && {
      seedRange: { seeds: reached.length, low: Math.min(...reached), high: Math.max(...reached) },
    }),
  };
}
