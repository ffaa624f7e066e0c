/** The comparison on the screen, whatever the kind of task: made, kept, read back, amended. */
import { generates } from '../../../dataset/task-facts';
import type { VerdictCard } from '../../../evaluation/card';
import type { CalibrationFit, ReviewThreshold } from '../../../evaluation/types';
import { present } from '../../../lib/assert';
import { inTurn } from '../../../lib/control';
import { StudioError } from '../../../lib/errors';
import { recordComparison, setThreshold, versionOfArm } from '../../../prompt-set/calibration';
import { recalibrate } from '../../../prompt-set/make-versions';
import { nowAfter } from '../../../prompt-set/prompt-set';
import { STANDARD_STAGES } from '../../../prompt-set/stages';
import {
  type ClassifyEvaluation,
  type Evaluation,
  type GenerateEvaluation,
  ofKind,
  type PromptSet,
} from '../../../prompt-set/types';
import { versionById } from '../../../prompt-set/versions';
import { comparisonSeconds, writingSeconds } from '../../../training/estimate';
import type { CompareRequest, PlannedRows } from '../../../workflow/compare';
import type { CompareEvent } from '../../../workflow/compare-arms';
import { withFairRival } from '../../state/fair-rival';
import { type JobContext, job } from '../../state/job';
import { createSpeedometer } from '../../state/models-store';
import { withTask } from '../../state/proposer';
import { type Resource, resource, steadyResource } from '../../state/resource';
import { OfStudio, perStudio } from '../../state/studio';
import { verdictCardOf } from '../../state/verdict-card';
import { attempted, undoable } from '../../ui/toast';

export interface ArmProgress {
  readonly id: string;
  readonly name: string;
  readonly fraction: number | null;
}

type LatestKey = Pick<Evaluation, 'setId' | 'kind'>;

type Amendment = Partial<Pick<ClassifyEvaluation, 'review' | 'consistency' | 'everyRow' | 'fineTuning'>> &
  Partial<Pick<GenerateEvaluation, 'votes'>>;

export interface Latest {
  readonly evaluation: Evaluation | null;
  readonly tooLong: readonly string[];
}

const alsoKey = (setId: string) => `compare-also:${setId}`;

export function progressOf(arms: readonly ArmProgress[], event: CompareEvent): readonly ArmProgress[] {
  switch (event.kind) {
    case 'arms':
      return event.arms.map((arm) => ({ ...arm, fraction: null }));
    case 'arm':
      return arms.map((arm) => (arm.id === event.id ? { ...arm, fraction: event.fraction } : arm));
    case 'progress':
      return arms;
  }
}

interface RunState {
  readonly arms: readonly ArmProgress[];
}

class CompareStore extends OfStudio {
  readonly #speedometer = createSpeedometer(this.services, () => undefined);
  /** The comparison as the page has it, where the disk refused it. */
  #refused: Evaluation | null = null;
  readonly run = job<[], RunState>(this.stores.session, {
    title: 'Comparing',
    screen: 'compare',
    initial: { arms: [] },
    run: (context) => this.#compare(context),
  });

  readonly latest: Resource<LatestKey, Latest> = resource(async ({ setId, kind }) => {
    const [evaluation = null] = ofKind(await this.services.store.evaluations.ofSet(setId), kind);
    return { evaluation, tooLong: [] };
  });

  readonly seconds: Resource<CompareRequest, number | null> = steadyResource(async (request, signal) => {
    const { services } = this;
    const speed = await this.#speedometer.known(await this.session.modelReady());
    const tokens = await services.workflow.call('comparisonTokens', request, { signal });
    return speed && (generates(request.set.kind) ? writingSeconds : comparisonSeconds)(tokens, speed);
  });

  readonly rows: Resource<CompareRequest, PlannedRows> = steadyResource((request, signal) =>
    this.services.workflow.call('comparedRows', request, { signal }),
  );

  readonly #including = inTurn();
  /** Ids of further hand-written versions that take part, by prompt set. */
  readonly also: Resource<string, readonly string[]> = resource((setId) => this.#alsoOf(setId));

  readonly card: Resource<string, VerdictCard | null> = resource(async (id, signal) => {
    const evaluation = this.latest.getState().value?.evaluation;
    if (evaluation?.id !== id) throw new StudioError('cancelled', 'Stopped.');
    return verdictCardOf(this.services, evaluation, signal);
  });

  readonly keep = (evaluation: Evaluation, arm: string): Promise<boolean> =>
    attempted('It was not saved', () => this.sets.keepArms(evaluation, [arm]));

  /** Points the stage production to a prompt of the comparison, which becomes a version where it is none, with an undo. */
  readonly setProduction = (evaluation: Evaluation, arm: string): Promise<boolean> =>
    attempted('Production was not changed', async () => {
      const set = await this.sets.keepArms(evaluation, [arm]);
      const to = present(versionOfArm(set, evaluation, arm), 'a prompt that a stage can point to');
      await this.sets.pointStage(set, { stage: STANDARD_STAGES[0], to, note: 'after a comparison' });
    });

  async #alsoOf(setId: string): Promise<readonly string[]> {
    return (await this.services.store.settings.get<readonly string[]>(alsoKey(setId))) ?? [];
  }

