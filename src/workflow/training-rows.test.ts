import { expect, it } from 'vitest';
import { dealt, preparedOf } from '../dataset/test-support';
import {
  MOST_TRAINING_ROWS,
  majorityOf,
  trainingIds,
  triedCount,
  triedIds,
  validationCount,
  validationIds,
} from './training-rows';

const sorted = async (n: number) => {
  const rows = dealt(n, ['a', 'b', 'c', 'd']).sort((one, other) => one[1].localeCompare(other[1]));
  return (await preparedOf(rows, { seed: 3 })).dataset;
};

it('trains on all rows up to a limit: the same every time, in their order', async () => {
  const few = await sorted(400);
  expect(trainingIds(few)).toBe(few.split.train);
  const many = await sorted(3 * MOST_TRAINING_ROWS);
  const drawn = trainingIds(many);
  expect(drawn).toHaveLength(MOST_TRAINING_ROWS);
  expect(drawn).toEqual(trainingIds(many));
  const chosen = new Set(drawn);
  expect(drawn).toEqual(many.split.train.filter((id) => chosen.has(id)));
  expect(drawn).not.toEqual(many.split.train.slice(0, MOST_TRAINING_ROWS));
  expect(trainingIds({ ...many, seed: 4 })).not.toEqual(drawn);
});

it('validates and tries on rows of every label, in proportion, though the file is sorted by label', async () => {
  const dataset = await sorted(1200);
  const shares = (ids: readonly string[]) => {
    const byId = new Map(dataset.table.rows.map((row) => [row.id, row.cells.label ?? '']));
    return dataset.labels.map((label) => ids.filter((id) => byId.get(id) === label).length);
  };
  expect(shares(validationIds(dataset))).toEqual([16, 16, 16, 16]);
  expect(shares(triedIds(dataset))).toEqual([16, 16, 16, 16]);
  expect([validationCount(dataset), triedCount(dataset)]).toEqual([64, 64]);
});

it('knows the most frequent label of the training rows, and what always answering it reaches on others', async () => {
  const rows = dealt(400, ['a', 'b', 'b', 'c']);
  const { dataset } = await preparedOf(rows, { seed: 3 });
  const { test } = dataset.split;
  const byId = new Map(dataset.table.rows.map((row) => [row.id, row.cells.label ?? '']));
  const share = test.filter((id) => byId.get(id) === 'b').length / test.length;
  const found = majorityOf(dataset, test);
  expect(found).toMatchObject({ name: 'b', accuracy: expect.closeTo(share, 9) });
  // F1 of the one label that is answered: precision is its share, and every one is found; the other labels have 0
  expect(found.macroF1).toBeCloseTo((2 * share) / (1 + share) / 3, 9);
  expect(majorityOf({ ...dataset, trainCounts: [9, 1, 1] }, test).name).toBe('a');
});
