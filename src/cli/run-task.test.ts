import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { preparedOf } from '../dataset/test-support';
import type { RowsRead } from '../inference/text-cache';
import { present } from '../lib/assert';
import { ControlSource, uninterrupted } from '../lib/control';
import { firstText } from '../prompt/prompt';
import { PRESETS, STANDARD, type TrainingSettings } from '../training/settings';
import { readAhead } from '../workflow/read-ahead';
import { runInputs } from '../workflow/run-rows';
import { type TrainRunEvent, type TrainRunRequest, train } from '../workflow/train';
import { cacheKeyOf } from '../workflow/training-rows';
import { openSet } from '../workflow/tune';
import { earlierLooks } from './exports';
import { createLog, openHost } from './node-host';

const LABELS = ['card payment fee charged', 'declined card payment', 'pending card payment', 'reverted card payment'];
const model = 'public/models/softprompt-studio/tiny-support';
const opened = openHost({ model, backend: 'node-wasm', threads: 1 }, createLog());
afterAll(async () => (await opened)[Symbol.asyncDispose]());

/** Only a letter is a single token. */
const encode = (text: string) =>
  Int32Array.from(/^ ?[A-Z]$/.test(text) ? [text.charCodeAt(text.length - 1)] : [1, ...text].map((_, i) => i));

it('names letters in the proposed instruction where letters answer', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => [`text ${i}`, LABELS[i % 4] ?? ''] as const);
  const { dataset } = await preparedOf(rows);
  const host = { tokens: { encode }, now: () => '2026-01-01', newId: () => 'id' };
  const { words, versions } = openSet(host as never, { dataset, prompt: null, words: null });
  expect(words.map(({ word }) => word.trim())).toEqual(['A', 'B', 'C', 'D']);
  for (const [i, label] of LABELS.entries())
    expect(firstText(present(versions[0], 'version').prompt).template).toMatch(
      new RegExp(`${'ABCD'[i]}\\W+.*${label}`),
    );
});

it('begins a run with steps, and scores the prompts to beat after the last one, as the page does', async () => {
  const host = await opened;
  const rows = Array.from(
    { length: 60 },
    (_, i) => [`message ${i} is ${i % 2 ? 'fine' : 'poor'}`, `${i % 2}`] as const,
  );
  const { dataset } = await preparedOf(rows);
  const { words, baseTemplate: template } = openSet(host, { dataset, prompt: null, words: null });
  const settings = { ...STANDARD, virtualTokens: 2, steps: 6, batchSize: 4, validateEvery: 4 };
  const prompt = (start: string) => ({ template: `${start}${template}`, shots: 0, shotSeed: 0 });
  const answers = { words, meanLogProbs: null, longest: null };
  const baselines = [
    { id: 'yours' as const, prompt: prompt('Say the tone.\n'), with: answers },
    { id: 'untuned' as const, prompt: prompt(''), with: answers },
  ];
  const request = { runId: 'r', dataset, template, words, settings, initText: 'Tone', initFrom: null, resume: null };
  const seen: string[] = [];
  const emit = (event: TrainRunEvent) => {
    if (event.kind === 'step' || event.kind === 'validation') seen.push(`${event.kind} ${event.point.step}`);
    if (event.kind === 'baseline' || event.kind === 'trouble') seen.push(event.kind);
  };
  const run = await train(host, { ...request, baselines }, { control: uninterrupted, emit });
  expect(run.validationRows).toBe(dataset.split.validation.length);
  expect(seen.slice(0, 5)).toEqual(['step 1', 'step 2', 'step 3', 'step 4', 'validation 0']);
  expect(seen.slice(-3)).toEqual(['validation 6', 'baseline', 'baseline']);
});