  readonly classified = (): ClassifyEvaluation | null => {
    const evaluation = this.latest.getState().value?.evaluation;
    return evaluation?.kind === 'classify' ? evaluation : null;
  };

  async #compare({ signal, report }: JobContext<RunState>): Promise<void> {
    const { services } = this;
    const { set: open, dataset } = this.sets;
    if (!open || !dataset) return;
    report({ note: 'Loading the model', arms: [] });
    const info = await this.session.modelReady();
    report({ note: 'Checking the proposed prompt' });
    const { promptSets } = this.stores;
    const proposed = { set: await withTask(services, promptSets, open, dataset), dataset };
    const set = await withFairRival(services, promptSets, proposed, signal);
    const onEvent = (event: CompareEvent) => {
      const arms = progressOf(this.run.getState().arms, event);
      report(event.kind === 'progress' ? { fraction: event.fraction, note: event.note } : { arms });
    };
    const request = { set, dataset, also: await this.#alsoOf(set.id) };
    const tokens = await services.workflow.call('comparisonTokens', request, { signal });
    const begin = performance.now();
    const found = await services.workflow.call('compare', request, { signal, onEvent });
    const timing = { tokens, seconds: (performance.now() - begin) / 1000 };
    await this.#speedometer.learnWork(info, generates(set.kind) ? 'writtenTokenMs' : 'comparedTokenMs', timing);
    const { updateById } = this.sets;
    await updateById(set.id, (s, { now }) => recordComparison(s, found.evaluation, now));
    await this.#keep(set, found.evaluation, found);
  }

  async #keep(set: PromptSet, found: object, { tooLong }: Omit<Latest, 'evaluation'>): Promise<void> {
    const { key, value } = this.latest.getState();
    const isShown = key?.setId === set.id;
    // the newest is what is shown after a reload, also where the clock was moved back
    const createdAt = nowAfter(isShown ? value?.evaluation?.createdAt : null);
    const evaluation = { ...found, id: crypto.randomUUID(), setId: set.id, createdAt } as Evaluation;
    try {
      await this.services.store.evaluations.put(evaluation);
    } catch (cause) {
      this.#refused = evaluation;
      throw cause;
    } finally {
      if (isShown || this.sets.set?.id === set.id)
        this.latest.set({ evaluation, tooLong }, { setId: set.id, kind: set.kind });
      performance.mark('studio:compared');
    }
  }

  readonly include = async (setId: string, versionId: string, included: boolean): Promise<void> => {
    await this.#including(async () => {
      await this.also.load(setId);
      const others = (this.also.getState().value ?? []).filter((id) => id !== versionId);
      const next = included ? [...others, versionId] : others;
      await attempted('The choice was not saved', () => this.services.store.settings.set(alsoKey(setId), next));
      this.also.set(next, setId);
    });
  };

  /** Below it a person is asked, wherever the version answers; null takes all its answers. */
  readonly setThreshold = async (
    setId: string,
    versionId: string,
    threshold: ReviewThreshold | null,
  ): Promise<void> => {
    let before: ReviewThreshold | null = null;
    await this.sets.updateById(setId, (s, { now }) => {
      before = versionById(s, versionId)?.prompt.threshold ?? null;
      return setThreshold(s, versionId, threshold, now);
    });
    undoable('Threshold changed', () => this.setThreshold(setId, versionId, before));
  };

  readonly recalibrate = (setId: string, versionId: string, fit: CalibrationFit | null): Promise<PromptSet> =>
    this.sets.updateById(setId, (s, at) => recalibrate(s, versionId, fit, at));

  /** Changes a comparison as it is on the disk by then, and shows it once it is there: rapid changes are all made. */
  readonly amend = async <E extends Evaluation>(of: E, change: (before: E) => Amendment): Promise<void> => {
    const inPage = (evaluation: Evaluation | null | undefined) => (evaluation?.id === of.id ? (evaluation as E) : null);
    const amended = (before: E): E => ({ ...before, ...change(before) });
    let next = of;
    const isSaved = await attempted('The change was not saved', async () => {
      next = await this.services.store.evaluations.update(of, (stored) => amended(inPage(this.#refused) ?? stored));
    });
    if (!isSaved) next = amended(inPage(this.#refused) ?? inPage(this.latest.getState().value?.evaluation) ?? of);
    if (!isSaved) this.#refused = next;
    else if (inPage(this.#refused)) this.#refused = null;
    const { value } = this.latest.getState();
    if (value && inPage(value.evaluation)) this.latest.set({ ...value, evaluation: next });
  };
}

export const compareStores = perStudio((studio) => new CompareStore(studio));
