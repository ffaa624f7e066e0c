/** What a change of the world forces, for the versions that a prompt set has. */

import { counted } from '../lib/format';
import { chosenHard } from '../prompt-set/make-versions';
import { kindOf } from '../prompt-set/prompt-set';
import { stagesOf } from '../prompt-set/stages';
import type { PromptSet } from '../prompt-set/types';

export interface Upkeep {
  readonly id: 'model' | 'labels' | 'policy' | 'data';
  readonly event: string;
  /** Each a sentence about this set's versions; empty = nothing to do. */
  readonly forces: readonly string[];
}

export function upkeepOf(set: PromptSet): readonly Upkeep[] {
  const trained = set.soft.filter(({ soft }) => soft !== null).length;
  const written = set.hard.length;
  const runs = counted(trained, 'tuned prompt');
  const texts = counted(written, 'hand-written prompt');
  const inUse = stagesOf(set).map(({ name }) => name);
  const stages = inUse.length > 0 ? [`Move ${inUse.join(', ')} only after a new comparison.`] : [];
  const hasExamples = (chosenHard(set)?.prompt.shots ?? 0) > 0;
  const classifies = kindOf(set) === 'classify';
  const retrain = trained > 0 ? [`Train again: ${runs} learned from the old rows.`] : [];
  return [
    {
      id: 'model',
      event: 'The model changes',
      forces: [
        ...(trained > 0 ? [`Train again: the vectors of ${runs} fit the old weights only.`] : []),
        ...(written > 0 ? [`Measure ${texts} again: their scores are the old model’s.`] : []),
        'The Library’s grid then compares old and new on the same test rows.',
        ...stages,
      ],
    },
    {
      id: 'labels',
      event: classifies ? 'A label is added, renamed or dropped' : 'The form of the expected texts changes',
      forces: [...(classifies ? ['Choose its answer word.'] : []), 'Label rows for it.', ...retrain, ...stages],
    },
    {
      id: 'policy',
      event: 'The policy behind the labels changes',
      forces: [
        'Relabel the rows that it affects: their old labels teach the old policy.',
        ...(written > 0 ? ['State the new policy in your prompt.'] : []),
        ...(hasExamples ? ['Check the examples in your prompt.'] : []),
        ...retrain,
        ...stages,
      ],
    },
    {
      id: 'data',
      event: 'The texts change',
      forces: [
        'Measure the version in use on about 100 new labelled rows (assumed: more rows show smaller losses).',
        ...(trained > 0 ? ['If it got worse, add them and train again.'] : []),
      ],
    },
  ];
}
