/** Test rows labelled again without seeing a prediction, and the verdict with the corrected labels. */
import type { Dataset } from '../../../dataset/types';
import type { Comparison } from '../../../evaluation/types';
import { corrected, correctionsOf, drawReview } from '../../../evaluation/vote';
import { counted } from '../../../lib/format';
import { countLook } from '../../../prompt-set/prompt-set';
import type { ClassifyEvaluation } from '../../../prompt-set/types';
import { labelledFrom, labelQueue } from '../../state/label-queue';
import { type Resource, resource } from '../../state/resource';
import { OfStudio, perStudio, type Studio } from '../../state/studio';
import { attempted, toastError, toastUndo } from '../../ui';
import { compareStores } from './compare-store';

export interface CorrectedKey {
  readonly id: string;
  /** Of the data version that the corrections made. */
  readonly fingerprint: string;
}

type Relabelled = readonly (readonly [rowId: string, label: string])[];

const now = () => new Date().toISOString();

export const correctedKey = ({ id, review }: ClassifyEvaluation): CorrectedKey | null =>
  review && review.corrections.length > 0 ? { id, fingerprint: review.datasetFingerprint } : null;

class ReviewStore extends OfStudio {
  readonly #compare = compareStores.of(this.studio);
  readonly queue = labelQueue<string>();

  constructor(studio: Studio) {
    super(studio);
    // rows of one comparison are no queue for another
    this.#compare.latest.subscribe((next, before) => {
      if (next.value?.evaluation?.id !== before.value?.evaluation?.id) this.queue.leave();
    });
  }

  readonly corrected: Resource<CorrectedKey, Comparison> = resource(
    async (_, signal) => {
      const evaluation = this.#compare.classified();
      if (!evaluation?.review) throw new Error('no label was corrected');
      const { corrections, looks } = evaluation.review;
      const plan = corrected(evaluation.plan, corrections, looks);
      return this.services.workflow.call('recompare', plan, { signal });
    },
    { onError: ({ message }) => toastError('The corrected labels were not compared', message) },
  );

  /** Draws rows. With none to draw the queue stays empty. */
  readonly start = (): void => {
    const evaluation = this.#compare.classified();
    const pair = evaluation?.comparison.pairs[0];
    if (!evaluation || !pair) return;
    const { plan, review } = evaluation;
    this.queue.start(drawReview(pair, plan.seed, review?.reviewed ?? []), plan.labels);
  };

  /** Keeps the answers: a new version of the data, and one more use of the test rows. */
  readonly apply = async (): Promise<void> => {
    const { set: open, dataset } = this.sets;
    const evaluation = this.#compare.classified();
    if (!open || !dataset || !evaluation || this.queue.getState().saving) return;
    this.queue.setState({ saving: true });
    await attempted('The labels were not changed', () => this.#keepAnswers(open.id, dataset, evaluation));
    this.queue.setState({ saving: false });
  };

  async #keepAnswers(setId: string, dataset: Dataset, evaluation: ClassifyEvaluation): Promise<void> {
    const { review: before, plan } = evaluation;
    const labelled = this.queue.getState();
    const given = new Map(labelledFrom(labelled).map(([id, label]) => [id, plan.labels.indexOf(label)]));
    const changes = correctionsOf(plan, given);
    const relabelled = (which: 'from' | 'to'): Relabelled =>
      changes.map((change) => [change.rowId, plan.labels[change[which]] ?? '']);
    const datasetFingerprint =
      changes.length === 0 ? dataset.fingerprint : await this.#relabel(setId, dataset, relabelled('to'));
    const set = await this.sets.updateById(setId, (s, { now }) => countLook(s, now));
    const review = {
      reviewed: [...(before?.reviewed ?? []), ...labelled.rows],
      corrections: [...(before?.corrections ?? []), ...changes],
      looks: set.testLooks,
      datasetFingerprint,
    };
    await this.#compare.amend(evaluation, () => ({ review }));
    this.queue.leave();
    if (changes.length > 0)
      toastUndo(`${counted(changes.length, 'label')} corrected`, () => {
        void this.#undo(setId, before, relabelled('from'));
      });
  }

  /** The labels in the data set, as one new version of it. Returns its fingerprint. */
  async #relabel(setId: string, dataset: Dataset, labels: Relabelled): Promise<string> {
    const { services } = this;
    const change = { kind: 'relabel', labels } as const;
    const { dataset: next } = await services.workflow.call('edit', { dataset, change, now: now() });
    await this.sets.setRows(setId, next, { sameTestRows: true });
    return next.fingerprint;
  }

  /** The rows stay seen: they are not drawn again, and the use counts. */
  async #undo(setId: string, before: ClassifyEvaluation['review'], labels: Relabelled): Promise<void> {
    const { set: open, dataset } = this.sets;
    const evaluation = this.#compare.classified();
    const review = evaluation?.review;
    if (open?.id !== setId || !dataset || !review) return;
    const datasetFingerprint = await this.#relabel(setId, dataset, labels);
    const corrections = before?.corrections ?? [];
    await this.#compare.amend(evaluation, () => ({ review: { ...review, corrections, datasetFingerprint } }));
  }
}

export const reviewStores = perStudio((studio) => new ReviewStore(studio));
