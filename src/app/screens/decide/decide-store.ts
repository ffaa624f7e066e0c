/** What the Decide screen asks and assumes, by prompt set, and what follows for the newest comparison. */
import type { Assumptions, Effort } from '../../../decide/break-even';
import { FIRST_ASSUMPTIONS, presetOf } from '../../../decide/break-even';
import type { Costs, Efforts } from '../../../decide/measured';
import { fromEvaluation, type Measured } from '../../../decide/measured';
import { FIRST_GATES, type RollOut, type RollOutPlan } from '../../../decide/roll-out';
import { type Answers, FIRST_ANSWERS } from '../../../decide/strategy';
import { type ClassifyEvaluation, ofKind } from '../../../prompt-set/types';
import { type Resource, resource } from '../../state/resource';
import { tabMemory } from '../../state/storage';
import { perStudio, type Studio } from '../../state/studio';
import { toastError } from '../../ui';

/** A roll-out to rehearse. Empty ids: the best hand-written prompt, and the best tuned one. */
export interface RollOutChoice extends Omit<RollOutPlan, 'salt'> {
  readonly from: string;
  readonly to: string;
  readonly threshold: number | null;
}

/** Everything that the user sets on this screen. */
export interface Choices {
  readonly answers: Answers;
  readonly assumptions: Assumptions;
  readonly efforts: Efforts;
  readonly rollOut: RollOutChoice;
}

const FIRST: Choices = {
  answers: FIRST_ANSWERS,
  assumptions: FIRST_ASSUMPTIONS,
  efforts: { engineering: presetOf('engineering').effort, tuning: presetOf('tuning').effort },
  rollOut: { gates: FIRST_GATES, rowsPerLook: 20, labelDelay: 0, from: '', to: '', threshold: null },
};

export interface Found {
  readonly evaluation: ClassifyEvaluation;
  readonly measured: Measured;
}

/** A comparison changes the prompt set and ends a job; after either the newest one may be another. */
interface FoundKey {
  readonly setId: string;
  readonly updatedAt: string;
  readonly busy: boolean;
}

interface CostKey {
  readonly evaluationId: string;
  /** JSON of assumptions and efforts: a new value is a new key. */
  readonly assumed: string;
}

interface RollOutKey {
  readonly evaluationId: string;
  /** JSON of the choice. */
  readonly plan: string;
}

const keyOf = (setId: string) => `decide:${setId}`;

class DecideStore {
  readonly #studio: Studio;

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** The newest comparison of labels; null = there is none. */
  readonly found: Resource<FoundKey, Found | null> = resource(
    async ({ setId }) => {
      const [evaluation] = ofKind(await this.#studio.services.store.evaluations.ofSet(setId), 'classify');
      return evaluation ? { evaluation, measured: fromEvaluation(evaluation) } : null;
    },
    { keepPrevious: true },
  );

  /** Of this tab first, which knows the last key press, then of the browser. */
  readonly choices: Resource<string, Choices> = resource(async (setId) => {
    const kept = await this.#studio.services.store.settings.get<Partial<Choices>>(keyOf(setId));
    return { ...FIRST, ...kept, ...tabMemory<Partial<Choices>>(keyOf(setId), {}).read() };
  });

  readonly costs: Resource<CostKey, Costs> = resource(
    async ({ assumed }, signal) => {
      const found = this.found.getState().value;
      if (!found) throw new Error('there is no comparison');
      const { assumptions, efforts }: Pick<Choices, 'assumptions' | 'efforts'> = JSON.parse(assumed);
      const request = { measured: found.measured, assumptions, efforts };
      return this.#studio.services.workflow.call('decideCosts', request, { signal });
    },
    { keepPrevious: true },
  );

  readonly rollOut: Resource<RollOutKey, RollOut> = resource(
    async ({ plan }, signal) => {
      const found = this.found.getState().value;
      if (!found) throw new Error('there is no comparison');
      const choice: RollOutChoice = JSON.parse(plan);
      const request = { measured: found.measured, ...choice, plan: { ...choice, salt: found.evaluation.setId } };
      return this.#studio.services.workflow.call('rehearseRollOut', request, { signal });
    },
    { keepPrevious: true },
  );

  readonly change = (change: Partial<Choices>): void => {
    const { key, value } = this.choices.getState();
    if (key === null || value === null) return;
    const next = { ...value, ...change };
    this.choices.set(next);
    tabMemory<Choices>(keyOf(key), next).write(next);
    this.#studio.services.store.settings
      .set(keyOf(key), next)
      .catch((cause) => toastError('Your answers were not saved', `${cause}`));
  };

  readonly changeEffort = (of: keyof Efforts, change: Partial<Effort>): void => {
    const { value } = this.choices.getState();
    if (value) this.change({ efforts: { ...value.efforts, [of]: { ...value.efforts[of], ...change } } });
  };

  readonly changeRollOut = (change: Partial<RollOutChoice>): void => {
    const { value } = this.choices.getState();
    if (value) this.change({ rollOut: { ...value.rollOut, ...change } });
  };
}

export const decideStores = perStudio((studio) => new DecideStore(studio));
