/** What can be known of a comparison of labels beyond its figures: slices, probabilities, checks with the model. */
import { createStore } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import type { Insights } from '../../../evaluation/classify/compare';
import type { PairResult } from '../../../evaluation/types';
import { countLook } from '../../../prompt-set/prompt-set';
import type { ClassifyEvaluation } from '../../../prompt-set/types';
import { type JobContext, job, throwIfStopped } from '../../state/job';
import { type Resource, resource } from '../../state/resource';
import { OfStudio, perStudio } from '../../state/studio';
import { compareStores } from './compare-store';
import type { ResultsProps } from './panels/parts';

export interface CloserProps extends ResultsProps<ClassifyEvaluation> {
  /** The pair that is shown; the headline's unless another one was chosen. */
  readonly pair: PairResult;
}

export interface InsightsProps extends CloserProps {
  readonly insights: Insights;
}

export interface InsightsKey {
  readonly id: string;
  /** The pair whose slices are shown; 0 = the headline's. */
  readonly pairIndex: number;
  readonly dataset: Dataset | null;
}

export type CheckKind = 'consistency' | 'everyRow' | 'fineTuning';
const TITLES: Readonly<Record<CheckKind, string>> = {
  consistency: 'Checking consistency',
  everyRow: 'Checking every row',
  fineTuning: 'Fine-tuning',
};

interface CheckState {
  readonly check: CheckKind | null;
}

class CloserStore extends OfStudio {
  readonly #compare = compareStores.of(this.studio);

  readonly check = job<[CheckKind], CheckState>(this.stores.session, {
    title: (kind) => TITLES[kind],
    screen: 'compare',
    initial: { check: null },
    run: (context, kind) => this.#check(context, kind),
  });

  readonly progress = createStore(() => ({ fraction: 0 }));

  readonly insights: Resource<InsightsKey, Insights> = resource(async ({ pairIndex }, signal) => {
    const evaluation = this.#compare.classified();
    if (!evaluation) throw new Error('there is no comparison');
    this.progress.setState({ fraction: 0 });
    const { plan, comparison } = evaluation;
    const { arms, pairs } = comparison;
    const request = { plan, comparison: { arms, pairs }, dataset: this.sets.dataset, pairIndex };
    return this.services.workflow.call('insights', request, {
      signal,
      onEvent: ({ done, total }) => this.progress.setState({ fraction: total > 0 ? done / total : 0 }),
    });
  });

  async #check({ signal, report }: JobContext<CheckState>, kind: CheckKind): Promise<void> {
    const { services } = this;
    const { set, dataset } = this.sets;
    const evaluation = this.#compare.classified();
    if (!set || !dataset || !evaluation) return;
    report({ check: kind, fraction: 0, note: 'Loading the model' });
    const request = { set, dataset, evaluation };
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

export const closerStores = perStudio((studio) => new CloserStore(studio));
