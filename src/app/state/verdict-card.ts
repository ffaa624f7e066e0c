import type { VerdictCard } from '../../evaluation/card';
import { everyRowSeconds } from '../../evaluation/classify/checks';
import { deciding, type Evaluation } from '../../prompt-set/types';
import { runOf, versionById } from '../../prompt-set/versions';
import { wasStillFalling } from '../../training/checkpoint';
import type { Services } from './services';

export async function verdictCardOf(
  { store, workflow }: Pick<Services, 'store' | 'workflow'>,
  evaluation: Evaluation,
  signal: AbortSignal,
): Promise<VerdictCard | null> {
  const { trainedVersion } = evaluation;
  const kept = trainedVersion === null ? null : await store.checkpoints.get(trainedVersion);
  const stillFalling = kept !== null && wasStillFalling(kept.checkpoint.validations);
  if (evaluation.kind !== 'classify')
    return workflow.call('verdictCard', { ...evaluation, facts: { stillFalling } }, { signal });
  const set = await store.sets.get(evaluation.setId);
  const run = set && runOf(set, versionById(set, trainedVersion));
  const { kind, plan, comparison } = deciding(evaluation);
  const facts = { stillFalling, everyRowSeconds: everyRowSeconds(run, evaluation.plan) };
  return workflow.call('verdictCard', { kind, plan, comparison, facts }, { signal });
}