describe('a run on the engine', () => {
  /** What a run starts from, on rows that nothing has read: a data set of another name is another key of the cache. */
  async function request(settings: TrainingSettings, fingerprint: string) {
    const rows = Array.from(
      { length: 90 },
      (_, i) => [`message ${i} is ${i % 2 ? 'fine' : 'poor'}`, i % 2 ? 'good' : 'bad'] as const,
    );
    const { dataset } = await preparedOf(rows);
    const { words, baseTemplate: template } = openSet(await opened, { dataset, prompt: null, words: null });
    const asked = { runId: 'r', dataset: { ...dataset, fingerprint }, template, words, settings, initText: 'Tone' };
    return { ...asked, initFrom: null, resume: null, baselines: [] };
  }
  async function trained(asked: TrainRunRequest) {
    const events: TrainRunEvent[] = [];
    const run = { control: uninterrupted, emit: (event: TrainRunEvent) => events.push(event) };
    const { soft, checkpoint } = await train(await opened, asked, run);
    return { vectors: soft.vectors, checkpoint, events, read: events.filter(({ kind }) => kind === 'cache').length };
  }
  const short = { ...STANDARD, virtualTokens: 2, steps: 4, batchSize: 4, validateEvery: 4 };

  it('has the same bits whether its texts were read ahead or not, and reads none of them again', async () => {
    const later = await trained(await request(short, 'later'));
    const ahead = await request(short, 'ahead');
    const read: number[] = [];
    const emit = ({ rowsDone }: RowsRead) => void read.push(rowsDone);
    expect(await readAhead(await opened, ahead, { control: uninterrupted, emit })).toBe('read');
    const { vectors, read: again } = await trained(ahead);
    expect(later.read).toBeGreaterThan(0);
    expect(read.at(-1)).toBe(ahead.dataset.split.train.length + ahead.dataset.split.validation.length);
    expect(again).toBe(0);
    expect(vectors).toEqual(later.vectors);
  });

  it('reads the rows of the core first, and stops at its budget or when it is cancelled', async () => {
    const ahead = await request(short, 'part');
    const { train: rows, validation } = await runInputs(await opened, ahead, uninterrupted);
    const cacheKey = cacheKeyOf('part', ahead.template);
    const most = { train: rows, validation, cacheKey, core: 8 };
    const tokens = rows.slice(0, 9).reduce((sum, { ids }) => sum + ids.length, 0);
    let last = 0;
    const onRead = ({ rowsDone }: { readonly rowsDone: number }) => {
      last = rowsDone;
    };
    const { engine } = await opened;
    await engine.readAhead({ ...most, tokens }, uninterrupted, onRead);
    expect(last).toBeGreaterThanOrEqual(8);
    expect(last).toBeLessThan(rows.length);
    const control = new ControlSource();
    const stopped = engine.readAhead({ ...most, tokens: 1e6 }, control, () => control.ask('cancel'));
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    const unvalidated = { ...ahead.dataset, split: { ...ahead.dataset.split, validation: [] } };
    const settings = { ...short, core: { rows: 8, steps: 4 } };
    const core = await trained({ ...ahead, dataset: unvalidated, settings });
    expect(core.read).toBe(0);
  });

  it('trains keys and values by Auto, and the same bits from what was decided', async () => {
    const { events, vectors } = await trained(await request({ ...PRESETS.auto.settings, steps: 2 }, 'auto'));
    const { settings } = present(
      events.find((event) => event.kind === 'decided'),
      'decided',
    );
    expect(settings).toMatchObject({ auto: true, placement: 'kv', initialisation: { kind: 'text' } });
    expect(settings.answerVectors).toBe('trained');
    // asked again with what was decided, it has the same bits
    expect((await trained(await request(settings, 'again'))).vectors).toEqual(vectors);
  });
});

it('counts uses of the test rows from run to run into one folder, edits included, and none of other rows', async () => {
  const { dataset } = await preparedOf(
    Array.from({ length: 40 }, (_, i) => [`text ${i}`, LABELS[i % 4] ?? ''] as const),
  );
  const folder = await mkdtemp(join(tmpdir(), 'softprompt-looks-'));
  const file = join(folder, 'results.json');
  expect(await earlierLooks(file, dataset)).toBe(0);
  const [one = '', two = ''] = dataset.split.test;
  const keep = (ids: readonly string[], fingerprint = dataset.fingerprint, name = 'other.csv') =>
    writeFile(
      file,
      JSON.stringify({ looks: 2, dataset: { fingerprint, name }, arms: [{ rows: ids.map((id) => ({ id })) }] }),
    );
  await keep([one, two]);
  expect(await earlierLooks(file, dataset)).toBe(2);
  await keep([one, dataset.split.train[0] ?? '']);
  expect(await earlierLooks(file, dataset)).toBe(0);
  await keep([one, two], 'other rows');
  expect(await earlierLooks(file, dataset)).toBe(0);
  // a text or a label was edited, which may move a row
  const { test } = dataset.split;
  await keep([...test.slice(1), dataset.split.train[0] ?? ''], 'before', dataset.table.format.fileName);
  expect(await earlierLooks(file, dataset)).toBe(2);
});
