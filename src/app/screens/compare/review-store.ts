/** Test labels, given again by somebody who sees no prediction; and the verdict with them. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { corrected, correctionsOf, drawReview } from '../../../evaluation/classify/doubts';
import { type CalibrationMode, planFor } from '../../../evaluation/classify/outcome';
import type { Comparison } from '../../../evaluation/types';
import { asStudioError } from '../../../lib/errors';
import { countLook } from '../../../project/prompt-set';
import type { ClassifyEvaluation } from '../../../project/types';
import { type Resource, resource } from '../../state/resource';
import { perStudio } from '../../state/screen-store';
import type { Studio } from '../../state/studio';
import { toastError, toastUndo } from '../../ui';
import { compareStores } from './compare-store';

interface ReviewState {
  /** Rows to label; empty before the start and after the end. */
  readonly queue: readonly string[];
  /** Label index by row; null = skipped. In the order in which they were given. */
  readonly answers: ReadonlyMap<string, number | null>;
  readonly saving: boolean;
}

export interface CorrectedKey {
  readonly id: string;
  readonly mode: CalibrationMode;
  /** Of the data version that the corrections made. */
  readonly fingerprint: string;
}

export interface ReviewStores {
  readonly state: StoreApi<ReviewState>;
  /** The comparison with the corrected labels. */
  readonly corrected: Resource<CorrectedKey, Comparison>;
  /** Draws rows. With none to draw the queue stays empty. */
  readonly start: () => void;
  /** Gives the next row in the queue a label, or skips it. */
  readonly answer: (label: number | null) => void;
  readonly back: () => void;
  /** Forgets the answers. */
  readonly leave: () => void;
  /** Keeps the answers: a new version of the data, and one more use of the test rows. */
  readonly apply: () => Promise<void>;
}

type Relabelled = readonly (readonly [rowId: string, label: string])[];

const FORGOTTEN = { queue: [], answers: new Map<string, number | null>() };
const now = () => new Date().toISOString();

/** The key of the corrected comparison; null where no label was corrected. */
export const correctedKey = ({ id, review }: ClassifyEvaluation, mode: CalibrationMode): CorrectedKey | null =>
  review && review.corrections.length > 0 ? { id, mode, fingerprint: review.datasetFingerprint } : null;

function createReview(studio: Studio): ReviewStores {
  const { services, stores } = studio;
  const { promptSets } = stores;
  const compare = compareStores.of(studio);
  const state = createStore<ReviewState>(() => ({ ...FORGOTTEN, saving: false }));
  const leave = () => state.setState(FORGOTTEN);

  /** The labels in the data set, as one new version of it. Returns its fingerprint. */
  async function relabel(setId: string, dataset: Dataset, labels: Relabelled): Promise<string> {
    const change = { kind: 'relabel', labels } as const;
    const { dataset: next } = await services.workflow.call('edit', { dataset, change, now: now() });
    await promptSets.getState().setRows(setId, next, { sameHeldBack: true });
    return next.fingerprint;
  }

  async function undo(setId: string, before: ClassifyEvaluation['review'], labels: Relabelled): Promise<void> {
    const { set: open, dataset } = promptSets.getState();
    const review = compare.shown()?.evaluation.review;
    if (open?.id !== setId || !dataset || !review) return;
    const datasetFingerprint = await relabel(setId, dataset, labels);
    const { reviewed, looks } = review;
    // what was seen stays seen: the rows are not drawn again, and the use counts
    await compare.amend({ review: { reviewed, looks, corrections: before?.corrections ?? [], datasetFingerprint } });
  }

  async function keepAnswers(setId: string, dataset: Dataset, evaluation: ClassifyEvaluation): Promise<void> {
    const { answers, queue } = state.getState();
    const given = new Map([...answers].flatMap(([id, label]) => (label === null ? [] : [[id, label]])));
    const { review: before, plan } = evaluation;
    const changes = correctionsOf(plan, given);
    const name = (label: number) => plan.labels[label] ?? '';
    const datasetFingerprint =
      changes.length === 0
        ? dataset.fingerprint
        : await relabel(
            setId,
            dataset,
            changes.map(({ rowId, to }) => [rowId, name(to)] as const),
          );
    const looked = await promptSets.getState().updateById(setId, (s) => countLook(s, now()));
    await compare.amend({
      review: {
        reviewed: [...(before?.reviewed ?? []), ...queue],
        corrections: [...(before?.corrections ?? []), ...changes],
        looks: looked.testLooks,
        datasetFingerprint,
      },
    });
    leave();
    const back = changes.map(({ rowId, from }) => [rowId, name(from)] as const);
    if (changes.length > 0)
      toastUndo(`${changes.length} ${changes.length === 1 ? 'label' : 'labels'} corrected`, () => {
        void undo(setId, before, back);
      });
  }

  // rows of one comparison are no queue for another
  compare.latest.subscribe((next, before) => {
    if (next.value?.evaluation?.id !== before.value?.evaluation?.id) leave();
  });

  return {
    state,
    corrected: resource<CorrectedKey, Comparison>(
      ({ mode }, signal) => {
        const evaluation = compare.shown()?.evaluation;
        if (!evaluation?.review) return Promise.reject(new Error('no label was corrected'));
        const { corrections, looks } = evaluation.review;
        return services.workflow.call('recompare', corrected(planFor(evaluation.plan, mode), corrections, looks), {
          signal,
        });
      },
      { onError: ({ message }) => toastError('The corrected labels were not compared', message) },
    ),
    start: () => {
      const shown = compare.shown();
      const pair = shown?.comparison.pairs[0];
      if (!shown || !pair) return;
      const { plan, review } = shown.evaluation;
      state.setState({ ...FORGOTTEN, queue: drawReview(pair, plan.seed, review?.reviewed ?? []) });
    },
    answer: (label) =>
      state.setState(({ queue, answers }) => {
        const id = queue[answers.size];
        return id === undefined ? {} : { answers: new Map(answers).set(id, label) };
      }),
    back: () => state.setState(({ answers }) => ({ answers: new Map([...answers].slice(0, -1)) })),
    leave,
    apply: async () => {
      const { set: open, dataset } = promptSets.getState();
      const evaluation = compare.shown()?.evaluation;
      if (!open || !dataset || !evaluation || state.getState().saving) return;
      state.setState({ saving: true });
      try {
        await keepAnswers(open.id, dataset, evaluation);
      } catch (cause) {
        toastError('The labels were not changed', asStudioError(cause).message);
      }
      state.setState({ saving: false });
    },
  };
}

export const reviewStores = perStudio(createReview);
