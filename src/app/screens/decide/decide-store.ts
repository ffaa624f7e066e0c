/** What the Decide screen asks and assumes, by prompt set, and what follows for the newest comparison. */
import { rowsKey } from '../../../dataset/keys';
import type { Dataset } from '../../../dataset/types';
import type { Assumptions, Effort } from '../../../decide/break-even';
import { FIRST_ASSUMPTIONS, presetOf } from '../../../decide/break-even';
import type { Costs, Efforts } from '../../../decide/measured';
import { fromEvaluation, type Measured } from '../../../decide/measured';
import { type Answers, FIRST_ANSWERS } from '../../../decide/strategy';
import { badInput } from '../../../lib/errors';
import { EXAMPLES } from '../../../prompt-set/arms';
import { countLook } from '../../../prompt-set/prompt-set';
import { chosenPrompts, type MatrixPrompt, matrixPrompt, promptContent } from '../../../prompt-set/ready-prompt';
import { type ClassifyEvaluation, deciding, ofKind, type PromptSet } from '../../../prompt-set/types';
import type { Ladder, LadderAnswers } from '../../../report/ladder';
import type { LadderEvent } from '../../../workflow/ladder';
import { job } from '../../state/job';
import { type Resource, resource, steadyResource } from '../../state/resource';
import { weightsOf } from '../../state/session-state';
import { choicesOfSet } from '../../state/storage';
import { OfStudio, perStudio } from '../../state/studio';
import { verdictCardOf } from '../../state/verdict-card';

/** Two steps: a version of another prompt set, and the column that its answer replaces. Empty = not chosen. */
export interface Steps {
  readonly setId: string;
  readonly choice: string;
  readonly field: string;
}

/** Everything that the user sets on this screen. */
export interface Choices {
  readonly answers: Answers;
  readonly assumptions: Assumptions;
  readonly efforts: Efforts;
  readonly steps: Steps;
}

const FIRST: Choices = {
  answers: FIRST_ANSWERS,
  assumptions: FIRST_ASSUMPTIONS,
  efforts: { engineering: presetOf('engineering').effort, tuning: presetOf('tuning').effort },
  steps: { setId: '', choice: '', field: '' },
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

// The ladder of two steps. Answers are kept with the prompt set, so that a stop loses those of one prompt at most.

interface KeptLadder {
  readonly answers: readonly LadderAnswers[];
  /** Null = it was stopped before the top. */
  readonly ladder: Ladder | null;
  /** `ladderKey` of what it is of. */
  readonly of: string;
}

const ladderSetting = (setId: string) => `ladder:${setId}`;

/** What decides a ladder: its prompts, its rows and the model. @param first the prompt set of step one, by its last change */
export const ladderKey = (
  steps: Steps,
  first: Pick<PromptSet, 'updatedAt'> | null | undefined,
  second: readonly MatrixPrompt[],
  dataset: Dataset,
  model: string | null,
): string => rowsKey(dataset, steps, first?.updatedAt, second.map(promptContent), model);

interface Climbing {
  readonly rowsPerSecond: number | null;
  /** The rows with step one's answers, after the last rung. */
  readonly rows: { readonly setId: string; readonly dataset: Dataset } | null;
}

export const ladders = perStudio((studio) => {
  const { services, stores } = studio;
  const { settings, sets, datasets } = services.store;
  const kept = steadyResource((setId: string) => settings.get<KeptLadder>(ladderSetting(setId)));
  const otherSet = resource(
    async ({ setId }: Pick<FoundKey, 'setId' | 'updatedAt'>) => (await sets.get(setId)) ?? null,
  );
  const climbing = job<[PromptSet, Dataset, Steps], Climbing>(stores.session, {
    title: 'Climbing the ladder',
    screen: 'decide',
    initial: { rowsPerSecond: null, rows: null },
    run: async ({ signal, report }, set, dataset, steps) => {
      report({ rowsPerSecond: null, rows: null });
      await stores.session.getState().modelReady();
      const other = await sets.get(steps.setId);
      const first = other && matrixPrompt(other, steps.choice, (await datasets.get(steps.setId))?.dataset ?? null);
      if (!first) throw badInput('The prompt of step one is no longer in the library. Choose another.');
      const second = chosenPrompts(set, dataset);
      const of = ladderKey(steps, other, second, dataset, weightsOf(stores.session.getState()));
      const before = (await settings.get<KeptLadder>(ladderSetting(set.id)))?.answers ?? [];
      const answers = [...before];
      let saving: Promise<unknown> = Promise.resolve();
      const keep = (now: KeptLadder) => {
        saving = saving.then(() => settings.set(ladderSetting(set.id), now));
      };
      const onEvent = (event: LadderEvent) => {
        if (event.kind === 'progress')
          return report({ fraction: event.fraction, note: event.note, rowsPerSecond: event.rowsPerSecond });
        if (event.kind !== 'answers') return;
        // before the result is shown: the test rows have then been used once more
        if (answers.length === before.length)
          saving = saving.then(() =>
            stores.promptSets.getState().updateById(set.id, (latest, { now }) => countLook(latest, now)),
          );
        answers.push(event.answers);
        keep({ answers: [...answers], ladder: null, of });
      };
      const request = { dataset, field: steps.field, first, second, shots: EXAMPLES.classify, kept: before };
      const climbed = await services.workflow.call('climbLadder', request, { signal, onEvent }).finally(() => saving);
      keep({ answers: climbed.answers, ladder: climbed.ladder, of });
      await saving;
      report({ rows: { setId: set.id, dataset: climbed.dataset } });
      await kept.reload();
    },
  });
  return { kept, otherSet, climbing };
});

export const decideStores = perStudio((studio) => new DecideStore(studio));
