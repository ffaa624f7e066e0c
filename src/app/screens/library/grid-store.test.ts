import { describe, expect, test, vi } from 'vitest';
import { rowsById } from '../../../dataset/labels';
import { dealt, preparedOf } from '../../../dataset/test-support';
import { present } from '../../../lib/assert';
import { addWritten, finishRun, startRun } from '../../../prompt-set/make-versions';
import { driftWords, firstOf, knownWords, resultsOf } from '../../../prompt-set/performance';
import { changeTask, createPromptSet } from '../../../prompt-set/prompt-set';
import { pairsOnShow } from '../../../report/grid';
import { STANDARD } from '../../../training/settings';
import { createModelsStore } from '../../state/models-store';
import { MODEL, OTHER, servicesOfTwoModels, testServices, testStudio, writingFile } from '../../state/test-support';
import { filling, gridState, measureFile, pairKey, validCells } from './grid-store';
import { detailActions, setDetail } from './library-store';

/** The Library with one set shown. */
async function looking(services: ReturnType<typeof testServices>) {
  const bare = testStudio(services);
  const models = createModelsStore(services, bare.stores.session);
  const studio = { services, stores: { ...bare.stores, models } };
  await bare.stores.session.getState().modelReady();
  await vi.waitFor(() => expect(models.getState().known.some(({ info }) => info)).toBe(true));
  const detail = setDetail.of(studio);
  await detail.load('s');
  const state = gridState.of(studio);
  const sentences = () => {
    const { value } = detail.getState();
    const results = value ? resultsOf(value) : [];
    return results.map((result) => driftWords(firstOf(results, result), result));
  };
  /** The chosen versions on test rows, or on the rows of a file. */
  const measure = async (versionIds: readonly string[], file?: File) => {
    if (file) return measureFile(studio, 's', versionIds, file);
    await state.startWith('s', versionIds);
    await filling.of(studio).start();
    expect(filling.of(studio).getState().error).toBeNull();
    return null;
  };
  return { state, measure, sentences, detail, ...detailActions.of(studio) };
}

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
  const { set } = addWritten(empty, { id: 'h1', now: '2026-01-02' }, { text: prompt });
  await services.store.sets.put(set);
  await services.store.datasets.put({ setId: 's', dataset });
  return { services, dataset, ...(await looking(services)) };
}

const labelled = (cells: readonly (readonly [string, string])[]) =>
  new File([['body,tone', ...cells.map((row) => row.join(','))].join('\n')], 'april.csv');

test('measures on test rows, counts their use, and asks nothing again', async () => {
  const { services, dataset, measure, sentences } = await made();
  await measure(['h1']);
  const n = dataset.split.test.length;
  expect(sentences()).toEqual([expect.stringMatching(new RegExp(`^52% .+ on ${n} .*rows of `))]);
  expect((await services.store.sets.get('s'))?.testLooks).toBe(1);
  await measure(['h1']);
  expect(sentences()).toHaveLength(1);
  expect((await services.store.sets.get('s'))?.testLooks).toBe(1);
});

test('leaves out rows of a file without a known label, keeps no text, and reports a real drop', async () => {
  const { services, measure, detail, sentences, removeMeasurement } = await made();
  const bad = Array.from({ length: 80 }, (_, i) => [`awful ${i}`, 'bad'] as const);
  await measure(['h1'], labelled([...bad, ['awful', 'good']]));
  const half = bad.map(([text], i) => [text, i % 2 ? 'BAD' : 'good'] as const);
  await measure(['h1'], labelled([...half, ['x', 'ugly'], ['', 'good']]));
  expect(sentences()[1]).toMatch(
    /^Was 99% on 81 rows of april\.csv; now 50% \(39 to 61\) on 80 rows of april\.csv: a real drop, −49 points/,
  );
  const kept = await services.store.measurements.ofSet('s');
  expect(kept.map(({ account }) => account.leftOut)).toEqual([{}, { text: 1, unknown: 1 }]);
  expect(JSON.stringify(kept)).not.toContain('awful');
  expect((await services.store.sets.get('s'))?.testLooks).toBe(0);
  await removeMeasurement(present(kept[0], 'answers'));
  expect(detail.getState().value?.measurements).toHaveLength(1);
});

