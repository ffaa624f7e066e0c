/** Labels of held-back rows, given again by somebody who sees no prediction; and how the verdict stands then. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { corrected, correctionsOf, drawReview } from '../../../evaluation/classify/doubts';
import type { Comparison } from '../../../evaluation/types';
import { StudioError } from '../../../lib/errors';
import { countLook } from '../../../project/prompt-set';
import type { ClassifyEvaluation } from '../../../project/types';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import { toastError, toastUndo } from '../../ui/toast';
import { type CompareStore, planFor } from './compare-store';

export interface ReviewState {
  /** Rows to look at; empty before the start and after the end. */
  readonly queue: readonly string[];
  /** Label index by row; null = skipped. In the order in which they were given. */
  readonly answers: ReadonlyMap<string, number | null>;
  readonly saving: boolean;
  /** The comparison with the corrected labels, as it is calibrated on the screen; null where nothing was corrected. */
  readonly after: Comparison | null;
  /** The comparison that `after` belongs to. */
  readonly of: Comparison | null;
  /** Draws rows. With none to draw the queue stays empty. */
  readonly start: () => void;
  /** Gives the next row in the queue a label, or skips it. */
  readonly answer: (label: number | null) => void;
  readonly back: () => void;
  /** Forgets the answers. */
  readonly leave: () => void;
  /** Keeps the answers: a new version of the data, and one more look. */
  readonly apply: () => Promise<void>;
  /** Compares with the corrected labels, where there are any, unless that is done. */
  readonly recount: () => Promise<void>;
}

export type ReviewStore = StoreApi<ReviewState>;

export function createReviewStore(services: Services, project: ProjectStore, compare: CompareStore): ReviewStore {
  const now = () => new Date().toISOString();
  /** Whoever asks for what is being counted waits for it. */
  let counting: Promise<void> = Promise.resolve();
  const store = createStore<ReviewState>((set, get) => {
    const forget = { queue: [], answers: new Map<string, number | null>() };

    /** The labels in the data set, as one new version of it. Returns its fingerprint. */
    async function relabel(
      setId: string,
      dataset: Dataset,
      labels: readonly (readonly [string, string])[],
    ): Promise<string> {
      const change = { kind: 'relabel', labels } as const;
      const { dataset: next } = await services.data.call('edit', { dataset, change, now: now() });
      await project.getState().setRows(setId, next, { sameHeldBack: true });
      return next.fingerprint;
    }

    async function undo(
      setId: string,
      before: ClassifyEvaluation['review'],
      labels: readonly (readonly [string, string])[],
    ) {
      const { set: open, dataset } = project.getState();
      const { evaluation } = compare.getState();
      if (open?.id !== setId || !dataset || !evaluation?.review) return;
      const datasetFingerprint = await relabel(setId, dataset, labels);
      const { reviewed, looks } = evaluation.review;
      // what was seen stays seen: the rows are not drawn again, and the look counts
      await compare
        .getState()
        .amend({ review: { reviewed, looks, corrections: before?.corrections ?? [], datasetFingerprint } });
      set({ of: null });
      await get().recount();
    }

    async function keepAnswers(
      open: { readonly id: string },
      dataset: Dataset,
      evaluation: ClassifyEvaluation,
    ): Promise<void> {
      const answers = new Map([...get().answers].flatMap(([id, label]) => (label === null ? [] : [[id, label]])));
      const before = evaluation.review;
      const changes = correctionsOf(evaluation.plan, answers);
      const word = (label: number) => evaluation.plan.labels[label] ?? '';
      const datasetFingerprint =
        changes.length === 0
          ? dataset.fingerprint
          : await relabel(
              open.id,
              dataset,
              changes.map(({ rowId, to }) => [rowId, word(to)] as const),
            );
      const looked = await project.getState().updateById(open.id, (s) => countLook(s, now()));
      await compare.getState().amend({
        review: {
          reviewed: [...(before?.reviewed ?? []), ...get().queue],
          corrections: [...(before?.corrections ?? []), ...changes],
          looks: looked.testLooks,
          datasetFingerprint,
        },
      });
      set({ ...forget, of: null });
      if (changes.length > 0)
        toastUndo(`${changes.length} ${changes.length === 1 ? 'label' : 'labels'} corrected`, () => {
          void undo(
            open.id,
            before,
            changes.map(({ rowId, from }) => [rowId, word(from)] as const),
          );
        });
      await get().recount();
    }

    async function count(evaluation: ClassifyEvaluation, comparison: Comparison): Promise<void> {
      const { review } = evaluation;
      set({ of: comparison, after: null });
      if (!review || review.corrections.length === 0) return;
      const plan = corrected(planFor(evaluation.plan, compare.getState().mode), review.corrections, review.looks);
      try {
        const after = await services.data.call('recompare', plan);
        if (get().of === comparison) set({ after });
      } catch (cause) {
        set({ of: null });
        toastError('The corrected labels were not compared', cause instanceof StudioError ? cause.message : '');
      }
    }

    return {
      ...forget,
      saving: false,
      after: null,
      of: null,
      start: () => {
        const { evaluation, comparison } = compare.getState();
        const pair = comparison?.pairs[0];
        if (!evaluation || !pair) return;
        const queue = drawReview(pair, evaluation.plan.seed, evaluation.review?.reviewed ?? []);
        set({ ...forget, queue });
      },
      answer: (label) => {
        const { queue, answers } = get();
        const id = queue[answers.size];
        if (id !== undefined) set({ answers: new Map(answers).set(id, label) });
      },
      back: () => set(({ answers }) => ({ answers: new Map([...answers].slice(0, -1)) })),
      leave: () => set(forget),
      apply: async () => {
        const { set: open, dataset } = project.getState();
        const { evaluation } = compare.getState();
        if (!open || !dataset || !evaluation || get().saving) return;
        set({ saving: true });
        try {
          await keepAnswers(open, dataset, evaluation);
        } catch (cause) {
          toastError('The labels were not changed', cause instanceof StudioError ? cause.message : String(cause));
        } finally {
          set({ saving: false });
        }
      },
      recount: () => {
        const { evaluation, comparison } = compare.getState();
        if (evaluation && comparison && get().of !== comparison) counting = count(evaluation, comparison);
        return counting;
      },
    };
  });
  // rows of one comparison are no queue for another
  compare.subscribe((next, before) => {
    if (next.evaluation?.id !== before.evaluation?.id) store.getState().leave();
  });
  return store;
}
