import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withHashes } from '../dataset/keys';
import { rowsOf, textOf } from '../dataset/labels';
import { dealt, preparedOf } from '../dataset/test-support';
import type { Dataset } from '../dataset/types';
import { wordAnswers } from '../metrics/logistic';
import { countedWords, trainingWords } from './word-counts';

it('counts the words of the rows at hand, whatever was asked before (property)', async () => {
  const labels = ['cats', 'dogs', 'fish'];
  const rows = dealt(60, labels);
  const { dataset } = await preparedOf(rows);
  const { split } = dataset;
  const [first = '', ...train] = split.train;
  const all: readonly Dataset[] = [
    dataset,
    (await preparedOf(rows, { seed: 0, fixedSplit: split, labelOrder: labels.toReversed() })).dataset,
    (await preparedOf(rows.with(0, ['another text', 'fish']), { seed: 0, fixedSplit: split })).dataset,
    await withHashes({ ...dataset, split: { ...split, train, test: [...split.test, first] } }),
  ];
  const fresh = (of: Dataset) => {
    const asked = rowsOf(of, 'test');
    return wordAnswers(trainingWords(of))(asked.map((row) => textOf(row, of.mapping)));
  };
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...all), { minLength: 2, maxLength: 4 }), (asked) => {
      for (const of of asked) expect(of.split.test.map(countedWords(of).answers)).toEqual(fresh(of));
    }),
    { numRuns: 12, seed: 1 },
  );
});