test('refuses files by name, one after another, and leaves the plan of the grid as it was', async () => {
  const { state, measure } = await made();
  await state.startWith('s', ['h1']);
  const before = await state.current();
  const refused = {
    'empty.csv': ['', 'is empty'],
    'photo.png': ['\u0000\u0001\u0002', 'is a binary file'],
    'unlabelled.csv': ['message,label\none,\ntwo,', 'No row of this file has a text and an expected answer'],
  };
  for (const [name, [content = '', why = '']] of Object.entries(refused)) {
    const file = new File([content], name);
    await expect(measure(['h1'], file)).rejects.toThrow(why);
    expect(state.file.getState()).toMatchObject({ value: null, error: null });
    expect(await state.current()).toEqual(before);
    await state.file.load(file);
    const { value, error } = state.file.getState();
    if (value) await expect(state.addFile(value, 'message', 'label', 'classify')).rejects.toThrow(why);
    else expect(error?.message).toContain(name);
    state.file.clear();
  }
  const many = Array.from({ length: 90 }, (_, i) => [`fine ${i}`, i % 2 ? 'good' : 'bad'] as const);
  expect(await measure(['h1'], labelled(many))).not.toBeNull();
  expect(await state.current()).toEqual(before);
});

/** The set with a tuned prompt, trained on its rows. */
async function withRun(
  { services, dataset }: Awaited<ReturnType<typeof made>>,
  of: { readonly heldBackHash?: string },
) {
  const { fingerprint, heldBackHash, splitHash } = { ...dataset, ...of };
  const from = {
    settings: STANDARD,
    template: '{text}\nTone:',
    initText: '',
    model: { id: 'm', sha256: 'a'.repeat(64), dtype: 'fp32' },
    datasetFingerprint: fingerprint,
    heldBackHash,
    splitHash,
  };
  const soft = { placement: 'suffix' as const, vectors: new Float32Array(2), virtualTokens: 1, hidden: 2 };
  const done = { status: 'finished' as const, soft, bestStep: 1, validationAccuracy: null, seconds: 1 };
  await services.store.sets.update('s', (set) =>
    finishRun(startRun(set, { id: 'r1', now: '2026-01-03' }, from).set, 'r1', done, '2026-01-04'),
  );
}

test('says how many rows of a file a tuned prompt was trained on, and how many almost repeat one', async () => {
  const on = await made();
  const { services, dataset, measure } = on;
  await withRun(on, {});
  const byId = rowsById(dataset.table.rows);
  const [first, second, third] = dataset.split.train.map((id) => byId.get(id)?.cells ?? {});
  const cells = [
    [`${first?.text}`.toUpperCase(), `${first?.label}`],
    [` ${second?.text}`, second?.label === 'good' ? 'bad' : 'good'],
    [`${third?.text} of ours`, `${third?.label}`],
    ['nothing like it at all', 'good'],
  ] as const;
  await measure(['r1', 'h1'], labelled(cells));
  const [tuned, hand] = (await services.store.measurements.ofSet('s')).map(({ answers }) => answers?.known ?? null);
  expect(tuned).toEqual({ same: 2, almost: 1, isSure: true });
  expect(knownWords({ known: tuned ?? null })).toBe(
    '2 of these rows are among its training rows, and 1 more almost repeats one: expect a lower figure on new rows.',
  );
  expect(knownWords({ known: hand ?? null })).toBeNull();
});

test('says of a prompt that was trained on another split that it may know the test rows', async () => {
  const on = await made();
  await withRun(on, { heldBackHash: 'other' });
  await on.measure(['r1']);
  const [kept] = await on.services.store.measurements.ofSet('s');
  const known = kept?.answers?.known ?? null;
  expect(known).toEqual({ same: on.dataset.split.test.length, almost: 0, isSure: false });
  expect(knownWords({ known })).toMatch(/^Up to \d+ of these rows may be among its training rows, as/);
});

