import { expect, test, vi } from 'vitest';
import { StudioError } from '../../../lib/errors';
import { addHardVersion, createPromptSet } from '../../../project/prompt-set';
import { moveStage } from '../../../project/stages';
import { createProjectStore } from '../../state/project-store';
import { createSessionStore } from '../../state/session-store';
import { CAPABILITIES, testServices } from '../../state/test-support';
import { toasts } from '../../ui/toast';
import { createBatchStore } from './batch-store';

const saved = vi.hoisted(() => ({ files: [] as { name: string; content: Blob }[] }));
vi.mock('../../download', () => ({
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
    write: ({ rows }) => ({
      rows: rows.map(({ rowId }) => ({ rowId, ids: Int32Array.of(Number(rowId)), target: null })),
    }),
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
  set = addHardVersion(
    set,
    { id: 'h1', now: '2026-01-02' },
    { prompt: { template: '{text}\nTone:', shots: 0, shotSeed: 0 } },
  ).set;
  set = moveStage(set, { stage: 'production', to: 'h1' }, '2026-01-03');
  await services.store.sets.put(set);
  const session = createSessionStore(services, CAPABILITIES);
  const project = createProjectStore(services);
  const batch = createBatchStore(services, session, project);
  return { services, session, batch, calls, set };
}

test('answers a file, keeps its columns, names the rows that were left out, and stores nothing', async () => {
  const { batch, services, session } = await made();
  const before = JSON.stringify([await services.store.sets.list(), await services.store.listings.list()]);
  await batch.getState().chooseSet('s', 'stage:production');
  await batch.getState().openFile(fileOf(5));
  expect(batch.getState()).toMatchObject({ text: 'message', file: { rows: 5, columns: ['message', 'city'] } });
  await batch.getState().start();
  expect(batch.getState().run).toMatchObject({
    status: 'done',
    who: 'TONE, production (hand-written 1)',
    done: 5,
    counts: [2, 2],
    leftOut: [['it has no text', 1]],
  });
  expect(session.getState().job).toBeNull();
  await batch.getState().download();
  expect(await lastSaved()).toEqual({
    name: 'new-answered.csv',
    text: 'message,city,prediction,confidence,not_answered\r\ntext 0,Ulm,good,0.8,\r\ntext 1,Ulm,bad,0.6,\r\n,Ulm,,,it has no text\r\ntext 3,Ulm,bad,0.6,\r\ntext 4,Ulm,good,0.8,\r\n',
  });
  expect(JSON.stringify([await services.store.sets.list(), await services.store.listings.list()])).toBe(before);
});

test('what was answered before a stop or a failure is kept, and it goes on from there', async () => {
  const { batch, calls } = await made();
  await batch.getState().chooseSet('s', 'h1');
  await batch.getState().openFile(fileOf(60));
  const seen: number[] = [];
  const stop = batch.subscribe(({ run }) => {
    if (run && run.done > 0 && seen.push(run.done) === 1) batch.getState().stop();
  });
  await batch.getState().start();
  stop();
  const first = batch.getState().run;
  expect(first).toMatchObject({ status: 'stopped', total: 60 });
  expect(first?.done).toBeGreaterThan(0);
  expect(first?.done).toBeLessThan(60);
  expect(batch.getState().error).toBeNull();
  await batch.getState().download();
  expect((await lastSaved()).text.split('\r\n')).toHaveLength((first?.done ?? 0) + 2);
  calls.fail = new StudioError('bad-input', 'No.');
  await batch.getState().start();
  expect(batch.getState()).toMatchObject({ run: { status: 'stopped', done: first?.done }, error: { message: 'No.' } });
  await batch.getState().start();
  expect(batch.getState()).toMatchObject({ run: { status: 'done', done: 60, counts: [29, 30] }, error: null });
});

test('a prompt that writes answers a file with texts; a stop keeps those that are there, and it goes on', async () => {
  const { batch, services, set } = await made();
  await services.store.sets.put({ ...set, words: [], writing: { longest: 4 } });
  await batch.getState().chooseSet('s', 'stage:production');
  await batch.getState().openFile(fileOf(20));
  const unsubscribe = batch.subscribe(({ run }) => {
    if (run && run.done > 0) batch.getState().stop();
  });
  await batch.getState().start();
  unsubscribe();
  expect(batch.getState()).toMatchObject({ error: null, run: { status: 'stopped', done: 8, counts: [] } });
  expect(batch.getState().run?.first.slice(1, 3)).toEqual([
    { kind: 'text', text: '1' },
    { kind: 'left-out', reason: 'it has no text' },
  ]);
  await batch.getState().download();
  const [head, , second, third, ...others] = (await lastSaved()).text.split('\r\n');
  expect(head).toBe('message,city,written,not_answered');
  expect(second).toBe('text 1,Ulm,1,');
  expect(third).toBe(',Ulm,,it has no text');
  expect(others).toHaveLength(6);
  await batch.getState().start();
  expect(batch.getState()).toMatchObject({ error: null, run: { status: 'done', done: 20 } });
  await batch.getState().downloadLeftOut();
  expect((await lastSaved()).text).toBe('row,reason\r\n3,it has no text\r\n');
});

test('a file over the limit is refused before it is read, and reading can be given up', async () => {
  const { batch } = await made();
  await batch.getState().openFile(Object.defineProperty(fileOf(3), 'size', { value: 60_000_000 }));
  expect(batch.getState()).toMatchObject({ file: null, reading: null });
  expect(batch.getState().error?.message).toMatch(/^new\.csv has .+; files up to .+ are read\. Split it/);
  const reading = batch.getState().openFile(fileOf(3));
  expect(batch.getState().reading).toMatchObject({ name: 'new.csv' });
  batch.getState().stopReading();
  await reading;
  expect(batch.getState()).toMatchObject({ file: null, reading: null, error: null });
});

test('a stage that is gone is an error, not another version', async () => {
  const { batch, services, calls } = await made();
  await batch.getState().chooseSet('s', 'stage:production');
  await batch.getState().openFile(fileOf(3));
  await services.store.sets.update('s', (s) => moveStage(s, { stage: 'production', to: null }, '2026-01-04'));
  await batch.getState().start();
  expect(batch.getState().error?.message).toContain('TONE has no stage “production”');
  expect(batch.getState().run).toBeNull();
  expect(calls.asked).toBe(0);
});

test('answers hold their file and their prompt until they are discarded, which can be undone', async () => {
  const { batch } = await made();
  await batch.getState().chooseSet('s', 'h1');
  await batch.getState().openFile(fileOf(3));
  await batch.getState().start();
  const { run } = batch.getState();
  batch.getState().chooseWhich('stage:production');
  await batch.getState().openFile(fileOf(9));
  expect(batch.getState()).toMatchObject({ which: 'h1', file: { rows: 3 }, run });
  expect(batch.getState().error?.message).toContain('new.csv was not opened');
  batch.getState().discard();
  expect(batch.getState().run).toBeNull();
  toasts.visibleToasts.at(-1)?.content.action?.run();
  expect(batch.getState().run).toBe(run);
  batch.getState().discard();
  await batch.getState().openFile(new File(['\u0000\u0001\u0002'], 'photo.png'));
  expect(batch.getState()).toMatchObject({ file: null, run: null });
  expect(batch.getState().error?.message).toContain('photo.png');
  toasts.visibleToasts.at(-1)?.content.action?.run();
  expect(batch.getState().run).toBeNull();
});
