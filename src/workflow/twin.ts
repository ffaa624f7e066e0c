/** Verb: a twin of a version that PEFT can load. It learns that version's answers, and is added to the set like any other run. */
import type { Dataset } from '../dataset/types';
import { badInput } from '../lib/errors';
import type { PromptSet } from '../prompt-set/types';
import { versionById, versionWords } from '../prompt-set/versions';
import type { DistilEvent } from './distil';
import type { Verb } from './host';
import { FOR_PEFT } from './runs';
import { type TrainedSet, trainRun } from './train-run';

export interface TwinRequest {
  readonly set: PromptSet;
  readonly dataset: Dataset;
  /** Id of the version. */
  readonly of: string;
}

/** @throws StudioError `bad-input` where the version is gone; as `distil` */
export const twin: Verb<TwinRequest, DistilEvent, TrainedSet> = async (host, { set, dataset, of }, run) => {
  const teacher = versionById(set, of);
  if (!teacher) throw badInput('This prompt is no longer in the library.');
  const alone = { hybrid: false, examples: 0, group: null, name: `${versionWords(teacher)} for PEFT` };
  return trainRun(host, set, { dataset, settings: FOR_PEFT, ...alone, distil: { texts: null, teacher } }, run);
};
