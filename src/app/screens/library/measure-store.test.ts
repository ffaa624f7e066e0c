import { expect, test } from 'vitest';
import { dealt, preparedOf } from '../../../dataset/test-support';
import { driftWords, firstOf } from '../../../project/drift';
import { resultsOf } from '../../../project/performance';
import { addHardVersion, createPromptSet } from '../../../project/prompt-set';
import { createProjectStore } from '../../state/project-store';
import { createSessionStore } from '../../state/session-store';
import { CAPABILITIES, testServices, writingFile } from '../../state/test-support';
import { createMeasureStore } from './measure-store';
import { createRepositoryStore } from './repository-store';

/** A model that always says the first label. */
async function made() {
  const services = testServices({
    score: ({ rows }) => ({
      rows: rows.map(({ rowId }) => ({ rowId, logProbs: [-0.1, -2.3], tokensSent: 1, tokensComputed: 1 })),
      rowsRun: rows.length,
      seconds: 0.01,
    }),
  });
  const { dataset } = await preparedOf(dealt(90, ['good', 'bad']));
  const empty = createPromptSet(
    { id: 's', now: '2026-01-01' },
    {
      name: 'Tone',
      words: dataset.labels.map((label) => ({ label, word: ` ${label}` })),
      baseTemplate: '{text}',
      datasetFingerprint: dataset.fingerprint,
      datasetName: 'march.csv',
      taken: [],
    },
  );
  const prompt = { template: '{text}\nTone:', shots: 0, shotSeed: 0 };
  const { set } = addHardVersion(empty, { id: 'h1', now: '2026-01-02' }, { prompt });
  await services.store.sets.put(set);
  await services.store.datasets.put({ setId: 's', dataset });
  const session = createSessionStore(services, CAPABILITIES);
  const project = createProjectStore(services);
  const repository = createRepositoryStore(services, project);
  await repository.getState().look('s');
  const measure = createMeasureStore(services, session, project, repository);
  const sentences = () => {
    const { detail } = repository.getState();
    const results = detail ? resultsOf(detail) : [];
    return results.map((result) => driftWords(firstOf(results, result), result));
  };
  return { services, dataset, repository, measure, sentences };
}

const labelled = (cells: readonly (readonly [string, string])[]) =>
  new File([['body,tone', ...cells.map((row) => row.join(','))].join('\n')], 'april.csv');

test('held-back rows: measured, counted as a look, and held against themselves row by row', async () => {
  const { services, dataset, measure, sentences } = await made();
  await measure.getState().onHeldBack('s', 'h1');
  expect(measure.getState()).toMatchObject({ error: null, running: null });
  const n = dataset.split.test.length;
  expect(sentences()).toEqual([
    expect.stringMatching(new RegExp(`^52% .+ on ${n} held-back rows of march\\.csv\\. Nothing was recorded`)),
  ]);
  expect((await services.store.sets.get('s'))?.testLooks).toBe(1);
  await measure.getState().onHeldBack('s', 'h1');
  expect(sentences()[1]).toContain('on the same rows: no clear change, 0 points');
  expect((await services.store.sets.get('s'))?.testLooks).toBe(2);
});

test('a file: rows without a label that is known are left out, its texts are not kept, and a real drop is called one', async () => {
  const { services, measure, repository, sentences } = await made();
  await measure.getState().openFile(labelled(Array.from({ length: 80 }, (_, i) => [`fine ${i}`, 'good'])));
  await measure.getState().onFile('s', 'h1');
  await measure
    .getState()
    .openFile(
      labelled([
        ...Array.from({ length: 80 }, (_, i) => [`awful ${i}`, i % 2 ? 'BAD' : 'good'] as const),
        ['x', 'ugly'],
        ['', 'good'],
      ]),
    );
  measure.getState().choose({ text: 'body', label: 'tone' });
  await measure.getState().onFile('s', 'h1');
  expect(measure.getState().error).toBeNull();
  expect(sentences()[1]).toMatch(
    /^Was 100% on 80 rows of april\.csv; now 50% \(39 to 61\) on 80 rows of april\.csv: a real drop, −50 points/,
  );
  const kept = await services.store.measurements.ofSet('s');
  expect(kept.map(({ leftOut }) => leftOut)).toEqual([0, 2]);
  expect(JSON.stringify(kept)).not.toContain('awful');
  expect((await services.store.sets.get('s'))?.testLooks).toBe(0);
  const [first] = kept;
  if (!first) throw new Error('a measurement');
  await measure.getState().remove(first);
  expect(repository.getState().detail?.measurements).toHaveLength(1);
});

