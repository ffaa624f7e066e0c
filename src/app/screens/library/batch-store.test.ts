import { expect, test, vi } from 'vitest';
import { dealt, preparedOf, unlikeTexts } from '../../../dataset/test-support';
import { StudioError } from '../../../lib/errors';
import { setThreshold } from '../../../prompt-set/calibration';
import { addWritten } from '../../../prompt-set/make-versions';
import type { Choice } from '../../../prompt-set/planned';
import { createPromptSet } from '../../../prompt-set/prompt-set';
import { moveStage } from '../../../prompt-set/stages';
import { changeVersion, promptOf } from '../../../prompt-set/versions';
import { testServices, testStudio } from '../../state/test-support';
import { toasts } from '../../ui/toast';
import { batch as batchOf } from './batch-store';
import { batchRows, columnsOf } from './rows-file';

const PRODUCTION: Choice = { kind: 'stage', stage: 'production' };
const version = (id: string): Choice => ({ kind: 'version', id });

const saved = vi.hoisted(() => ({ files: [] as { name: string; content: Blob }[] }));
vi.mock('../../ui/download', () => ({
  saveFile: (name: string, content: Blob) => saved.files.push({ name, content }),
}));

/** The file that was saved last. */
const lastSaved = async () => {
  const { name, content } = saved.files.at(-1) ?? { name: '', content: new Blob() };
  return { name, text: await content.text() };
};

const fileOf = (rows: number) =>
  new File(
    [['message,city', ...Array.from({ length: rows }, (_, i) => `${i === 2 ? '' : `text ${i}`},Ulm`)].join('\n')],
    'new.csv',
  );

/** Answers "good" to every even row. `asked` counts the calls; `fail` lets the next one go wrong. */
async function made() {
  const calls = { asked: 0, fail: null as StudioError | null };
  const services = testServices({
    score: ({ rows }) => {
      calls.asked++;
      const { fail } = calls;
      calls.fail = null;
      if (fail) throw fail;
      const answered = rows.map(({ rowId }) => ({
        rowId,
        logProbs: Number(rowId) % 2 === 0 ? [Math.log(0.8), Math.log(0.2)] : [Math.log(0.4), Math.log(0.6)],
        tokensSent: 1,
        tokensComputed: 1,
      }));
      return { rows: answered, rowsRun: rows.length, seconds: 0.01 };
    },
    write: async ({ rows }) => {
      await new Promise((resolve) => setTimeout(resolve)); // longer than memory takes to keep the answers before
      return rows.map(({ rowId }) => ({ rowId, ids: Int32Array.of(Number(rowId)), target: null }));
    },
  });
  let set = createPromptSet(
    { id: 's', now: '2026-01-01' },
    {
      name: 'Tone',
      words: [
        { label: 'good', word: ' good' },
        { label: 'bad', word: ' bad' },
      ],
      baseTemplate: '{text}',
      datasetFingerprint: null,
      datasetName: null,
      taken: [],
    },
  );
  set = addWritten(
    set,
    { id: 'h1', now: '2026-01-02' },
    { text: { template: '{text}\nTone:', shots: 0, shotSeed: 0 } },
  ).set;
  set = moveStage(set, { stage: 'production', to: 'h1' }, '2026-01-03');
  await services.store.sets.put(set);
  const studio = testStudio(services);
  const { session } = studio.stores;
  const batch = batchOf.of(studio);
  const rows = batchRows.of(studio);
  const file = () => rows.source.getState().value;
  /** What the tab shows of the run. */
  const run = () => {
    const { run, running } = batch.running.getState();
    if (!run) return null;
    const { done, total } = run.progress;
    return { who: run.who, status: running ? 'running' : done === total ? 'done' : 'stopped', ...run.progress };
  };
  const error = () => batch.choice.getState().refused ?? rows.source.getState().error ?? batch.running.getState().error;
  /** Chooses a version and a file. */
  const ready = async (which: Choice, of: File) => {
    batch.chooseSet('s', which);
    batch.openFile(of);
    await vi.waitFor(() => expect(rows.source.getState().status).toBe('ready'));
  };
  return { services, session, batch, rows, file, run, error, ready, calls, set };
}

test('answers a file, keeps its columns, lists the rows left out, and changes no prompt set', async () => {
  const { batch, services, session, rows, file, run, ready } = await made();
  const before = JSON.stringify([await services.store.sets.list(), await services.store.listings.list()]);
  await ready(PRODUCTION, fileOf(5));
  expect(file()).toMatchObject({ rows: 5, columns: ['message', 'city'] });
  expect(columnsOf(file(), rows.columns.getState()).text).toBe('message');
  await batch.start();
  expect(run()).toMatchObject({
    status: 'done',
    who: 'TONE, production (hand-written 1)',
    done: 5,
    counts: [2, 2],
    account: { read: 5, used: 4, leftOut: { text: 1 } },
  });
  expect(session.getState().job).toBeNull();
  await batch.download();
  expect(await lastSaved()).toEqual({
    name: 'new-answered.csv',
    text: 'message,city,prediction,confidence,not_answered\r\ntext 0,Ulm,good,0.8,\r\ntext 1,Ulm,bad,0.6,\r\n,Ulm,,,it has no text\r\ntext 3,Ulm,bad,0.6,\r\ntext 4,Ulm,good,0.8,\r\n',
  });
  expect(JSON.stringify([await services.store.sets.list(), await services.store.listings.list()])).toBe(before);
});

