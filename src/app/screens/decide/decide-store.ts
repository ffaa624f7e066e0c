/** What the Decide screen asks and assumes, by prompt set, and what follows for the newest comparison. */
import type { Assumptions, Effort, Efforts } from '../../../decide/break-even';
import { FIRST_ASSUMPTIONS, FIRST_EFFORTS } from '../../../decide/break-even';
import { type Costs, fromEvaluation, type Measured } from '../../../decide/measured';
import { type Answers, FIRST_ANSWERS } from '../../../decide/strategy';
import { type ClassifyEvaluation, deciding, ofKind } from '../../../prompt-set/types';
import { type Resource, steadyResource } from '../../state/resource';
import { choicesOfSet } from '../../state/storage';
import { OfStudio, perStudio } from '../../state/studio';
import { verdictCardOf } from '../../state/verdict-card';

/** Everything that the user sets on this screen. */
export interface Choices {
  readonly answers: Answers;
  readonly assumptions: Assumptions;
  readonly efforts: Efforts;
}

const FIRST: Choices = {
  answers: FIRST_ANSWERS,
  assumptions: FIRST_ASSUMPTIONS,
  efforts: FIRST_EFFORTS,
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

class DecideStore extends OfStudio {
  readonly #chosen = choicesOfSet(this.services.store, 'decide', FIRST);
  readonly choices = this.#chosen.value;
  readonly change = this.#chosen.change;

  /** The newest comparison of labels; null = there is none. */
  readonly found: Resource<FoundKey, Found | null> = steadyResource(async ({ setId }, signal) => {
    const [evaluation] = ofKind(await this.services.store.evaluations.ofSet(setId), 'classify');
    if (!evaluation) return null;
    const card = await verdictCardOf(this.services, evaluation, signal);
    return { evaluation, measured: fromEvaluation(deciding(evaluation), card) };
  });

  readonly costs: Resource<CostKey, Costs> = steadyResource(async ({ assumed }, signal) => {
    const found = this.found.getState().value;
    if (!found) throw new Error('there is no comparison');
    const { assumptions, efforts }: Pick<Choices, 'assumptions' | 'efforts'> = JSON.parse(assumed);
    const request = { measured: found.measured, assumptions, efforts };
    return this.services.workflow.call('decideCosts', request, { signal });
  });

  /** Back to the presets. */
  readonly toPresets = (): void => this.change({ efforts: FIRST.efforts });

  readonly changeEffort = (of: keyof Efforts, change: Partial<Effort>): void => {
    const { value } = this.choices.getState();
    if (value) this.change({ efforts: { ...value.efforts, [of]: { ...value.efforts[of], ...change } } });
  };
}

export const decideStores = perStudio((studio) => new DecideStore(studio));
