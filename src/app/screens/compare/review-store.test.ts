import { expect, test } from 'vitest';
import { preparedOf } from '../../../dataset/test-support';
import { freshVersion } from '../../../dataset/versions';
import { compare } from '../../../evaluation/classify/compare';
import { armOf, planOf } from '../../../evaluation/test-support';
import { ofKind } from '../../../project/evaluations';
import type { ClassifyEvaluation } from '../../../project/types';
import { createProjectStore } from '../../state/project-store';
import { createSessionStore } from '../../state/session-store';
import { CAPABILITIES, testServices } from '../../state/test-support';
import { toasts } from '../../ui/toast';
import { createCompareStore } from './compare-store';
import { createReviewStore } from './review-store';

/** A project with a comparison in which B fixes eight rows and breaks two. */
async function compared() {
  const services = testServices();
  const project = createProjectStore(services);
  const rows = Array.from({ length: 60 }, (_, i) => [`text number ${i}`, i % 2 ? 'yes' : 'no'] as const);
  const dataset = freshVersion((await preparedOf(rows)).dataset, 'Opened', '2026-01-01T00:00:00.000Z');
  const set = await project.getState().create({ name: 'x', dataset, datasetName: 'x.csv' });
  const rowIds = dataset.split.test;
  const gold = rowIds.map((id) =>
    dataset.labels.indexOf(dataset.table.rows.find((r) => r.id === id)?.cells.label ?? ''),
  );
  const plan = {
    ...planOf(gold, [
      armOf(
        'yours',
        'zero-shot',
        gold,
        gold.map((_, i) => i >= 8),
      ),
      armOf(
        'tuned',
        'tuned',
        gold,
        gold.map((_, i) => i < 8 || i >= 10),
      ),
    ]),
    labels: dataset.labels,
    rowIds,
  };
  const evaluation: ClassifyEvaluation = {
    kind: 'classify',
    id: 'e',
    setId: set.id,
    createdAt: '2026-01-01T00:00:00.000Z',
    plan,
    comparison: compare(plan, { draws: 20 }),
    hardVersion: null,
    softVersion: null,
    datasetFingerprint: dataset.fingerprint,
    backend: 'wasm',
    threads: 1,
  };
  await services.store.evaluations.put(evaluation);
  const session = createSessionStore(services, CAPABILITIES, 'auto');
  const store = createCompareStore(services, session, project);
  await store.getState().enter();
  return { services, project, compare: store, review: createReviewStore(services, project, store), dataset, gold };
}

const labelOf = ({ project }: Awaited<ReturnType<typeof compared>>, id: string) =>
  project.getState().dataset?.table.rows.find((row) => row.id === id)?.cells.label;

test('answers that differ become a new version of the data, one more look, and a second verdict', async () => {
  const at = await compared();
  const { review, project } = at;
  review.getState().start();
  const { queue } = review.getState();
  expect(queue).toHaveLength(4);
  const first = queue[0] as string;
  const was = at.dataset.table.rows.find((row) => row.id === first)?.cells.label;
  const other = at.dataset.labels.findIndex((label) => label !== was);
  review.getState().answer(null);
  review.getState().back();
  review.getState().answer(other);
  for (let i = 1; i < 4; i++) review.getState().answer(null);
  await review.getState().apply();

  expect(labelOf(at, first)).toBe(at.dataset.labels[other]);
  expect(project.getState().dataset?.versions).toHaveLength(2);
  expect(project.getState().set?.testLooks).toBe(1);
  const kept = at.compare.getState().evaluation?.review;
  expect(kept).toMatchObject({ corrections: [{ rowId: first, to: other }], looks: 1 });
  expect(kept?.reviewed).toEqual(queue);
  expect(kept?.datasetFingerprint).toBe(project.getState().dataset?.fingerprint);
  const before = at.compare.getState().comparison?.pairs[0];
  const after = review.getState().after?.pairs[0];
  expect(before).toMatchObject({ aOnly: 2, bOnly: 8 });
  expect((after?.aOnly ?? 0) - (after?.bOnly ?? 0)).not.toBe(-6);
  const [stored] = ofKind(
    await at.services.store.evaluations.ofSet(at.compare.getState().evaluation?.setId ?? ''),
    'classify',
  );
  expect(stored?.review).toEqual(kept);

  // Undo: the labels are back as a further version; what was seen stays seen
  toasts.visibleToasts.at(-1)?.content.action?.run();
  await expect.poll(() => labelOf(at, first)).toBe(was);
  await expect.poll(() => at.compare.getState().evaluation?.review?.corrections).toEqual([]);
  await expect.poll(() => review.getState().after).toBeNull();
  expect(project.getState().set?.testLooks).toBe(1);
  expect(at.compare.getState().evaluation?.review?.reviewed).toEqual(queue);
});

test('rows that were looked at are not drawn again', async () => {
  const { review } = await compared();
  review.getState().start();
  for (let i = 0; i < 4; i++) review.getState().answer(null);
  await review.getState().apply();
  review.getState().start();
  expect(review.getState().queue).toEqual([]);
});
