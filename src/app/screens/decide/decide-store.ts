import { rowsById } from '../../../dataset/labels';
import {
  type Assumptions,
  type Effort,
  type Efforts,
  FIRST_ASSUMPTIONS,
  FIRST_EFFORTS,
} from '../../../decide/break-even';
import {
  type ArmAnswers,
  type Costs,
  fromEvaluation,
  type Measured,
  placesOf,
  type RollOutRows,
  rollOutRows,
} from '../../../decide/measured';
import {
  type Decision,
  FIRST_GATES,
  GATE_NAMES,
  type Gates,
  type RollOut,
  type RollOutPlan,
  type Taken,
} from '../../../decide/roll-out';
import { type Answers, FIRST_ANSWERS } from '../../../decide/strategy';
import { badInput } from '../../../lib/errors';
import { versionOfArm } from '../../../prompt-set/calibration';
import { STANDARD_STAGES } from '../../../prompt-set/stages';
import { deciding, type Evaluation, type PromptSet } from '../../../prompt-set/types';
import { type Resource, steadyResource } from '../../state/resource';
import { choicesOfSet } from '../../state/storage';
import { OfStudio, perStudio } from '../../state/studio';
import { verdictCardOf } from '../../state/verdict-card';
import { attempted, type FieldOf } from '../../ui';

/** Empty ids: the newest comparison, the best hand-written prompt, and the best tuned one. */
export interface Plan extends RollOutPlan {
  readonly rows: string;
  readonly from: string;
  readonly to: string;
  /** Below it the new prompt is not sure enough, and the present one answers; null = it always is. */
  readonly threshold: number | null;
}

const NO_GATE = { empty: 'no gate' } as const;
const gate = (
  key: keyof Gates,
  hint: string,
  range: { readonly max?: number; readonly per?: number; readonly empty?: string } = NO_GATE,
): FieldOf<Gates> => ({ key, label: GATE_NAMES[key], hint, min: 0, max: 100, per: 100, ...range });

const CHECKS: readonly FieldOf<Plan>[] = [
  { key: 'rowsPerLook', label: 'Labels for each check', hint: 'At most 20 checks.', whole: true, min: 1, max: 100_000 },
  {
    key: 'labelDelay',
    label: 'A label arrives after',
    hint: 'Rows answered meanwhile.',
    whole: true,
    min: 0,
    max: 100_000,
  },
];
const THRESHOLD: FieldOf<Plan> = {
  key: 'threshold',
  label: 'Falls back below a probability of',
  hint: 'The current prompt answers then.',
  min: 0,
  max: 1,
  empty: 'never',
};

const isTimed = ({ latencyMs }: ArmAnswers) => latencyMs !== null;
const hasProbabilities = ({ confidences }: ArmAnswers) => confidences.length > 0;

export const gatesFor = (next: ArmAnswers): readonly FieldOf<Gates>[] => [
  gate('largestLoss', 'Points of accuracy. 0: the new prompt has to be better.', {}),
  gate('leastAccuracy', 'Per cent.'),
  ...(isTimed(next)
    ? [gate('mostLatencyMs', 'Milliseconds, the median of a row.', { ...NO_GATE, max: 1e6, per: 1 })]
    : []),
  ...(hasProbabilities(next) ? [gate('mostFallbacks', 'Per cent of rows below the probability.')] : []),
];

export const checksFor = (next: ArmAnswers): readonly FieldOf<Plan>[] =>
  hasProbabilities(next) ? [THRESHOLD, ...CHECKS] : CHECKS;

/** Without the gates that these rows cannot settle. */
export const askable = (plan: Plan, next: ArmAnswers): Plan => ({
  ...plan,
  threshold: hasProbabilities(next) ? plan.threshold : null,
  gates: {
    ...plan.gates,
    mostFallbacks: hasProbabilities(next) ? plan.gates.mostFallbacks : null,
    mostLatencyMs: isTimed(next) ? plan.gates.mostLatencyMs : null,
  },
});

interface Started {
  readonly at: string;
  readonly plan: Plan;
  readonly taken: readonly Taken[];
  readonly places: readonly number[];
}

export interface Choices {
  readonly answers: Answers;
  readonly assumptions: Assumptions;
  readonly efforts: Efforts;
  readonly plan: Plan;
  readonly started: Started | null;
}

const FIRST: Choices = {
  answers: FIRST_ANSWERS,
  assumptions: FIRST_ASSUMPTIONS,
  efforts: FIRST_EFFORTS,
  plan: { gates: FIRST_GATES, rowsPerLook: 20, labelDelay: 0, rows: '', from: '', to: '', threshold: null },
  started: null,
};

/** More than there are checks. */
const ALL = 100;

