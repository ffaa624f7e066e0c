import { expect, it } from 'vitest';
import { MOST_TRAINING_ROWS, trainingIds } from './training-rows';

const rows = (n: number) => ({
  split: { train: Array.from({ length: n }, (_, i) => `row ${i}`), validation: [], test: [] },
  seed: 3,
});

it('trains on all rows up to a limit: the same every time, in their order', () => {
  const few = rows(MOST_TRAINING_ROWS);
  expect(trainingIds(few)).toBe(few.split.train);
  const many = rows(3 * MOST_TRAINING_ROWS);
  const drawn = trainingIds(many);
  expect(drawn).toHaveLength(MOST_TRAINING_ROWS);
  expect(drawn).toEqual(trainingIds(many));
  expect(drawn).toEqual(many.split.train.filter((id) => drawn.includes(id)));
  expect(drawn).not.toEqual(many.split.train.slice(0, MOST_TRAINING_ROWS));
  expect(trainingIds({ ...many, seed: 4 })).not.toEqual(drawn);
});
