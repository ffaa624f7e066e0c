import { expect, it } from 'vitest';
import { dealt, preparedOf } from '../../../dataset/test-support';
import { addWritten, recordTry } from '../../../prompt-set/make-versions';
import { createPromptSet } from '../../../prompt-set/prompt-set';
import type { TryOf } from '../../../prompt-set/types';
import { createBaselines } from './baselines';

const NOW = '2026-01-01T00:00:00.000Z';

it('shows and keeps the score of your prompt only where it is of the rows, words and weights that are open now', async () => {
  const { dataset } = await preparedOf(dealt(80, ['a', 'b']));
  const { dataset: resplit } = await preparedOf(dealt(80, ['a', 'b']), { seed: 9 });
  const { fingerprint: datasetFingerprint, splitHash } = dataset;
  const figures = { accuracy: 0.99, macroF1: 0.99, confusion: [], wrongRowIds: [], wrongPredictions: [], rows: 12 };
  const words = ['a', 'b'].map((label) => ({ label, word: ` ${label}` }));
  const answers = { words, meanLogProbs: null, longest: null, seed: dataset.seed, model: 'w' };
  const settings = { get: async () => null };
  const on = { datasetFingerprint, splitHash };
  const of = async (rows: typeof dataset, kept: Partial<TryOf<'classify'>>) => {
    const task = { name: 'x', words, baseTemplate: '{text}', datasetFingerprint, datasetName: 'a.csv', taken: [] };
    const empty = createPromptSet({ id: 's', now: NOW }, task);
    const prompt = { template: 'Say. {text}', shots: 0, shotSeed: 0 };
    const { set } = addWritten(empty, { id: 'h', now: NOW }, { text: prompt });
    const tried = { kind: 'classify' as const, ...figures, seconds: 1, with: answers, ...on, ...kept };
    const open = recordTry(set, 'h', tried, NOW);
    const subject = { open, dataset: rows, template: '{text}', words, info: { sha256: 'w' } };
    const store = { settings, sets: { get: async () => open } };
    const known = createBaselines({ store } as never, { getState: () => ({ set: open }) } as never);
    return {
      shown: (await known.known(subject)).some(({ id }) => id === 'yours'),
      asked: (await known.missing(subject)).some(({ id }) => id === 'yours'),
    };
  };
  expect(await of(dataset, { datasetFingerprint, splitHash })).toEqual({ shown: true, asked: false });
  // other rows, the same rows split otherwise, other words or weights
  expect(await of(dataset, { datasetFingerprint: 'other', splitHash })).toEqual({ shown: false, asked: true });
  expect(await of(resplit, { datasetFingerprint, splitHash })).toEqual({ shown: false, asked: true });
  const poor = [{ label: 'a', word: ' x' }, ...words.slice(1)];
  for (const other of [
    { ...answers, words: poor },
    { ...answers, model: 'v' },
  ])
    expect(await of(dataset, { datasetFingerprint, splitHash, with: other })).toEqual({ shown: false, asked: true });
});
