import type { Dataset } from '../../dataset/types';
import type { PromptSet } from '../../prompt-set/types';
import { clock, count, counted } from '../ui/format';
import type { Job } from './session-state';

export type StepState = 'empty' | 'ready' | 'running' | 'done';

export interface StepMark {
  readonly state: StepState;
  /** A few characters beside the step: "412 rows", "3", "2:04". */
  readonly note: string;
}

export type StepId = 'data' | 'prompts' | 'train' | 'compare';

const FINISHED = new Set(['finished', 'early', 'stopped']);

/** How far each step is, from the stored work. */
export function stepMarks(
  set: PromptSet | null,
  dataset: Dataset | null,
  job: Job | null,
): Readonly<Record<StepId, StepMark>> {
  const rows = dataset ? dataset.split.train.length + dataset.split.validation.length + dataset.split.test.length : 0;
  const trained = set?.soft.filter(({ status, soft }) => soft !== null && FINISHED.has(status)) ?? [];
  const tuned = trained.find(({ id }) => id === set?.chosenSoft) ?? trained.at(-1);
  const tried = set?.hard.some((version) => version.tried !== null) ?? false;
  const looks = set?.testLooks ?? 0;
  const mark = (id: StepId, done: boolean, ready: boolean, note: string): StepMark => ({
    state: job?.screen === id ? 'running' : done ? 'done' : ready ? 'ready' : 'empty',
    note: done ? note : '',
  });
  return {
    data: mark('data', rows > 0, true, counted(rows, 'row')),
    prompts: mark('prompts', tried || Boolean(set?.soft.length), rows > 0, count(set?.hard.length ?? 0)),
    train: mark(
      'train',
      Boolean(tuned),
      rows > 0 && Boolean(set?.hard.length),
      tuned?.seconds ? clock(tuned.seconds) : '',
    ),
    compare: mark('compare', looks > 0, Boolean(tuned), ''),
  };
}
