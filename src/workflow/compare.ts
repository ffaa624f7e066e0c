/**
 * Compares prompts on the same test rows: who takes part, which rows fit all of them, what each answers, and what that
 * shows. Test rows are held out: no choice rests on them. Calibration, temperatures and mixture weights are fitted on
 * validation rows, the word counts on training rows.
 */
import type { TaskKind } from '../dataset/kind';
import type { Dataset } from '../dataset/types';
import { comparedIds } from '../evaluation/rows';
import { type ArmChoice, armsOf } from '../prompt-set/arms';
import { kindOf } from '../prompt-set/prompt-set';
import type { Evaluation, PromptSet } from '../prompt-set/types';
import type { CompareEvent, Comparing } from './compare-arms';
import { compareLabels } from './compare-labels';
import { compareTexts } from './compare-texts';
import type { Verb } from './host';

export interface CompareRequest extends ArmChoice {
  readonly set: PromptSet;
  readonly dataset: Dataset;
}

/** A comparison without an id of its own: the code that stores it adds one, and counts the use of the test rows. */
type Compared<E extends Evaluation = Evaluation> = E extends Evaluation
  ? Omit<E, 'id' | 'setId' | 'createdAt' | 'votes'>
  : never;

export interface CompareResult {
  readonly evaluation: Compared;
  /** Test rows that do not fit some prompt and were left out of all. */
  readonly leftOut: number;
}

/** What a kind's comparison gives, by kind. */
type Found<K extends TaskKind> = Pick<Extract<Evaluation, { readonly kind: K }>, 'kind' | 'plan' | 'comparison'>;

const COMPARE: { readonly [K in TaskKind]: (comparing: Comparing) => Promise<Found<K>> } = {
  classify: compareLabels,
  generate: compareTexts,
};

export const compare: Verb<CompareRequest, CompareEvent, CompareResult> = async (host, request, run) => {
  const { set, dataset } = request;
  const arms = armsOf(set, request);
  const kind = kindOf(set);
  const { backend, threads } = host.engine.info;
  run.emit({ kind: 'arms', arms: arms.arms.map(({ id, name }) => ({ id, name })) });
  run.emit({ kind: 'progress', fraction: null, note: 'Counting tokens' });
  const test = comparedIds(kind, dataset);
  const found = await COMPARE[kind]({ host, set, dataset, arms, test, run });
  return {
    evaluation: {
      ...found,
      hardVersion: arms.hard?.id ?? null,
      softVersion: arms.soft?.id ?? null,
      datasetFingerprint: dataset.fingerprint,
      asWritten: true,
      words: set.words,
      backend,
      threads,
    } as Compared,
    leftOut: test.length - found.plan.rowIds.length,
  };
};
