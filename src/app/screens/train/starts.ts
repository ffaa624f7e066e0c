/** What the vectors of a run can start from, as the choices on the screen. Pure. */
import { chosenHard, fits, isWriting } from '../../../project/prompt-set';
import type { PromptSet, SoftVersion } from '../../../project/types';
import type { Initialisation } from '../../../training/settings';
import type { SelectOption } from '../../ui/Select';

const EARLIER = 'run:';

/** Whether a run has vectors that another can start from: of its best step, or of where it stands. */
export const canBranch = (run: SoftVersion): boolean => run.soft !== null || run.status === 'paused';

/** Of a paused run where it stands, of others what was kept. */
export const branchOf = (run: SoftVersion): Initialisation => ({
  kind: 'prompt',
  runId: run.id,
  at: run.soft ? 'best' : 'last',
});

export function startOptions(set: PromptSet | null): readonly SelectOption[] {
  const earlier = set ? set.soft.filter((run) => canBranch(run) && fits(set, run)).toReversed() : [];
  return [
    { id: 'text', label: 'A text', detail: 'best on most data' },
    ...(set && isWriting(set) ? [] : [{ id: 'answer-words', label: 'The answer words' }]),
    { id: 'vocabulary', label: 'Sampled common words' },
    ...earlier.map((run) => ({
      id: `${EARLIER}${run.id}`,
      label: `Run ${run.number}, ${run.name}`,
      detail: run.soft && run.bestStep !== null ? `step ${run.bestStep}` : 'where it stands',
    })),
  ];
}

export const startId = (start: Initialisation): string =>
  start.kind === 'prompt' ? `${EARLIER}${start.runId}` : start.kind;

export function startWith(id: string, set: PromptSet | null): Initialisation {
  const run = set?.soft.find((each) => `${EARLIER}${each.id}` === id);
  if (run) return branchOf(run);
  return id === 'answer-words' || id === 'vocabulary' ? { kind: id } : { kind: 'text', text: '' };
}

/** "a text", "run 3". */
export function startWords(start: Initialisation, set: Pick<PromptSet, 'soft'> | null): string {
  switch (start.kind) {
    case 'text':
      return 'a text';
    case 'answer-words':
      return 'answer words';
    case 'vocabulary':
      return 'sampled words';
    case 'prompt': {
      const run = set?.soft.find(({ id }) => id === start.runId);
      return run ? `run ${run.number}` : 'an earlier run';
    }
  }
}

/** Whether there is a hand-written text that vectors can be put on top of. */
export const hasHand = (set: PromptSet | null): boolean => set !== null && chosenHard(set) !== null;
