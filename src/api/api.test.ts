import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../cli/commands';
import { readPackage } from '../interchange/package';
import { writeZip } from '../interchange/zip';
import { present } from '../lib/assert';
import { sha256 } from '../lib/bytes';
import { unwrap } from '../lib/result';
import { firstText, softOf } from '../prompt/prompt';
import { compare, loadPrompt, openModel, train } from './node';
import { behindPrompt } from './prompt';
import type { LoadProgress, Model, Prompt, Row, TrainEvent } from './types';

const MODEL = 'public/models/softprompt-studio/tiny-support';
const SAMPLE = 'public/sample/support-messages.csv';
const QUICK = { preset: 'quick', steps: 8, virtualTokens: 2 } as const;

const TOPICS = [
  ['late', 'The order came days late', 'Where is my order', 'Still waiting for the courier'],
  ['broken', 'The lamp was broken', 'A screw is missing', 'It stopped after a day'],
] as const;
const rows: readonly Row[] = Array.from({ length: 60 }, (_, i) => {
  const [label, ...texts] = TOPICS[i % 2] ?? TOPICS[0];
  return { text: `${texts[i % 3]}, number ${i}`, label };
});
const [learned, held] = [rows.slice(0, 40), rows.slice(40)];

let model: Model;
let prompt: Prompt;

beforeAll(async () => {
  model = await openModel(MODEL, { threads: 1 });
  prompt = await train(model, learned, QUICK).prompt;
}, 120_000);
afterAll(() => model.dispose());

const packageIn = async (of: Prompt) =>
  unwrap(readPackage(present((await of.toFiles('package'))['prompt.json'], 'file')));

it('trains the same bits as the command line', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'softprompt-api-'));
  const csv = join(folder, 'support-messages.csv');
  await writeFile(csv, (await readFile(SAMPLE, 'utf8')).split('\n').slice(0, 121).join('\n'));
  const asked = ['--text', 'text', '--label', 'label', '--steps', '10', '--seed', '3', '--threads', '1'];
  expect(await runCommand(['tune', csv, ...asked, '--model', MODEL, '--out', folder])).toBe(0);
  const theirs = unwrap(readPackage(await readFile(join(folder, 'prompt/prompt.json'))));
  const file = new File([await readFile(csv)], 'support-messages.csv');
  const options = { steps: 10, seed: 3, heldOut: 'share' } as const;
  const ours = await train(model, file, options).prompt;
  expect(ours.vectors?.data).toEqual(softOf(theirs.version.prompt)?.vectors);
  expect(ours.template).toBe(firstText(theirs.version.prompt).template);
  // and from rows in place of a file
  const given = await train(model, await rowsOf(csv), options).prompt;
  expect(given.vectors?.data).toEqual(ours.vectors?.data);
  const report = await compare(model, ours.heldOut, [ours]);
  const results = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'));
  expect(report.verdict).toBe(results.verdict.kind);
});

async function rowsOf(path: string): Promise<readonly Row[]> {
  const { default: Papa } = await import('papaparse');
  return Papa.parse<Row>(await readFile(path, 'utf8'), { header: true, skipEmptyLines: true }).data;
}

it('tells of a run as it goes, and ends it with its prompt', async () => {
  const training = train(model, learned, { ...QUICK, seed: 1, name: 'Parts: late or broken?' });
  const seen: TrainEvent['kind'][] = [];
  for await (const { kind } of training) seen.push(kind);
  expect(new Set(seen)).toEqual(new Set(['note', 'reading', 'step', 'validation']));
  expect(seen.filter((kind) => kind === 'step')).toHaveLength(QUICK.steps);
  const made = await training.prompt;
  expect([made.name, prompt.name]).toEqual(['Parts: late or broken?', 'rows']);
  expect(made.vectors?.shape).toEqual([QUICK.virtualTokens, model.hidden]);
});

it('trains keys and values before the cue, which come back from their file', async () => {
  const made = await train(model, learned, { ...QUICK, placement: 'kv' }).prompt;
  expect(made.vectors?.shape).toEqual([4, 2, 2, QUICK.virtualTokens, 16]);
  const same = await loadPrompt(model, await made.toFiles('package'));
  expect(same.vectors?.data).toEqual(made.vectors?.data);
  expect((await same.check()).ok).toBe(true);
  const [[ours], [theirs]] = await Promise.all([made.classify(['Late again']), same.classify(['Late again'])]);
  expect(theirs?.probability).toBeCloseTo(ours?.probability ?? 0, 6);
});