test('says why something cannot be measured, and stores nothing', async () => {
  const { services, measure } = await made();
  const unknown = labelled([
    ['a', 'blue'],
    ['b', 'green'],
  ]);
  await expect(measure(['h1'], unknown)).rejects.toThrow(
    'april.csv cannot be answered. It does not know the label blue, green.',
  );
  await services.store.sets.update('s', (set) => changeTask(set, { words: set.words.slice(1) }, 'now'));
  await measure(['h1']);
  expect(await services.store.measurements.ofSet('s')).toEqual([]);
});

/** A model that generates the expected text for every second row, and an unrelated one for the others. */
async function writing() {
  const services = testServices({
    write: ({ rows }) =>
      rows.map(({ rowId, target }, i) => ({
        rowId,
        ids: i % 2 === 0 && target ? target : Int32Array.of(1),
        target: target ? { rowId, logProb: -2, tokens: target.length, correct: 0 } : null,
      })),
  });
  const table = await services.workflow.call('parse', {
    fileName: 'summaries.csv',
    bytes: new Uint8Array(await writingFile(60).arrayBuffer()),
  });
  const mapping = { text: 'message', label: 'summary', id: null, task: 'generate' as const };
  const { dataset } = await services.workflow.call('prepare', { table, mapping, seed: 1 });
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
  const { set } = addWritten(
    { ...empty, kind: 'generate', longest: 6 },
    { id: 'h1', now: '2026-01-02' },
    { text: prompt },
  );
  await services.store.sets.put(set);
  await services.store.datasets.put({ setId: 's', dataset });
  return { services, dataset, ...(await looking(services)) };
}

test('scores generated texts on test rows and on a file, and keeps no text', async () => {
  const { services, dataset, measure } = await writing();
  await measure(['h1']);
  await measure(['h1'], new File(['text,label\nsecret one,gone\nsecret two,came\nsecret three,\n'], 'april.csv'));
  const [held, other] = await services.store.measurements.ofSet('s');
  expect(held).toMatchObject({ answers: { kind: 'generate' }, account: { leftOut: {} }, data: { kind: 'test' } });
  expect(held?.answers.rowIds).toHaveLength(dataset.split.test.length);
  expect(other).toMatchObject({
    account: { read: 3, used: 2, leftOut: { target: 1 } },
    data: { kind: 'file', name: 'april.csv' },
  });
  expect(other?.answers.rowIds).toHaveLength(2);
  expect(JSON.stringify([held, other])).not.toMatch(/secret|gone|thing/);
  expect((await services.store.sets.get('s'))?.testLooks).toBe(1);
});

