import type { VerdictCard } from '../../evaluation/card';
import type { Evaluation } from '../../prompt-set/types';
import { wasStillFalling } from '../../training/checkpoint';
import type { Services } from './services';

/** What a comparison says to do, as Compare and Decide show it; null where it has no pair. */
export async function verdictCardOf(
  { store, workflow }: Pick<Services, 'store' | 'workflow'>,
  evaluation: Evaluation,
  signal: AbortSignal,
): Promise<VerdictCard | null> {
  const { softVersion } = evaluation;
  const kept = softVersion === null ? null : await store.checkpoints.get(softVersion);
  const facts = { stillFalling: kept !== null && wasStillFalling(kept.checkpoint.validations) };
  const { kind, comparison } = evaluation;
  return kind === 'classify'
    ? workflow.call('verdictCard', { kind, plan: evaluation.plan, comparison, facts }, { signal })
    : workflow.call('verdictCard', { kind, comparison, facts }, { signal });
}