it('keeps what a stopped run has reached, and throws an aborted one away', async () => {
  const stopped = train(model, learned, { ...QUICK, steps: 500, seed: 2 });
  for await (const { kind } of stopped) if (kind === 'step') stopped.stop();
  expect((await stopped.prompt).labels).toEqual(['broken', 'late']);
  const { signal } = new AbortController();
  await expect(train(model, learned, { ...QUICK, signal: AbortSignal.abort() }).prompt).rejects.toMatchObject({
    code: 'cancelled',
  });
  expect(signal.aborted).toBe(false);
});

it('answers many texts together as one at a time', async () => {
  const texts = held.map(({ text }) => String(text));
  const together = await prompt.classify(texts);
  for (const [i, text] of texts.entries()) {
    const [{ label, probability } = { label: '', probability: 0 }] = await prompt.classify([text]);
    expect(together[i]?.label).toBe(label);
    expect(together[i]?.probability).toBeCloseTo(probability, 5);
  }
  await expect(prompt.tag(['x'])).rejects.toThrow('ask it with classify');
  await expect(prompt.classify(['fine', ' '])).rejects.toThrow(/^Text 2 cannot be answered/);
});

it('is the same prompt after it was written and read', async () => {
  const same = await loadPrompt(model, await prompt.toFiles('package'));
  const asJson = await loadPrompt(
    model,
    JSON.parse(new TextDecoder().decode((await same.toFiles('package'))['prompt.json'])),
  );
  const zip = new Blob([writeZip(await same.toFiles('package'))]);
  expect((await loadPrompt(model, zip)).vectors?.data).toEqual(prompt.vectors?.data);
  expect(asJson.vectors?.data).toEqual(prompt.vectors?.data);
  expect((await asJson.check()).ok).toBe(true);
  const [[ours], [theirs]] = await Promise.all([prompt.classify(['Late again']), asJson.classify(['Late again'])]);
  expect(theirs?.probability).toBeCloseTo(ours?.probability ?? 0, 6);
  await expect(prompt.toFiles('chat')).rejects.toThrow('vectors cannot be written as text');
  expect(
    Object.keys(await (await train(model, learned, { ...QUICK, placement: 'prefix' }).prompt).toFiles('peft')),
  ).toEqual(expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']));
});

it('has its text without vectors beside it', async () => {
  const untuned = present(prompt.untuned, 'untuned prompt');
  expect([untuned.template, untuned.labels, untuned.vectors, untuned.untuned]).toEqual([
    prompt.template,
    prompt.labels,
    null,
    null,
  ]);
  const [[tuned], [bare]] = await Promise.all([prompt.classify(['Late again']), untuned.classify(['Late again'])]);
  expect(bare?.route).toBe('untuned');
  expect(tuned?.tokens).toBe((bare?.tokens ?? 0) + QUICK.virtualTokens);
  expect(bare?.probability).not.toBeCloseTo(tuned?.probability ?? 0, 3);
  expect(Object.keys(await untuned.toFiles('chat'))).toHaveLength(1);
});

describe('a comparison', () => {
  const text = { template: 'Message: {text}\nProblem:' };

  it('rests no choice on test rows: with other labels the compared prompt is the same', {
    timeout: 60_000,
  }, async () => {
    const other = held.map(({ text, label }) => ({ text: text ?? '', label: label === 'late' ? 'broken' : 'late' }));
    const [one, two] = [await compare(model, held, [prompt, text]), await compare(model, other, [prompt, text])];
    const [right, wrong] = [one, two].map(
      ({ prompts }) => prompts.find(({ id }) => id === 'tuned')?.metrics.accuracy?.value,
    );
    expect(right).toBeCloseTo(1 - (wrong ?? 0), 6);
    const [first, second] = await Promise.all([one, two].map(({ tuned }) => packageIn(present(tuned, 'prompt'))));
    expect(second?.version.prompt).toEqual(first?.version.prompt);
    expect(first?.version.prompt.calibration ?? null).toEqual(second?.version.prompt.calibration ?? null);
    expect(one.rows).toBe(held.length);
    for (const { metrics, pCorrected } of one.differences)
      expect(pCorrected).toBeGreaterThanOrEqual(metrics.accuracy?.p ?? 1);
    expect(await one.toText('markdown')).toContain(one.headline);
    expect(await one.toText('markdown')).not.toContain('may have seen');
  });

  it('leaves out test rows that a prompt has learned, also where only its file is here', async () => {
    const test = [...held, ...learned.slice(0, 5)];
    expect((await compare(model, test, [prompt])).repeats).toBe(5);
    const loaded = await loadPrompt(model, await prompt.toFiles('package'));
    expect((await compare(model, test, [loaded], { trainingRows: rows.slice(10, 40) })).repeats).toBe(5);
    await expect(compare(model, learned, [prompt])).rejects.toThrow('learned from every test row');
  });

  it('leaves out rows that one prompt held out and another learned', { timeout: 60_000 }, async () => {
    const careful = await train(model, rows, { ...QUICK, heldOut: 'share' }).prompt;
    const all = await train(model, rows, QUICK).prompt;
    expect((await compare(model, careful.heldOut, [careful])).repeats).toBe(0);
    await expect(compare(model, careful.heldOut, [careful, all])).rejects.toThrow('learned from every test row');
    await expect(compare(model, careful.heldOut, [all, careful])).rejects.toThrow('learned from every test row');
    const same = await train(model, rows, { ...QUICK, heldOut: 'share', steps: 4 }).prompt;
    expect((await compare(model, same.heldOut, [careful, same])).repeats).toBe(0);
  });

  it('refuses what it cannot compare, in a sentence', async () => {
    const loaded = await loadPrompt(model, await prompt.toFiles('package'));
    await expect(compare(model, held, [loaded])).rejects.toThrow('Give them: { trainingRows }');
    const unknown = [...held, { text: 'Hello there', label: 'praise' }];
    await expect(compare(model, unknown, [prompt])).rejects.toThrow('No training row has the label “praise”');
    await expect(compare(model, [{ body: 'x' }], [prompt])).rejects.toThrow('no column “text”, but body');
    await expect(compare(model, held, [])).rejects.toThrow('no prompt to compare');
    await expect(compare(model, held, [{} as never])).rejects.toThrow('takes prompts of this package');
  });

  it('compares several prompts and texts by the names that they have, and texts alone', {
    timeout: 60_000,
  }, async () => {
    const other = await train(model, learned, { ...QUICK, seed: 5 }).prompt;
    const named = { template: '{text}\nTopic:', name: 'Topic' };
    const { prompts } = await compare(model, held, [prompt, other, text, named]);
    const names = prompts.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['Untuned prompt', 'Your prompt', 'Topic', 'Tuned prompt', 'Tuned 2']),
    );
    expect(names.filter((name) => name.startsWith('Proposed'))).toEqual([]);
    const alone = await compare(model, held, [text], { trainingRows: learned });
    expect(alone.prompts.map(({ id }) => id)).toContain('yours');
    expect(alone.tuned).toBeNull();
  });

  it.each([
    ['tag', (label: string) => [label]],
    ['generate', (label: string) => `It is ${label}.`],
  ] as const)('is made for the kind %s too', { timeout: 60_000 }, async (task, answer) => {
    const rowsOf = (of: readonly Row[]) =>
      of.map(({ text, label }) => ({ text: text ?? '', label: answer(String(label)) }));
    const made = await train(model, rowsOf(learned), { ...QUICK, task, columns: { label: 'label' } }).prompt;
    const report = await compare(model, rowsOf(held), [made]);
    expect([report.rows, report.tuned?.task]).toEqual([held.length, task]);
    expect(await report.toText('json')).toContain('"arms"');
  });
});

