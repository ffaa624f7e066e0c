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
import { addTrained } from '../../../prompt-set/make-versions';
import { countLook, kindOf } from '../../../prompt-set/prompt-set';
import { chosenPrompts, type MatrixPrompt, matrixPrompt, promptContent } from '../../../prompt-set/ready-prompt';
import { type ClassifyEvaluation, deciding, ofKind, type PromptSet } from '../../../prompt-set/types';
import type { Ladder, LadderAnswers } from '../../../report/ladder';
import { filledId, type MatrixCell, slotId } from '../../../report/matrix';
import type { Sheet } from '../../../report/types';
import { comparisonSeconds, runSeconds, type Speed } from '../../../training/estimate';
import type { ModelInfo } from '../../../worker/protocol';
import type { LadderEvent } from '../../../workflow/ladder';
import type { MigrateEvent, MigrateRequest } from '../../../workflow/migrate';
import type { Migrated, MigrationPlan, Side } from '../../../workflow/migration';
import { type JobContext, job, throwIfStopped } from '../../state/job';
import { type KnownModel, scaledTo } from '../../state/models-store';
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

/** Between which models, by `sourceId`, and whether every prompt set moves; empty = not chosen. */
export interface ModelMove {
  readonly from: string;
  readonly to: string;
  readonly all: boolean;
}

/** Everything that the user sets on this screen. */
export interface Choices {
  readonly answers: Answers;
  readonly assumptions: Assumptions;
  readonly efforts: Efforts;
  readonly steps: Steps;
  readonly move: ModelMove;
}