test('marks what a person should review by the version’s threshold, and saves these rows alone', async () => {
  const { batch, services, set, run, ready } = await made();
  const threshold = { value: 0.7, rows: 40, answered: 30, correct: 29 };
  await services.store.sets.put(setThreshold(set, 'h1', threshold, '2026-01-04'));
  await ready(version('h1'), fileOf(4));
  await batch.start();
  expect(run()).toMatchObject({ unsure: 2, account: { leftOut: { text: 1 } } });
  await batch.download();
  expect((await lastSaved()).text.split('\r\n').slice(0, 3)).toEqual([
    'message,city,prediction,confidence,needs_review,not_answered',
    'text 0,Ulm,good,0.8,false,',
    'text 1,Ulm,bad,0.6,true,',
  ]);
  await batch.downloadReview();
  expect(await lastSaved()).toEqual({
    name: 'new-to-review.csv',
    text: 'message,city,prediction,confidence,needs_review,not_answered\r\ntext 1,Ulm,bad,0.6,true,\r\n,Ulm,,,true,it has no text\r\ntext 3,Ulm,bad,0.6,true,\r\n',
  });
});

test('keeps the answers that were given before a stop or a failure, and continues from there', async () => {
  const { batch, calls, run, error, ready } = await made();
  await ready(version('h1'), fileOf(60));
  const seen: number[] = [];
  const stop = batch.running.subscribe(({ run }) => {
    const done = run?.progress.done ?? 0;
    if (done > 0 && seen.push(done) === 1) batch.running.stop();
  });
  await batch.start();
  stop();
  const first = run();
  expect(first).toMatchObject({ status: 'stopped', total: 60 });
  expect(first?.done).toBeGreaterThan(0);
  expect(first?.done).toBeLessThan(60);
  expect(error()).toBeNull();
  await batch.download();
  expect((await lastSaved()).text.split('\r\n')).toHaveLength((first?.done ?? 0) + 2);
  calls.fail = new StudioError('bad-input', 'No.');
  await batch.start();
  expect(run()).toMatchObject({ status: 'stopped', done: first?.done });
  expect(error()).toMatchObject({ message: 'No.' });
  await batch.start();
  expect(run()).toMatchObject({ status: 'done', done: 60, counts: [29, 30] });
  expect(error()).toBeNull();
});

test('answers a file with generated texts; a stop keeps those that are there, and it continues', async () => {
  const { batch, services, set, run, error, ready } = await made();
  const texts = { ...set, words: [], kind: 'generate' as const, longest: 4 };
  const prompt = promptOf(texts, { template: '{text}\nTone:', shots: 0, shotSeed: 0 });
  await services.store.sets.put(changeVersion(texts, 'h1', { prompt }, 'now'));
  await ready(PRODUCTION, fileOf(40));
  const unsubscribe = batch.running.subscribe(({ run }) => {
    if (run && run.progress.done > 0) batch.running.stop();
  });
  await batch.start();
  unsubscribe();
  expect(error()).toBeNull();
  expect(run()).toMatchObject({ status: 'stopped', done: 8, counts: [] });
  expect(run()?.first.slice(1, 3)).toEqual([
    { kind: 'text', text: '1' },
    { kind: 'left-out', reason: 'it has no text' },
  ]);
  await batch.download();
  const [head, , second, third, ...others] = (await lastSaved()).text.split('\r\n');
  expect(head).toBe('message,city,written,not_answered');
  expect(second).toBe('text 1,Ulm,1,');
  expect(third).toBe(',Ulm,,it has no text');
  expect(others).toHaveLength(6);
  await batch.start();
  expect(error()).toBeNull();
  expect(run()).toMatchObject({ status: 'done', done: 40 });
  await batch.downloadLeftOut();
  expect((await lastSaved()).text).toBe('row,reason\r\n3,it has no text\r\n');
});

test('refuses a file over the limit before it is read, and stops reading when asked', async () => {
  const { batch, rows, file, error } = await made();
  batch.openFile(Object.defineProperty(fileOf(3), 'size', { value: 60_000_000 }));
  await vi.waitFor(() => expect(error()?.message).toMatch(/^new\.csv has 60 MB; the limit is 50 MB\. Split it/));
  expect(file()).toBeNull();
  expect(rows.reading.getState()).toBeNull();
  const reading = rows.open(fileOf(3));
  expect(rows.reading.getState()).toMatchObject({ name: 'new.csv' });
  rows.close();
  await reading;
  expect(file()).toBeNull();
  expect(rows.reading.getState()).toBeNull();
  expect(error()).toBeNull();
});

