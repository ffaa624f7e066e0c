/** What can be known of a comparison of labels beyond its figures: slices, probabilities, checks with the model. */
import { createStore } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import type { Insights } from '../../../evaluation/classify/compare';
import { type CalibrationMode, planFor } from '../../../evaluation/classify/outcome';
import type { PairResult } from '../../../evaluation/types';
import { countLook } from '../../../prompt-set/prompt-set';
import type { ClassifyEvaluation, PromptSet, SoftVersion } from '../../../prompt-set/types';
import { seedsOf } from '../../../prompt-set/versions';
import { accuracyOf, adaptationStep } from '../../../training/checkpoint';
import type { Checkpoint } from '../../../training/events';
import { type JobContext, job, throwIfStopped } from '../../state/job';
import { type Resource, resource } from '../../state/resource';
import { OfStudio, perStudio } from '../../state/studio';
import { compareStores, type Shown } from './compare-store';

export interface LookCloserProps extends Shown {
  readonly dataset: Dataset;
}

export interface CloserProps extends LookCloserProps {
  /** The pair that is shown; the headline's unless another one was chosen. */
  readonly pair: PairResult | undefined;
}

export interface InsightsProps extends CloserProps {
  readonly insights: Insights;
}

export interface InsightsKey {
  readonly id: string;
  readonly mode: CalibrationMode;
  /** The pair whose slices are shown; 0 = the headline's. */
  readonly pairIndex: number;
  readonly dataset: Dataset | null;
}

interface Learned {
  readonly adaptation: {
    readonly step: number;
    /** Rows whose gradients were seen until then, repeats counted. */
    readonly rows: number;
    readonly seconds: number;
  } | null;
  /** Validation accuracy of runs that differ only in their seed. */
  readonly seedRange: { readonly seeds: number; readonly low: number; readonly high: number } | null;
}

export type CheckKind = 'consistency' | 'everyRow' | 'fineTuning';
const TITLES: Readonly<Record<CheckKind, string>> = {
  consistency: 'Checking consistency',
  everyRow: 'Checking every row',
  fineTuning: 'Fine-tuning',
};

interface InsightsProgress {
  readonly fraction: number;
  readonly stopped: boolean;
}

interface CheckState {
  readonly check: CheckKind | null;
}

class CloserStore extends OfStudio {
  readonly #compare = compareStores.of(this.studio);
  #stopping = new AbortController();

  readonly check = job<[CheckKind], CheckState>(this.stores.session, {
    title: (kind) => TITLES[kind],
    screen: 'compare',
    initial: { check: null },
    run: (context, kind) => this.#check(context, kind),
  });

  readonly progress = createStore<InsightsProgress>(() => ({ fraction: 0, stopped: false }));

  readonly insights: Resource<InsightsKey, Insights> = resource(async ({ pairIndex }, signal) => {
    const shown = this.#compare.shown();
    if (!shown) throw new Error('there is no comparison');
    this.progress.setState({ fraction: 0, stopped: false });
    this.#stopping = new AbortController();
    return this.#compute(shown, pairIndex, AbortSignal.any([signal, this.#stopping.signal]));
  });

  readonly stop = (): void => {
    this.#stopping.abort();
    this.progress.setState({ stopped: true });
  };

  #compute({ evaluation, comparison, mode }: Shown, pairIndex: number, signal?: AbortSignal): Promise<Insights> {
    const { services } = this;
    const request = {
      plan: planFor(evaluation.plan, mode),
      comparison: { arms: comparison.arms, pairs: comparison.pairs },
      dataset: this.sets.dataset,
      pairIndex,
    };
    const onEvent = ({ done, total }: { readonly done: number; readonly total: number }) =>
      this.progress.setState({ fraction: total > 0 ? done / total : 0 });
    return services.workflow.call('insights', request, signal && { signal, onEvent });
  }

  /** Of the headline of what is shown, or of all rows where the verdict rests on them, whichever pair is shown. */
  readonly ofHeadline = async (of: Shown): Promise<Insights> => {
    const { key } = this.insights.getState();
    const { evaluation, mode, comparison } = of;
    if (this.#compare.shown()?.comparison !== comparison) return this.#compute(of, 0);
    if (key?.id === evaluation.id && key.mode === mode && key.pairIndex === 0) await this.insights.load(key);
    const { key: now, value } = this.insights.getState();
    return value && now === key ? value : this.#compute(of, 0);
  };

  readonly learned: Resource<string, Learned> = resource(async () => {
    const { services } = this;
    const { set } = this.sets;
    const evaluation = this.#compare.shown()?.evaluation;
    const version = set?.soft.find(({ id }) => id === evaluation?.softVersion);
    if (!set || !version) return { adaptation: null, seedRange: null };
    const kept = await services.store.checkpoints.get(version.id).catch(() => null);
    return { adaptation: kept && adaptationOf(version, kept.checkpoint), seedRange: seedRangeOf(set, version) };
  });

  async #check({ signal, report }: JobContext<CheckState>, kind: CheckKind): Promise<void> {
    const { services } = this;
    const { set, dataset } = this.sets;
    const shown = this.#compare.shown();
    if (!set || !dataset || !shown) return;
    report({ check: kind, fraction: 0, note: 'Loading the model' });
    const { evaluation, mode } = shown;
    const request = { set, dataset, evaluation, mode };
    if (kind === 'consistency') {
      await this.session.modelReady();
      const consistency = await services.workflow.call('consistency', request, { signal, onEvent: report });
      return this.#compare.amend(evaluation, () => ({ consistency }));
    }
    await this.session.trainingReady();
    const answered = async (found: Partial<Pick<ClassifyEvaluation, 'everyRow' | 'fineTuning'>>) => {
      await this.sets.updateById(set.id, (s, { now }) => countLook(s, now));
      await this.#compare.amend(evaluation, () => found);
      if (found.everyRow) await this.#compare.card.reload();
    };
    if (kind === 'everyRow')
      return answered({ everyRow: await services.workflow.call('everyRow', request, { signal, onEvent: report }) });
    await this.stores.models.getState().visit(async (load) => {
      await load(null, 'adapters');
      throwIfStopped(signal);
      await answered({ fineTuning: await services.workflow.call('fineTune', request, { signal, onEvent: report }) });
      report({ fraction: null, note: 'Loading the model as before' });
    });
  }
}

/** How soon validation accuracy was at 95% of its final value. */
function adaptationOf({ bestStep, settings }: SoftVersion, { steps, validations }: Checkpoint): Learned['adaptation'] {
  const points = validations.map((v) => ({ step: v.step, value: accuracyOf(v) ?? 0 }));
  const step = adaptationStep(points, bestStep);
  if (step === null) return null;
  const seconds = steps.filter((s) => s.step < step).reduce((sum, s) => sum + s.ms, 0) / 1000;
  return { step, rows: step * settings.batchSize, seconds };
}

function seedRangeOf(set: PromptSet, version: SoftVersion): Learned['seedRange'] {
  const reached = seedsOf(set, version).flatMap(({ validationAccuracy: v }) => (v === null ? [] : [v]));
  return reached.length > 1 ? { seeds: reached.length, low: Math.min(...reached), high: Math.max(...reached) } : null;
}

export const closerStores = perStudio((studio) => new CloserStore(studio));