const FIRST: Choices = {
  answers: FIRST_ANSWERS,
  assumptions: FIRST_ASSUMPTIONS,
  efforts: { engineering: presetOf('engineering').effort, tuning: presetOf('tuning').effort },
  steps: { setId: '', choice: '', field: '' },
  move: { from: '', to: '', all: false },
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

// Another model. New versions are kept with their prompt set, and answers beside it: a stop loses one run or one answer sheet.

interface KeptMigration {
  readonly cells: readonly MatrixCell[];
  /** Of the newest one that is done; left out = none. */
  readonly done?: { readonly sheet: Sheet; readonly page: string };
}

export interface DoneMigration extends NonNullable<KeptMigration['done']> {
  readonly setId: string;
}

export interface MigrationKey extends FoundKey {
  readonly from: KnownModel;
  readonly to: KnownModel;
  readonly all: boolean;
}

/** A prompt set of labels with its rows. */
type Movable = Pick<MigrateRequest, 'set' | 'dataset'>;

const keyOf = (setId: string) => `migration:${setId}`;

class MigrationStore extends OfStudio {
  readonly migrating = job(this.stores.session, {
    title: 'Moving to another model',
    screen: 'decide',
    initial: {},
    run: (context, move: Omit<MigrationKey, 'busy' | 'updatedAt'>) => this.#migrate(context, move),
  });

  /** What will happen, and about how many seconds it takes; null = not measured. */
  readonly plan = steadyResource(async ({ setId, from, to, all }: MigrationKey, signal) => {
    const { services, stores } = this;
    await stores.session.getState().tokenizerReady();
    const weights = { from: from.info?.sha256 ?? '', to: to.info?.sha256 ?? '' };
    const plans = [];
    for (const each of await this.#movable(setId, all)) {
      const { cells } = await this.#kept(each.set.id);
      const request = { ...each, ...weights, done: cells.map(filledId) };
      const found = await services.workflow.call('planMigration', request, { signal });
      plans.push({ ...found, handle: each.set.handle });
    }
    const { known } = stores.models.getState();
    const [old, next] = [from, to].map(({ info, speed }) => speed ?? (info && scaledTo(known, info.parameters)));
    return { plans, seconds: old && next ? leftSeconds(plans, { old, next }) : null };
  });

  /** The newest sheet of each prompt set. */
  readonly done = steadyResource(
    async ({ setId, all }: Pick<MigrationKey, 'setId' | 'all'>): Promise<readonly DoneMigration[]> => {
      const found = this.#ids(setId, all).map(async (id) => {
        const { done } = await this.#kept(id);
        return done ? [{ ...done, setId: id }] : [];
      });
      return (await Promise.all(found)).flat();
    },
  );

  async #migrate(context: JobContext<object>, { setId, from, to, all }: Omit<MigrationKey, 'busy' | 'updatedAt'>) {
    const { signal, report } = context;
    const { session, models } = this.stores;
    await models.getState().visit(async (load) => {
      const side = async ({ id, source }: KnownModel): Promise<Side> => {
        throwIfStopped(signal);
        report({ fraction: null, note: `Loading ${id}` });
        const info = await load(source);
        throwIfStopped(signal);
        return { name: modelName(info), sha256: info.sha256 };
      };
      const next = await side(to);
      if (next.sha256 === from.info?.sha256)
        throw badInput('Both models have the same weights. Choose two that differ.');
      const sets = await this.#movable(setId, all);
      if (sets.some(({ set }) => set.soft.length > 0)) await session.getState().trainingReady();
      for (const each of sets) await this.#moveOn(context, each, next);
      const old = await side(from);
      for (const each of await this.#movable(setId, all)) await this.#moveOn(context, each, next);
      report({ fraction: null, note: 'Comparing old and new' });
      await this.#compare(await this.#movable(setId, all), { from: old, to: next }, signal);
      report({ note: 'Loading the model from before' });
    });
  }

  /** What is left for one prompt set on the model that is loaded, kept as it comes. */
  async #moveOn({ signal, report }: JobContext<object>, { set, dataset }: Movable, to: Side): Promise<void> {
    const { services, stores } = this;
    const before = await this.#kept(set.id);
    const cells = new Map(before.cells.map((cell) => [slotId(cell), cell]));
    let saving: Promise<unknown> = Promise.resolve();
    const save = (work: () => Promise<unknown>) => {
      saving = saving.then(work);
    };
    const change = (next: (set: PromptSet, now: string) => PromptSet) =>
      save(() => stores.promptSets.getState().updateById(set.id, (latest, { now }) => next(latest, now)));
    let looked = false;
    const onEvent = (event: MigrateEvent) => {
      if (event.kind === 'progress') return report({ fraction: event.fraction, note: event.note });
      if (event.kind === 'trained') return change((latest, now) => addTrained(latest, event.version, now));
      if (event.kind === 'run') {
        if (event.event.kind !== 'step') return;
        const { point, stepsTotal, secondsLeft } = event.event;
        return report({
          fraction: point.step / stepsTotal,
          secondsLeft,
          note: `${set.handle}, training ${event.name}`,
        });
      }
      // before the result is shown: these test rows have then been used once more
      if (event.cell.answers && !looked) change(countLook);
      looked ||= event.cell.answers !== null;
      cells.set(slotId(event.cell), event.cell);
      const kept = { ...before, cells: [...cells.values()] };
      save(() => services.store.settings.set(keyOf(set.id), kept));
    };
    const request = { set, dataset, to: to.sha256, done: before.cells.map(filledId) };
    await services.workflow.call('migrate', request, { signal, onEvent }).finally(() => saving);
  }

  async #compare(sets: readonly Movable[], sides: Pick<Migrated, 'from' | 'to'>, signal: AbortSignal): Promise<void> {
    const { workflow, store } = this.services;
    for (const each of sets) {
      const { cells } = await this.#kept(each.set.id);
      const done = await workflow.call('reportMigration', { ...each, ...sides, cells }, { signal });
      await store.settings.set(keyOf(each.set.id), { cells, done });
    }
    await this.done.reload();
  }

  async #kept(setId: string): Promise<KeptMigration> {
    return (await this.services.store.settings.get<KeptMigration>(keyOf(setId))) ?? { cells: [] };
  }

  #ids(setId: string, all: boolean): readonly string[] {
    const { sets } = this.stores.promptSets.getState();
    return all ? [setId, ...sets.map(({ id }) => id).filter((id) => id !== setId)] : [setId];
  }

  /** The open set first. */
  async #movable(setId: string, all: boolean): Promise<readonly Movable[]> {
    const { sets, datasets } = this.services.store;
    const found = this.#ids(setId, all).map(async (id): Promise<readonly Movable[]> => {
      const [set, rows] = await Promise.all([sets.get(id), datasets.get(id)]);
      return set?.deletedAt === null && rows && kindOf(set) === 'classify' ? [{ set, dataset: rows.dataset }] : [];
    });
    return (await Promise.all(found)).flat();
  }
}

export const migrations = perStudio((studio) => new MigrationStore(studio));

/** "SmolLM2-135M-Instruct (q4)". */
export const modelName = ({ id, dtype }: Pick<ModelInfo, 'id' | 'dtype'>): string =>
  `${id.replace(/^.*\//, '')} (${dtype})`;

const leftSeconds = (
  plans: readonly Pick<MigrationPlan, 'left'>[],
  { old, next }: { readonly old: Speed; readonly next: Speed },
): number =>
  plans.reduce((sum, { left: { runs, tokens } }) => {
    const trained = runs.map(({ settings, rows }) => runSeconds(settings, { ...rows, cachedRows: 0 }, next));
    const answered = comparisonSeconds(tokens.old, old) + comparisonSeconds(tokens.next, next);
    return trained.reduce((all, each) => all + each, sum + answered);
  }, 0);

export const decideStores = perStudio((studio) => new DecideStore(studio));
