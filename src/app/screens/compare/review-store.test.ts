import { expect, it } from 'vitest';
import { preparedOf } from '../../../dataset/test-support';
import { freshVersion } from '../../../dataset/versions';
import { compare as figuresOf } from '../../../evaluation/classify/compare';
import { armOf, planOf } from '../../../evaluation/test-support';
import { type ClassifyEvaluation, ofKind } from '../../../prompt-set/types';
import { createPromptSetsStore } from '../../state/prompt-sets-store';
import { createSessionStore } from '../../state/session-store';
import type { Studio } from '../../state/studio';
import { CAPABILITIES, testServices } from '../../state/test-support';
import { toasts } from '../../ui/toast';
import { compareStores } from './compare-store';
import { correctedKey, reviewStores } from './review-store';

/** A prompt set with a comparison in which B fixes eight rows and breaks two. */
async function compared() {
  const services = testServices();
  const session = createSessionStore(services, CAPABILITIES, 'auto');
  const studio = { services, stores: { session, promptSets: createPromptSetsStore(services) } } as unknown as Studio;
  const { promptSets } = studio.stores;
  const rows = Array.from({ length: 60 }, (_, i) => [`text number ${i}`, i % 2 ? 'yes' : 'no'] as const);
  const dataset = freshVersion((await preparedOf(rows)).dataset, 'Opened', '2026-01-01T00:00:00.000Z');
  const set = await promptSets.getState().create({ name: 'x', dataset, datasetName: 'x.csv' });
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
    comparison: figuresOf(plan, { draws: 20 }),
    writtenVersion: null,
    versions: {},
    trainedVersion: null,
    datasetFingerprint: dataset.fingerprint,
    splitHash: dataset.splitHash,
    model: 'w',
    account: { read: 20, used: 20, leftOut: {} },
    backend: 'wasm',
    threads: 1,
  };
  await services.store.evaluations.put(evaluation);
  const compare = compareStores.of(studio);
  await compare.latest.load({ setId: set.id, kind: 'classify' });
  return { services, promptSets, compare, review: reviewStores.of(studio), dataset };
}

const labelOf = ({ promptSets }: Awaited<ReturnType<typeof compared>>, id: string) =>
  promptSets.getState().dataset?.table.rows.find((row) => row.id === id)?.cells.label;

it('makes a new version of the data, one more use of the test rows and a second verdict of labels that differ', async () => {
  const at = await compared();
  const { review, promptSets } = at;
  review.start();
  const { rows: queue } = review.queue.getState();
  expect(queue).toHaveLength(4);
  const first = queue[0] as string;
  const was = at.dataset.table.rows.find((row) => row.id === first)?.cells.label;
  const other = at.dataset.labels.findIndex((label) => label !== was);
  review.queue.give(null);
  review.queue.back();
  review.queue.give(at.dataset.labels[other] ?? '');
  for (let i = 1; i < 4; i++) review.queue.give(null);
  await review.apply();

  expect(labelOf(at, first)).toBe(at.dataset.labels[other]);
  expect(promptSets.getState().dataset?.versions).toHaveLength(2);
  expect(promptSets.getState().set?.testLooks).toBe(1);
  const kept = at.compare.classified()?.review;
  expect(kept).toMatchObject({ corrections: [{ rowId: first, to: other }], looks: 1 });
  expect(kept?.reviewed).toEqual(queue);
  expect(kept?.datasetFingerprint).toBe(promptSets.getState().dataset?.fingerprint);
  const before = at.compare.classified()?.comparison.pairs[0];
  const evaluation = at.compare.classified();
  const key = evaluation && correctedKey(evaluation);
  if (key) await review.corrected.load(key);
  const after = review.corrected.getState().value?.pairs[0];
  expect(before).toMatchObject({ aOnly: 2, bOnly: 8 });
  expect((after?.aOnly ?? 0) - (after?.bOnly ?? 0)).not.toBe(-6);
  const [stored] = ofKind(await at.services.store.evaluations.ofSet(at.compare.classified()?.setId ?? ''), 'classify');
  expect(stored?.review).toEqual(kept);

  // Undo: the labels are back as a further version; seen rows stay seen
  toasts.visibleToasts.at(-1)?.content.action?.run();
  await expect.poll(() => labelOf(at, first)).toBe(was);
  await expect.poll(() => at.compare.classified()?.review?.corrections).toEqual([]);
  const undone = at.compare.classified();
  expect(undone && correctedKey(undone)).toBeNull();
  expect(promptSets.getState().set?.testLooks).toBe(1);
  expect(at.compare.classified()?.review?.reviewed).toEqual(queue);
});

it('does not draw rows again that were labelled already', async () => {
  const { review } = await compared();
  review.start();
  for (let i = 0; i < 4; i++) review.queue.give(null);
  await review.apply();
  review.start();
  expect(review.queue.getState().rows).toEqual([]);
});
