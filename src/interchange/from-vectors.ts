/** Vectors that were trained elsewhere, with a template and answer words that a person gave them, as a prompt set. */

import { createPromptSet } from '../project/prompt-set';
import type { PromptSet, SoftVersion } from '../project/types';
import type { VectorTable } from '../prompt/soft-prompt';
import type { Placement } from '../prompt/types';
import type { LabelWord } from '../task/types';

export interface FromVectors {
  readonly name: string;
  /** Handles in use. */
  readonly taken: Iterable<string>;
  readonly template: string;
  readonly words: readonly LabelWord[];
  readonly placement: Placement;
  readonly table: VectorTable;
  /** The model that they were found to fit. */
  readonly model: SoftVersion['model'];
  /** "PEFT (PROMPT_TUNING)". */
  readonly source: string;
}

export function setFromVectors(
  at: { readonly id: string; readonly runId: string; readonly now: string },
  { name, taken, template, words, placement, table, model, source }: FromVectors,
): PromptSet {
  const set = createPromptSet(
    { id: at.id, now: at.now },
    { name, words, baseTemplate: template, datasetFingerprint: null, datasetName: null, taken },
  );
  const run: SoftVersion = {
    id: at.runId,
    number: 1,
    name: `From ${source}`,
    createdAt: at.now,
    settings: elsewhere(placement, table.virtualTokens),
    template,
    initText: '',
    status: 'finished',
    error: null,
    soft: { placement, ...table },
    bestStep: null,
    validationAccuracy: null,
    seconds: null,
    model,
    datasetFingerprint: '',
    origin: source,
  };
  return { ...set, soft: [run], chosenSoft: run.id };
}

/** Settings of a run that was none: no step was done here. */
const elsewhere = (placement: Placement, virtualTokens: number): SoftVersion['settings'] => ({
  placement,
  virtualTokens,
  initialisation: { kind: 'text', text: '' },
  steps: 0,
  batchSize: 0,
  learningRate: null,
  warmupSteps: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: 1,
  seed: 0,
  validateEvery: 10,
  patience: null,
  metric: 'accuracy',
  checkpointEvery: 25,
});