test('what cannot be measured is said, and nothing is kept', async () => {
  const { services, measure } = await made();
  await measure.getState().openFile(
    labelled([
      ['a', 'blue'],
      ['b', 'green'],
    ]),
  );
  await measure.getState().onFile('s', 'h1');
  expect(measure.getState().error?.message).toContain('No row of this file has a text and a label');
  measure.getState().choose({ text: 'tone', label: 'tone' });
  await measure.getState().onFile('s', 'h1');
  expect(measure.getState().error?.message).toContain('Choose the file’s column');
  await measure.getState().onFile('s', 'gone');
  expect(measure.getState().error?.message).toContain('not in the library any more');
  await services.store.sets.update('s', (set) => ({ ...set, words: [...set.words].reverse() }));
  await measure.getState().onHeldBack('s', 'h1');
  expect(measure.getState().error?.message).toContain('other labels by now');
  expect(await services.store.measurements.ofSet('s')).toEqual([]);
});

/** A model that writes what is wanted after every second row, and nothing near it after the others. */
async function writing() {
  const services = testServices({
    write: ({ rows }) => ({
      rows: rows.map(({ rowId, target }, i) => ({
        rowId,
        ids: i % 2 === 0 && target ? target : Int32Array.of(1),
        target: target ? { rowId, logProb: -2, tokens: target.length, foreseen: 0 } : null,
      })),
    }),
  });
  const table = await services.data.call('parse', {
    fileName: 'summaries.csv',
    bytes: new Uint8Array(await writingFile(60).arrayBuffer()),
  });
  const mapping = { text: 'message', label: 'summary', id: null, task: 'write' as const };
  const { dataset } = await services.data.call('prepare', { table, mapping, seed: 1 });
  const empty = createPromptSet(
    { id: 's', now: '2026-01-01' },
    {
      name: 'Notes',
      words: [],
      baseTemplate: '{text}',
      datasetFingerprint: dataset.fingerprint,
      datasetName: 'summaries.csv',
      taken: [],
    },
  );
  const prompt = { template: '{text}\nSummary:', shots: 0, shotSeed: 0 };
  const { set } = addHardVersion({ ...empty, writing: { longest: 6 } }, { id: 'h1', now: '2026-01-02' }, { prompt });
  await services.store.sets.put(set);
  await services.store.datasets.put({ setId: 's', dataset });
  const project = createProjectStore(services);
  const repository = createRepositoryStore(services, project);
  await repository.getState().look('s');
  const measure = createMeasureStore(services, createSessionStore(services, CAPABILITIES), project, repository);
  return { services, dataset, measure };
}

test('texts that are written: scored on held-back rows and on a file, of which no text is kept', async () => {
  const { services, dataset, measure } = await writing();
  await measure.getState().onHeldBack('s', 'h1');
  expect(measure.getState().error).toBeNull();
  const file = new File(['body,sum\nsecret one,gone\nsecret two,came\nsecret three,\n'], 'april.csv');
  await measure.getState().openFile(file);
  measure.getState().choose({ text: 'body', label: 'sum' });
  await measure.getState().onFile('s', 'h1');
  expect(measure.getState().error).toBeNull();
  const [held, other] = await services.store.measurements.ofSet('s');
  expect(held).toMatchObject({ labels: [], gold: [], leftOut: 0, data: { kind: 'held-back' } });
  expect(held?.wrote?.rows).toHaveLength(dataset.split.test.length);
  expect(other).toMatchObject({ leftOut: 1, data: { kind: 'file', name: 'april.csv' } });
  expect(other?.wrote?.rows).toHaveLength(2);
  expect(JSON.stringify([held, other])).not.toMatch(/secret|gone|thing/);
  expect((await services.store.sets.get('s'))?.testLooks).toBe(1);
});
