import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { preparedOf } from '../dataset/test-support';
import { uninterrupted } from '../lib/control';
import { STANDARD } from '../training/settings';
import { type TrainRunEvent, train } from '../workflow/train';
import { createLog, openHost } from './node-host';
import { earlierLooks, openSet } from './run-task';

const LABELS = ['card payment fee charged', 'declined card payment', 'pending card payment', 'reverted card payment'];
/** Only a letter is a single token. */
const encode = (text: string) =>
  Int32Array.from(/^ ?[A-Z]$/.test(text) ? [text.charCodeAt(text.length - 1)] : [1, ...text].map((_, i) => i));

it('names letters in the proposed instruction where letters answer', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => [`text ${i}`, LABELS[i % 4] ?? ''] as const);
  const { dataset } = await preparedOf(rows);
  const host = { tokens: { encode }, now: () => '2026-01-01', newId: () => 'id' };
  const { words, hard } = openSet(host as never, { dataset, prompt: null, words: null });
  expect(words.map(({ word }) => word.trim())).toEqual(['A', 'B', 'C', 'D']);
  for (const [i, label] of LABELS.entries())
    expect(hard[0]?.prompt.template).toMatch(new RegExp(`${'ABCD'[i]}\\W+.*${label}`));
});

it('scores the prompts to beat beside a run, after its first validation, as the page does', async () => {
  const model = 'public/models/softprompt-studio/tiny-support';
  const host = await openHost({ model, backend: 'node-wasm', threads: 1 }, createLog());
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
  await host.dispose();
  expect(run.validationRows).toBe(dataset.split.validation.length);
  expect(seen.slice(0, 5)).toEqual(['step 1', 'step 2', 'step 3', 'step 4', 'validation 0']);
  expect(seen.filter((each) => each === 'baseline')).toHaveLength(2);
  expect(seen).not.toContain('trouble');
});

it('counts uses of the test rows from run to run into one folder, and from none where the rows are others', async () => {
  const { dataset } = await preparedOf(
    Array.from({ length: 40 }, (_, i) => [`text ${i}`, LABELS[i % 4] ?? ''] as const),
  );
  const folder = await mkdtemp(join(tmpdir(), 'softprompt-looks-'));
  const file = join(folder, 'results.json');
  expect(await earlierLooks(file, dataset)).toBe(0);
  const [one = '', two = ''] = dataset.split.test;
  const keep = (ids: readonly string[], fingerprint = dataset.fingerprint) =>
    writeFile(
      file,
      JSON.stringify({ looks: 2, dataset: { fingerprint }, arms: [{ rows: ids.map((id) => ({ id })) }] }),
    );
  await keep([one, two]);
  expect(await earlierLooks(file, dataset)).toBe(2);
  await keep([one, dataset.split.train[0] ?? '']);
  expect(await earlierLooks(file, dataset)).toBe(0);
  await keep([one, two], 'other rows');
  expect(await earlierLooks(file, dataset)).toBe(0);
});