it('gives several labels, and texts in pieces', { timeout: 60_000 }, async () => {
  const tagged = learned.map(({ text, label }, i) => ({
    text: text ?? '',
    label: i % 3 ? [String(label)] : ['late', 'broken'],
  }));
  const tags = await train(model, tagged, { ...QUICK, task: 'tag' }).prompt;
  expect(tags.labels).toEqual(['broken', 'late', 'none']);
  const [{ probabilities } = { probabilities: {} }] = await tags.tag(['The order is late and broken']);
  expect(Object.keys(probabilities)).toEqual(['broken', 'late']);
  const pairs = learned.map(({ text, label }) => ({ text: text ?? '', target: `It is ${label}.` }));
  const writes = await train(model, pairs, { ...QUICK, task: 'generate', prompt: '{text}\nAnswer:' }).prompt;
  const [whole = { text: '' }] = await writes.write(['Where is my order?']);
  const pieces: string[] = [];
  for await (const piece of writes.generate('Where is my order?')) pieces.push(piece);
  expect(pieces.join('')).toBe(whole.text);
  expect(pieces.length).toBeGreaterThan(1);
});

it.each<readonly [string, () => Promise<unknown>]>([
  ['Node has no graphics device', () => openModel(MODEL, { device: 'webgpu' })],
  ['device takes auto, wasm, webgpu, not “gpu”', () => openModel(MODEL, { device: 'gpu' as never })],
  ['threads takes a whole number from 1 to 64, not 0', () => openModel(MODEL, { threads: 0 })],
  ['There is no model folder ./nowhere', () => openModel('./nowhere')],
  ['A model is an id on the hub', () => openModel(5 as never)],
  ['There are no rows', () => train(model, []).prompt],
  ['Rows are an array of objects', () => train(model, null as never).prompt],
  ['Row 2 is no object', () => train(model, [{ text: 'x' }, 'y'] as never).prompt],
  ['Row 1 has no text in “text”, but [object Object]', () => train(model, [{ text: {} }] as never).prompt],
  ['several labels are the task tag', () => train(model, [{ text: 'x', label: ['a', 'b'] }]).prompt],
  ['columns: { text, label }', () => train(model, [{ body: 'x', label: 'a' }]).prompt],
  ['preset takes quick, standard', () => train(model, learned, { preset: 'fast' as never }).prompt],
  ['steps takes a whole number from 1 to 5000, not 0', () => train(model, learned, { steps: 0 }).prompt],
  ['learningRate takes a number', () => train(model, learned, { learningRate: Number.NaN }).prompt],
  ['name takes a text, not 5', () => train(model, learned, { name: 5 as never }).prompt],
  ['seed takes a whole number', () => train(model, learned, { seed: 1.5 }).prompt],
  ['{text}', () => train(model, learned, { prompt: 'no place' }).prompt],
  ['“broken” has no answer word', () => train(model, learned, { words: { late: 'x' } }).prompt],
  ['This is no model of this package', () => train({} as Model, learned).prompt],
  ['There is no prompt.json', () => loadPrompt(model, {})],
  ['There is no prompt.json', () => loadPrompt(model, null as never)],
  ['There is no file or folder ./nowhere', () => loadPrompt(model, './nowhere')],
  ['is not valid JSON', () => loadPrompt(model, new Blob(['{']))],
  ['as an array of texts', () => prompt.classify('Late again' as never)],
  ['There are no files of the kind “zip”', () => prompt.toFiles('zip' as never)],
])('says what is wrong with what it is given: %s', async (sentence, asked) => {
  await expect(asked()).rejects.toThrow(sentence);
  await expect(asked()).rejects.toMatchObject({
    code: expect.stringMatching(/^(?:bad-input|model-missing-file|session-failed)$/),
  });
});

