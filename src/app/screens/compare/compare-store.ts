/** The comparison on the screen, whatever the kind of task: made, kept, read back, amended. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { TaskKind } from '../../../dataset/kind';
import type { Dataset } from '../../../dataset/types';
import { type CalibrationMode, planFor } from '../../../evaluation/classify/outcome';
import type { Comparison } from '../../../evaluation/types';
import { nowAfter } from '../../../lib/time';
import { recordComparison } from '../../../project/calibration';
import { ofKind } from '../../../project/evaluations';
import { changeTask, kindOf } from '../../../project/prompt-set';
import type { ClassifyEvaluation, Evaluation, GenerateEvaluation, PromptSet } from '../../../project/types';
import { sameLabels } from '../../../task/align-words';
import type { CompareEvent } from '../../../workflow/compare-arms';
import { type Job, job } from '../../state/job';
import { type Resource, resource } from '../../state/resource';
import { perStudio } from '../../state/screen-store';
import type { Studio } from '../../state/studio';
import { toastError } from '../../ui';

export interface ArmProgress {
  readonly id: string;
  readonly name: string;
  /** 0 to 1; null = not begun. */
  readonly fraction: number | null;
}

interface LatestKey {
  readonly setId: string;
  readonly kind: TaskKind;
}

/** What is kept with a comparison afterwards. */
type Amendment = Partial<Pick<ClassifyEvaluation, 'votes' | 'review' | 'consistency' | 'everyRow'>> &
  Partial<Pick<GenerateEvaluation, 'votes'>>;

interface Latest {
  /** Null = nothing was compared yet. */
  readonly evaluation: Evaluation | null;
  /** Test rows that do not fit some prompt, of a comparison made in this visit. */
  readonly leftOut: number;
}

/** The calibration chosen on the screen, of one evaluation. */
interface ChosenMode {
  readonly of: string | null;
  readonly mode: CalibrationMode;
}

/** What is shown of a comparison of labels: its figures under the chosen calibration. */
export interface Shown {
  readonly evaluation: ClassifyEvaluation;
  readonly comparison: Comparison;
  readonly mode: CalibrationMode;
}

export interface CompareStores {
  /** The newest comparison of a prompt set. */
  readonly latest: Resource<LatestKey, Latest>;
  /** Ids of further hand-written versions that take part, by prompt set. */
  readonly also: Resource<string, readonly string[]>;
  readonly run: Job<[], { readonly arms: readonly ArmProgress[] }>;
  readonly chosen: StoreApi<ChosenMode>;
  /** Figures under another calibration. */
  readonly recalibrated: Resource<{ readonly id: string; readonly mode: CalibrationMode }, Comparison>;
  /** What is on the screen now; null without a comparison of labels. */
  readonly shown: () => Shown | null;
  readonly include: (setId: string, versionId: string, included: boolean) => Promise<void>;
  readonly amend: (change: Amendment) => Promise<void>;
}

const alsoKey = (setId: string) => `compare-also:${setId}`;

/** How far each arm is, after an event. */
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

function createCompare({ services, stores: { session, promptSets } }: Studio): CompareStores {
  const { store: disk, workflow } = services;

  const latest = resource<LatestKey, Latest>(async ({ setId, kind }) => {
    const [evaluation = null] = ofKind(await disk.evaluations.ofSet(setId), kind);
    return { evaluation, leftOut: 0 };
  });
  const also = resource<string, readonly string[]>(
    async (setId) => (await disk.settings.get<readonly string[]>(alsoKey(setId))) ?? [],
  );
  const chosen = createStore<ChosenMode>(() => ({ of: null, mode: 'chosen' }));
  const classified = (): ClassifyEvaluation | null => {
    const evaluation = latest.getState().value?.evaluation;
    return evaluation?.kind === 'classify' ? evaluation : null;
  };
  const recalibrated = resource<{ readonly id: string; readonly mode: CalibrationMode }, Comparison>(
    async ({ mode }, signal) => {
      const evaluation = classified();
      if (!evaluation || mode === 'chosen') return Promise.reject(new Error('no other calibration is asked for'));
      return workflow.call('recompare', planFor(evaluation.plan, mode), { signal });
    },
  );

  /** A set without a template, or with answer words for other labels, gets proposed ones first. */
  async function withTask(set: PromptSet, dataset: Dataset): Promise<PromptSet> {
    const isReady = set.baseTemplate !== '' && (kindOf(set) === 'generate' || sameLabels(set.words, dataset.labels));
    if (isReady) return set;
    const { words, template } = await workflow.call('propose', { dataset });
    const task = { words, baseTemplate: set.baseTemplate || template };
    return promptSets.getState().updateById(set.id, (s) => changeTask(s, task, new Date().toISOString()));
  }

  const run = job<[], { readonly arms: readonly ArmProgress[] }>(session, {
    title: 'Comparing',
    screen: 'compare',
    initial: { arms: [] },
    run: async ({ signal, report }) => {
      const { set: open, dataset } = promptSets.getState();
      if (!open || !dataset) return;
      report({ note: 'Loading the model', arms: [] });
      await session.getState().modelReady();
      const set = await withTask(open, dataset);
      const further = (await disk.settings.get<readonly string[]>(alsoKey(set.id))) ?? [];
      const onEvent = (event: CompareEvent) => {
        const arms = progressOf(run.getState().arms, event);
        report(event.kind === 'progress' ? { fraction: event.fraction, note: event.note } : { arms });
      };
      const found = await workflow.call('compare', { set, dataset, also: further }, { signal, onEvent });
      const now = new Date().toISOString();
      await promptSets.getState().updateById(set.id, (s) => recordComparison(s, found.evaluation, now));
      await keep(set, found.evaluation, found.leftOut);
    },
  });

  async function keep(set: PromptSet, found: object, leftOut: number): Promise<void> {
    const { key, value } = latest.getState();
    const isShown = key?.setId === set.id;
    // the newest is what is shown after a reload, also where the clock was moved back
    const createdAt = nowAfter(isShown ? value?.evaluation?.createdAt : null);
    const evaluation = { ...found, id: crypto.randomUUID(), setId: set.id, createdAt } as Evaluation;
    if (isShown || promptSets.getState().set?.id === set.id)
      latest.set({ evaluation, leftOut }, { setId: set.id, kind: kindOf(set) });
    performance.mark('studio:compared');
    await disk.evaluations.put(evaluation);
  }

  return {
    latest,
    also,
    run,
    chosen,
    recalibrated,
    shown: () => {
      const evaluation = classified();
      if (!evaluation) return null;
      const { of, mode } = chosen.getState();
      const { key, value } = recalibrated.getState();
      const isOther = of === evaluation.id && key?.id === evaluation.id && key.mode === mode && value;
      return isOther
        ? { evaluation, comparison: value, mode }
        : { evaluation, comparison: evaluation.comparison, mode: 'chosen' };
    },
    include: async (setId, versionId, included) => {
      await also.load(setId);
      const others = (also.getState().value ?? []).filter((id) => id !== versionId);
      const next = included ? [...others, versionId] : others;
      also.set(next, setId);
      await disk.settings
        .set(alsoKey(setId), next)
        .catch((cause) => toastError('The choice was not saved', `${cause}`));
    },
    amend: async (change) => {
      const { value } = latest.getState();
      if (!value?.evaluation) return;
      const evaluation = { ...value.evaluation, ...change } as Evaluation;
      latest.set({ ...value, evaluation });
      await disk.evaluations
        .put(evaluation)
        .catch((cause) => toastError('The change was not saved', cause instanceof Error ? cause.message : ''));
    },
  };
}

export const compareStores = perStudio(createCompare);