describe('a grid in the page', () => {
  /** Two prompt sets with the same labels, and two models that were loaded before. */
  async function matrices() {
    const { services, asked } = await servicesOfTwoModels();
    const { sets, datasets } = services.store;
    for (const [id, word] of [
      ['s', 'number'],
      ['t', 'letter'],
    ] as const) {
      const rows = dealt(60, ['good', 'bad']).map(([text, label]) => [text.replace('number', word), label] as const);
      const { dataset } = await preparedOf(rows);
      const words = dataset.labels.map((label) => ({ label, word: ` ${label}` }));
      const from = { name: id, words, baseTemplate: '{text}', datasetName: `${id}.csv`, taken: [] };
      const empty = createPromptSet({ id, now: '2026-01-01' }, { ...from, datasetFingerprint: dataset.fingerprint });
      const prompt = { template: '{text}\nTone:', shots: 0, shotSeed: 0 };
      await sets.put(addWritten(empty, { id: `h-${id}`, now: '2026-01-02' }, { text: prompt }).set);
      await datasets.put({ setId: id, dataset });
    }
    return { services, asked };
  }

  /** The page opened again over the same disk. */
  async function visit(services: Awaited<ReturnType<typeof matrices>>['services']) {
    const bare = testStudio(services);
    const models = createModelsStore(services, bare.stores.session);
    const studio = { services, stores: { ...bare.stores, models } };
    await bare.stores.session.getState().modelReady();
    await vi.waitFor(() =>
      expect(models.getState().known.some(({ info }) => info?.sha256 === MODEL.sha256)).toBe(true),
    );
    const state = gridState.of(studio);
    const open = async (key: string) => {
      await state.view.load(key);
      const view = present(state.view.getState().value, 'view');
      return { view, filled: validCells(view, state.cells.getState().cells) };
    };
    return { state, work: filling.of(studio), open, session: bare.stores.session };
  }

  const plan = {
    rows: [
      { setId: 's', versionId: 'h-s' },
      { setId: 't', versionId: 'h-t' },
    ],
    models: [MODEL.sha256, OTHER.sha256],
    data: ['s', 't'],
    files: [],
  };

  test('is filled model by model, keeps its cells over a reload, and fills only what is missing', async () => {
    const { services, asked } = await matrices();
    const first = await visit(services);
    await first.state.change(() => ({ ...plan, models: [MODEL.sha256] }));
    await first.work.start();
    expect(first.work.getState().error).toBeNull();
    expect(asked).toEqual(Array(4).fill(MODEL.id));

    const later = await visit(services);
    expect((await later.open('1')).filled).toHaveLength(4);
    await later.state.change(() => plan);
    await later.work.start();
    expect(asked).toEqual([...Array(4).fill(MODEL.id), ...Array(4).fill('other')]);
    const { view, filled } = await later.open('2');
    expect([view.planned.length, filled.length]).toEqual([8, 8]);
    // the model from before is loaded again, and stays the one that is chosen
    expect(later.session.getState().model).toMatchObject({ kind: 'ready', info: { id: MODEL.id } });
    expect(await services.store.settings.get('model-source')).toBeNull();
    expect((await services.store.sets.get('s'))?.testLooks).toBe(2);
  });

  test('keeps every finished cell when it is stopped, and counts the use of the test rows', async () => {
    const { services, asked } = await matrices();
    const { state, work, open } = await visit(services);
    await state.change(() => plan);
    const stopping = state.cells.subscribe(({ cells }) => cells.size === 2 && work.stop());
    await work.start();
    stopping();
    expect(work.getState().error).toBeNull();
    const { filled } = await open('1');
    expect(filled.length).toBeGreaterThanOrEqual(2);
    expect(filled.length).toBeLessThan(8);
    const before = asked.length;
    await work.start();
    expect(asked.length - before).toBe(8 - filled.length);
    expect((await open('2')).filled).toHaveLength(8);
  });

  test('tests two cells, with p and interval corrected for all pairs on show, and deletes answers', async () => {
    const { services } = await matrices();
    const { state, work, open } = await visit(services);
    await state.change(() => plan);
    await work.start();
    const { filled } = await open('1');
    const on = filled.filter(({ data }) => data === 's');
    const [a, b] = [present(on[0], 'a'), present(on[2], 'b')];
    await state.difference.load(pairKey([a, b], filled));
    expect(pairsOnShow(filled)).toBe(12);
    expect(state.difference.getState().value).toMatchObject({ comparisons: 12, kind: 'classify' });
    await state.clear();
    expect((await open('2')).filled).toEqual([]);
    expect((await (await visit(services)).open('1')).filled).toEqual([]);
  });

  test('forgets the cells of a set that is deleted, and leaves out what is gone', async () => {
    const { services } = await matrices();
    const { state, work } = await visit(services);
    await state.change(() => plan);
    await work.start();
    await services.store.sets.remove('t');
    const { view, filled } = await (await visit(services)).open('1');
    expect(view.prompts.map(({ name }) => name)).toEqual(['S, hand-written 1']);
    expect(filled).toHaveLength(2);
    expect(await services.store.settings.get(`grid:s/h-s:${MODEL.sha256}:t`)).toBeNull();
  });
});