it('opens no model after an abort', async () => {
  const aborted = openModel(MODEL, { signal: AbortSignal.abort() });
  await expect(aborted).rejects.toMatchObject({ code: 'cancelled' });
});

it('says that a hub is silent', async () => {
  const silent = openModel('nowhere/at-all', { endpoint: 'http://localhost:1' });
  await expect(silent).rejects.toMatchObject({ code: 'model-download' });
});

it('reads a prompt from the disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'softprompt-files-'));
  for (const [path, bytes] of Object.entries(await prompt.toFiles('package')))
    await writeFile(join(folder, path), bytes);
  for (const at of [folder, join(folder, 'prompt.json'), pathToFileURL(folder)])
    expect((await loadPrompt(model, at)).vectors?.data).toEqual(prompt.vectors?.data);
});

it('gives a model back, and says so when it is asked again', async () => {
  const other = await openModel(MODEL, { threads: 1 });
  const loaded = await loadPrompt(other, await prompt.toFiles('package'));
  await other.dispose();
  await expect(loaded.classify(['Late again'])).rejects.toThrow('was given back');
  await expect(train(other, learned).prompt).rejects.toThrow('was given back');
});

it('keeps nothing of the test rows with a prompt', () => {
  expect(behindPrompt(prompt)?.stored?.dataset.split.test).toEqual([]);
});

it('loads a model from the hub, and keeps it on the disk', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'softprompt-hub-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
  const asked: string[] = [];
  const files = (await readdir(MODEL, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => relative(MODEL, join(parentPath, name)));
  const server = createServer(async ({ url = '' }, answer) => {
    asked.push(url);
    const path = /\/resolve\/v1\/(.*)$/.exec(url)?.[1];
    if (path) return answer.end(await readFile(join(MODEL, path)));
    const listed = paths.map(async (each) => {
      const bytes = await readFile(join(MODEL, each));
      return { type: 'file', path: each, size: bytes.length, lfs: { oid: await sha256(new Uint8Array(bytes)) } };
    });
    return answer.end(JSON.stringify(await Promise.all(listed)));
  }).listen(0);
  const endpoint = `http://localhost:${(server.address() as AddressInfo).port}`;
  const seen: number[] = [];
  const onProgress = ({ received, total }: LoadProgress) => seen.push(received / total);
  for (const isFirst of [true, false]) {
    asked.length = 0;
    await using opened = await openModel('owner/tiny', { endpoint, revision: 'v1', threads: 1, onProgress });
    expect(opened.sha256).toBe(model.sha256);
    expect(asked.filter((url) => url.includes('/resolve/v1/onnx/')).length).toBe(isFirst ? 2 : 0);
    expect(seen.at(-1)).toBe(1);
  }
  server.close();
  vi.unstubAllEnvs();
});