export interface Found {
  readonly evaluation: Evaluation;
  readonly measured: Measured;
}

/** A comparison changes the prompt set and ends a job, a measurement ends one; after either there may be others. */
interface FoundKey {
  readonly setId: string;
  readonly updatedAt: string;
  readonly busy: boolean;
}

/** `assumed` and `started` are JSON, as keys are compared field by field. */
type CostKey = Readonly<Record<'evaluationId' | 'assumed', string>>;
type RunKey = Readonly<Record<'setId' | 'started', string>>;

const now = () => new Date().toISOString();

class DecideStore extends OfStudio {
  readonly #chosen = choicesOfSet(this.services.store, 'decide', FIRST);
  readonly choices = this.#chosen.value;
  readonly change = this.#chosen.change;

  readonly found: Resource<FoundKey, Found | null> = steadyResource(async ({ setId }, signal) => {
    const [evaluation] = await this.services.store.evaluations.ofSet(setId);
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

  readonly toPresets = (): void => this.change({ efforts: FIRST.efforts });

  readonly changeEffort = (of: keyof Efforts, change: Partial<Effort>): void => {
    const { value } = this.choices.getState();
    if (value) this.change({ efforts: { ...value.efforts, [of]: { ...value.efforts[of], ...change } } });
  };

  readonly rows: Resource<FoundKey, readonly RollOutRows[]> = steadyResource(async ({ setId }) => {
    const { store } = this.services;
    const [set, compared, measurements] = await Promise.all([
      store.sets.get(setId),
      store.evaluations.ofSet(setId),
      store.measurements.ofSet(setId),
    ]);
    if (!set) return [];
    return rollOutRows({ set, evaluations: compared, measurements });
  });

  readonly run: Resource<RunKey, RollOut> = steadyResource(async ({ started }, signal) => {
    const { plan, taken, places }: Started = JSON.parse(started);
    const rows = this.rows.getState().value?.find(({ id }) => id === plan.rows);
    if (!rows) throw new Error('internal: these rows were there when the screen was drawn');
    const request = { ...plan, measured: rows.measured, places, plan, taken };
    return this.services.workflow.call('rehearseRollOut', request, { signal });
  });

  readonly #comparison = async (set: PromptSet, rows: RollOutRows) =>
    (await this.services.store.evaluations.ofSet(set.id)).find(({ id }) => id === rows.id);

  readonly changePlan = (change: Partial<Plan>): void => {
    const { value } = this.choices.getState();
    if (value) this.change({ plan: { ...value.plan, ...change } });
  };

  /** The versions of two prompts; one of a comparison that is none yet is saved as one, where that can be. */
  readonly asVersions = async (set: PromptSet, rows: RollOutRows, arms: readonly string[]) => {
    const evaluation = await this.#comparison(set, rows);
    if (!evaluation) return arms.map((arm) => rows.versions[arm]);
    const kept = await this.stores.promptSets.getState().keepArms(evaluation, arms);
    return arms.map((arm) => versionOfArm(kept, evaluation, arm) ?? undefined);
  };

  readonly start = (set: PromptSet, rows: RollOutRows, plan: Plan): Promise<boolean> =>
    attempted('The rehearsal did not start', async () => {
      if (rows.refused) throw badInput(rows.refused);
      await this.asVersions(set, rows, [plan.from, plan.to]);
      const places = placesOf(rows.measured, set.handle, await this.#textsOf(set, rows));
      this.change({ started: { at: now(), plan, taken: [], places } });
    });

  readonly #textsOf = async (set: PromptSet, rows: RollOutRows): Promise<(rowId: string) => string | undefined> => {
    const evaluation = await this.#comparison(set, rows);
    const { dataset } = (await this.services.store.datasets.get(set.id)) ?? {};
    if (!dataset || dataset.fingerprint !== evaluation?.datasetFingerprint) return () => undefined;
    const { table, mapping } = dataset;
    const byId = rowsById(table.rows);
    return (rowId) => byId.get(rowId)?.cells[mapping.text];
  };

  readonly startAgain = (): void => this.change({ started: null });

  /** @param rest at this check and all that follow, as far as the gates allow it */
  readonly decide = (decision: Decision, rest = false): void => {
    const started = this.choices.getState().value?.started;
    if (!started) return;
    const made = Array.from({ length: rest ? ALL : 1 }, () => ({ decision, at: now() }));
    this.change({ started: { ...started, taken: [...started.taken, ...made] } });
  };

  readonly pointProduction = (set: PromptSet, to: string, note: string): Promise<void> =>
    this.stores.promptSets.getState().pointStage(set, { stage: STANDARD_STAGES[0], to, note });
}

export const decideStores = perStudio((studio) => new DecideStore(studio));