test('refuses a stage that was removed, rather than answer with another version', async () => {
  const { batch, services, calls, run, error, ready } = await made();
  await ready(PRODUCTION, fileOf(3));
  await services.store.sets.update('s', (s) => moveStage(s, { stage: 'production', to: null }, '2026-01-04'));
  await batch.start();
  expect(error()?.message).toContain('TONE has no stage “production”');
  expect(run()).toBeNull();
  expect(calls.asked).toBe(0);
});

test('asks about the rows that it was least sure of, and adds them with their labels to training', async () => {
  const { batch, services, ready, error } = await made();
  await ready(
    version('h1'),
    new File([['message,city', ...unlikeTexts(30, 8).map((text) => `${text},Ulm`)].join('\n')], 'new.csv'),
  );
  await batch.start();
  const now = () => batch.queue.getState();
  await batch.label();
  expect(error()?.message).toContain('rows of this prompt set are not in this browser');
  expect(now().rows).toEqual([]);

  const known = unlikeTexts(30, 8)[1] ?? '';
  const rows = [...unlikeTexts(59, 9), known].map((text, i) => [text, i % 2 ? 'good' : 'bad'] as const);
  const { dataset } = await preparedOf(rows);
  await services.store.datasets.put({ setId: 's', dataset });
  await batch.label();
  // odd rows are 60 to 40, even ones 80 to 20; a text that is here already is not asked about
  expect(now().rows.map(({ index }) => index)).toEqual([
    3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 0, 2, 4, 6, 8, 10,
  ]);
  expect(now().rows[0]).toMatchObject({ answer: 'bad', confidence: expect.closeTo(0.6) });
  for (const label of ['bad', 'good', 'bad', null]) batch.queue.give(label);
  batch.queue.back();
  expect(now().given).toEqual(['bad', 'good', 'bad']);
  await batch.add();
  expect(now().rows).toEqual([]);
  const after = (await services.store.datasets.get('s'))?.dataset;
  const what = '3 rows from new.csv (answered by TONE, hand-written 1) added to training';
  expect([after?.versions?.at(-1)?.what, batch.labelling.getState().added]).toEqual([what, what]);
  expect(after?.split.test).toEqual(dataset.split.test);
  const added = after?.split.train.slice(dataset.split.train.length) ?? [];
  const labels = new Map(after?.table.rows.map(({ id, cells }) => [id, [cells.text, cells.label]]));
  const texts = unlikeTexts(30, 8);
  expect(added.map((id) => labels.get(id)).sort()).toEqual(
    [
      [texts[3], 'bad'],
      [texts[5], 'good'],
      [texts[7], 'bad'],
    ].sort(),
  );
  toasts.visibleToasts.find(({ content }) => content.title === what)?.content.action?.run();
  await vi.waitFor(async () =>
    expect((await services.store.datasets.get('s'))?.dataset.fingerprint).toBe(dataset.fingerprint),
  );
});

test('asks only about answers below the threshold of a version that has one', async () => {
  const { batch, services, set, ready } = await made();
  const threshold = { value: 0.7, rows: 40, answered: 30, correct: 29 };
  await services.store.sets.put(setThreshold(set, 'h1', threshold, '2026-01-04'));
  await services.store.datasets.put({ setId: 's', dataset: (await preparedOf(dealt(60, ['good', 'bad']))).dataset });
  await ready(version('h1'), fileOf(10));
  await batch.start();
  await batch.label();
  expect(batch.queue.getState().rows.map(({ index }) => index)).toEqual([1, 3, 5, 7, 9]);
});

test('shows no answers to another version or file, and changes neither while it runs', async () => {
  const { batch, file, run, error, ready } = await made();
  await ready(version('h1'), fileOf(60));
  const stop = batch.running.subscribe(({ run, running }) => {
    if (!running || !run?.progress.done) return;
    batch.chooseWhich(PRODUCTION);
    expect(error()?.message).toContain('Stop it first');
    batch.openFile(fileOf(9));
    batch.running.stop();
  });
  await batch.start();
  stop();
  expect(batch.choice.getState().which).toEqual(version('h1'));
  expect(file()).toMatchObject({ rows: 60 });
  expect(run()).toMatchObject({ status: 'stopped' });
  batch.chooseWhich(PRODUCTION);
  expect(run()).toBeNull();
  expect(error()).toBeNull();
  await batch.start();
  expect(run()).toMatchObject({ status: 'done', done: 60 });
  batch.openFile(new File(['\u0000\u0001\u0002'], 'photo.png'));
  await vi.waitFor(() => expect(error()?.message).toContain('photo.png'));
  expect(file()).toBeNull();
  expect(run()).toBeNull();
});
