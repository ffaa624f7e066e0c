import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { unzipSync } from 'fflate';
import { beforeAll, expect, it, vi } from 'vitest';
import { readModelDir } from '../api/node-platform';
import { preparedOf } from '../dataset/test-support';
import { setFiles } from '../interchange/set-files';
import { setPackageFiles } from '../interchange/set-package';
import { writeZip } from '../interchange/zip';
import { placeOf } from '../lib/rng';
import { fitWords } from '../metrics/logistic';
import { isText } from '../prompt/prompt';
import { setThreshold } from '../prompt-set/calibration';
import { moveStage, setPolicy } from '../prompt-set/stages';
import { withCounts, withVersions } from '../prompt-set/test-support';
import type { PromptSet } from '../prompt-set/types';
import { setOf } from '../route/test-support';
import { checkTemplate } from '../task/template';
import { openTable } from './data';
import { cli } from './run.test-support';

const MODEL = ['--model', 'public/models/softprompt-studio/tiny-support', '--threads', '1'];

let folder: string;
let texts: string;
let sha256: string;

const complete = (set: PromptSet) => ({ set, dataset: null, checkpoints: [], evaluations: [], measurements: [] });

/** What a command prints. @throws with what it says where it fails */
async function printed(...args: string[]) {
  const { code, stdout, stderr } = await cli(...args, ...MODEL);
  if (code !== 0) throw new Error(stderr);
  return { lines: stdout.trim().split('\n'), said: stderr.trim().split('\n') };
}

/** The answers, with the last two lines that are said. */
async function predicted(...args: string[]) {
  const { lines, said } = await printed('predict', ...args);
  return { answers: lines.map((line) => JSON.parse(line)), said: said.at(-2), rows: said.at(-1) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'softprompt-library-'));
  texts = join(folder, 'texts.csv');
  await writeFile(texts, 'text,n\nlovely staff,1\nmy order is late,2\n,3\n');
  const { card } = await readModelDir('public/models/softprompt-studio/tiny-support');
  ({ sha256 } = card);
  const info = { hidden: 96, sha256 };
  const tone = setOf('Tone', ['praise', 'complaint'], info, 1);
  // no answer is as sure as that
  const unsure = setThreshold(tone, 'Tone-ttt', { value: 1, rows: 40, answered: 1, correct: 1 }, '2026-01-07');
  const zip = writeZip(await setPackageFiles(complete(unsure)));
  await writeFile(join(folder, 'tone.zip'), zip);
  // a team folder beside it, whose version counts words too
  const topic = setOf('Topic', ['order', 'table', 'invoice'], info, 2);
  const model = fitWords(['my order', 'the table', 'an invoice'], [0, 1, 2], 3);
  const combined = withVersions(topic, ({ prompt }) =>
    isText(prompt) ? {} : { prompt: { ...prompt, voices: withCounts(prompt.voices, model, 0.01) } },
  );
  for (const [path, bytes] of setFiles(complete(combined))) {
    await mkdir(dirname(join(folder, 'topic', path)), { recursive: true });
    await writeFile(join(folder, 'topic', path), bytes);
  }
});

it('writes answers beside the columns of the rows, as a file that opens as data and whose answers another prompt may show', async () => {
  const out = join(folder, 'answered.csv');
  const of = [join(folder, 'tone.zip'), texts, '--handle', 'TONE', '--stage', 'production', '--out', out];
  const code = await cli('predict', ...of, ...MODEL);
  expect(code).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('3 rows read, 2 used') });
  const { columns, rows } = await openTable(
    out,
    { text: 'text' },
    { line: () => undefined, progress: () => undefined },
  );
  expect(columns).toEqual(['text', 'n', 'prediction', 'confidence', 'needs_review', 'not_answered']);
  expect(rows.map(({ cells }) => [cells.n, cells.prediction !== '', cells.not_answered])).toEqual([
    ['1', true, ''],
    ['2', true, ''],
    ['3', false, 'it has no text'],
  ]);
  const mapping = { text: 'text', label: 'n', id: null, task: 'classify' } as const;
  expect(checkTemplate('Tone: {prediction}\nText: {text}\nTopic:', columns, mapping).ok).toBe(true);
  expect(await cli('predict', ...of, '--explain', ...MODEL)).toMatchObject({ code: 2 });
});

it('answers by handle and stage, out of one zip or a folder of several prompt sets', async () => {
  const one = await predicted(join(folder, 'tone.zip'), texts, '--handle', 'TONE', '--stage', 'production');
  expect(one.answers).toMatchObject([
    { version: 'tuned 1', needs_review: true },
    { version: 'tuned 1', needs_review: true },
    { not_answered: 'it has no text', needs_review: true },
  ]);
  expect(one.said).toBe('2 texts answered, none by the fallback');
  expect(one.rows).toBe('3 rows read, 2 used, 1 left out: 1 without a text.');
  const topic = await predicted(folder, texts, '--handle', 'TOPIC', '--stage', 'production');
  expect(Object.keys(topic.answers[0].probabilities)).toEqual(['order', 'table', 'invoice']);
  expect(topic.answers[1]).toMatchObject({ version: 'combined 1', label: 'order' });
});

/** What it says of these lines of standard input. */
async function piped(lines: string, ...args: string[]) {
  const input = vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([lines]) as typeof process.stdin);
  try {
    return await predicted(...args);
  } finally {
    input.mockRestore();
  }
}

it('reads lines of JSON on standard input as a file of them is read, whatever is in their cells', async () => {
  const tone = [join(folder, 'tone.zip'), '--handle', 'TONE', '--stage', 'production'];
  const lines = [
    '{"text": "my order is late", "city": null}',
    '{"text": "my order is late", "done": true, "tags": ["a", "b"], "customer": {"id": 3}}',
    '{"text": ["my", "order"]}',
    '{"text": false}',
    '{"text": null}',
    '{"text": 12}',
  ].join('\n');
  const file = join(folder, 'lines.jsonl');
  await writeFile(file, lines);
  const [here, there] = [await piped(lines, ...tone), await predicted(...tone, file)];
  expect(here.answers).toEqual(there.answers);
  expect(here.answers[0].probabilities).toEqual(here.answers[1].probabilities);
  expect(here.answers[4]).toMatchObject({ not_answered: 'it has no text' });
  const texts = await piped('my order is late\n["my","order"]\nfalse\n12\n{braces} stay\n', ...tone);
  expect(texts.answers.slice(0, 4)).toEqual([0, 2, 3, 5].map((i) => here.answers[i]));
  expect(texts.answers).toHaveLength(5);
});

it('names the line of standard input that it cannot read, in its place', async () => {
  const tone = [join(folder, 'tone.zip'), '--handle', 'TONE', '--stage', 'production'];
  const broken = '{"text": "lovely staff"}\n\n7\n{"text": "cut off\nnull\n{"text": "lovely staff"}\n';
  const { answers } = await piped(broken, ...tone);
  expect(answers).toEqual([
    answers[0],
    { not_answered: 'line 3: the line is not a JSON object', needs_review: true },
    { not_answered: 'line 4: the line is not valid JSON', needs_review: true },
    { not_answered: 'line 5: the line is not a JSON object', needs_review: true },
    answers[0],
  ]);
  expect(answers[0]).toMatchObject({ version: 'tuned 1' });
  const late = await piped('lovely staff\n{"text": "cut off\n', ...tone);
  expect(late.answers).toMatchObject([answers[0], { not_answered: 'line 2: the line is not valid JSON' }]);
  await expect(piped('{"body": "lovely staff"}\n', ...tone)).rejects.toThrow(
    '--text: standard input has no column “text”; it has body.',
  );
  await expect(piped('', ...tone)).rejects.toThrow('standard input is empty');
});

it('falls back, or asks both, as the policy says', async () => {
  const asked = [join(folder, 'tone.zip'), texts, '--handle', 'TONE'];
  const hand = await predicted(...asked, '--stage', 'production', '--policy', 'hand-written');
  expect(hand.answers[0]).toMatchObject({ version: 'hand-written 1' });
  const unsure = await predicted(...asked, '--stage', 'production', '--policy', 'fallback');
  expect(unsure.answers[0]).toMatchObject({ version: 'hand-written 1', fallback: 'unsure' });
  expect(unsure.answers[0].probabilities).toEqual(hand.answers[0].probabilities);
  expect(unsure.said).toBe('2 texts answered, 2 by the fallback: 2 as its answer was less probable than the threshold');
  const missing = await predicted(...asked, '--stage', 'staging', '--policy', 'fallback');
  expect(missing.answers[0]).toMatchObject({ version: 'hand-written 1', fallback: 'missing' });
  const both = await predicted(...asked, '--stage', 'production', '--policy', 'shadow');
  expect(both.answers[0]).toMatchObject({ version: 'hand-written 1' });
  expect(both.said).toMatch(/^2 texts answered; the other version said the same of [012] of 2$/);
});

it('answers a share of the texts, and the others by what production or the hand-written version says', async () => {
  const made = setOf('Roll', ['praise', 'complaint'], { hidden: 96, sha256 }, 4);
  const staged = moveStage(made, { stage: 'staging', to: 'Roll-hh' }, '2026');
  await writeFile(join(folder, 'roll.zip'), writeZip(await setPackageFiles(complete(staged))));
  const ids = Array.from({ length: 12 }, (_, i) => `customer ${i}`);
  const many = join(folder, 'many.csv');
  await writeFile(many, ['text,id', ...ids.map((id, i) => `text ${i},${id}`)].join('\n'));
  const asked = [join(folder, 'roll.zip'), many, '--handle', 'ROLL', '--share', '50'];
  const who = async (...more: readonly string[]) =>
    (await predicted(...asked, ...more)).answers.map(({ version }) => version);
  const isIn = (key: string) => placeOf(key, 'ROLL') < 0.5;
  const byId = ids.map((id) => (isIn(id) ? 'tuned 1' : 'hand-written 1'));
  expect(new Set(byId).size).toBe(2);
  expect(await who('--stage', 'production', '--id', 'id')).toEqual(byId);
  const byText = ids.map((_, i) => (isIn(`text ${i}`) ? 'hand-written 1' : 'tuned 1'));
  expect(await who('--stage', 'staging')).toEqual(byText);
  await expect(who('--stage', 'production', '--policy', 'shadow')).rejects.toThrow('needs the policy');
  const [library, file] = asked as [string, string];
  const stage = ['--handle', 'ROLL', '--stage', 'production'];
  await expect(predicted(library, file, ...stage, '--share', '0.25')).rejects.toThrow('per cent');
  await expect(predicted(library, file, ...stage, '--id', 'id')).rejects.toThrow('--id needs --share');
  await expect(predicted(library, file, ...stage, '--share', '5', '--id', 'ids')).rejects.toThrow('no column “ids”');
});

it('follows the policy that the prompt set has, unless another one is named', async () => {
  const kept = setPolicy(
    setOf('Kept', ['praise', 'complaint'], { hidden: 96, sha256 }, 3),
    { kind: 'hand-written' },
    '2026',
  );
  await writeFile(join(folder, 'kept.zip'), writeZip(await setPackageFiles(complete(kept))));
  const asked = [join(folder, 'kept.zip'), texts, '--handle', 'KEPT', '--stage', 'production'];
  expect((await predicted(...asked)).answers[0]).toMatchObject({ version: 'hand-written 1' });
  expect((await predicted(...asked, '--policy', 'as-asked')).answers[0]).toMatchObject({ version: 'tuned 1' });
});

it('answers an engineer’s zip by the policy of its stage, and refuses one whose other prompt is gone or has other labels', async () => {
  const info = { hidden: 96, sha256 };
  const unsure = { value: 1, rows: 40, answered: 1, correct: 1 };
  const tone = setThreshold(setOf('Zip', ['praise', 'complaint'], info, 1), 'Zip-ttt', unsure, '2026');
  const library = join(folder, 'zip.zip');
  await writeFile(library, writeZip(await setPackageFiles(complete(setPolicy(tone, { kind: 'fallback' }, '2026')))));
  await printed('export', library, '--for', 'engineer', '--prompt', 'tuned 1', '--out', join(folder, 'out'));
  const zip = join(folder, 'out', 'ZIP.zip');
  const staged = await predicted(library, texts, '--handle', 'ZIP', '--stage', 'production');
  const { answers, said } = await predicted(zip, texts);
  expect(answers).toEqual(staged.answers);
  expect(answers[0]).toMatchObject({ version: 'hand-written 1', fallback: 'unsure' });
  expect(said).toBe('2 texts answered, 2 by the fallback: 2 as its answer was less probable than the threshold');
  expect((await predicted(zip, texts, '--threshold', '0')).answers[0]).toMatchObject({ version: 'tuned 1' });
  await expect(predicted(zip, texts, '--explain')).rejects.toThrow('two versions may answer');
  const file = JSON.parse(new TextDecoder().decode(unzipSync(await readFile(zip))['prompt.json']));
  const bare = join(folder, 'bare.json');
  await writeFile(bare, JSON.stringify({ ...file, fallback: null }));
  await expect(predicted(bare, texts)).rejects.toThrow('no fallback that it could ask');
  const foreign = JSON.stringify(file.fallback).replaceAll('"praise"', '"order"');
  await writeFile(bare, JSON.stringify({ ...file, fallback: JSON.parse(foreign) }));
  await expect(predicted(bare, texts)).rejects.toThrow('the fallback has other labels');
});

it('refuses a stage or handle that is not there, and half of the options', async () => {
  const zip = join(folder, 'tone.zip');
  await expect(predicted(zip, texts, '--handle', 'TONE', '--stage', 'staging')).rejects.toThrow(
    'has no stage “staging”',
  );
  await expect(predicted(zip, texts, '--handle', 'TUNE', '--stage', 'production')).rejects.toThrow(
    'no prompt set TUNE',
  );
  await expect(predicted(zip, texts, '--handle', 'TONE')).rejects.toThrow('--stage is missing');
  await expect(predicted(zip, texts, '--policy', 'shadow')).rejects.toThrow('--policy needs --handle');
  await expect(predicted(zip, texts, '--handle', 'TONE', '--stage', 'production', '--explain')).rejects.toThrow(
    '--explain is not possible here',
  );
  await expect(predicted(join(folder, 'none'), texts, '--handle', 'A', '--stage', 'b')).rejects.toThrow(
    'no zip or folder',
  );
  await writeFile(join(folder, 'bad.zip'), 'PK no zip');
  await expect(predicted(join(folder, 'bad.zip'), texts, '--handle', 'A', '--stage', 'b')).rejects.toThrow('bad.zip');
});

it('exports for a recipient what the dialog would save, and nothing that it would not', async () => {
  const asked = (...args: string[]) =>
    printed('export', join(folder, 'tone.zip'), ...args, '--out', join(folder, 'out'));
  await asked('--for', 'textField', '--prompt', 'hand-written 1');
  expect(await readFile(join(folder, 'out', 'TONE-prompt.txt'), 'utf8')).toContain('{text}');
  await expect(asked('--for', 'manager')).rejects.toThrow('A manager: It has not been compared');
  await expect(asked('--for', 'nobody')).rejects.toThrow('--for is one of');
  await expect(asked('--for', 'textField', '--prompt', 'tuned 9')).rejects.toThrow('there is no “tuned 9”');
  await expect(asked('--for', 'browser', '--handle', 'NONE')).rejects.toThrow('--handle names one of');
});

it('makes a version for PEFT on the rows of the set where it is asked to, and says so where it is not', async () => {
  const rows = Array.from({ length: 60 }, (_, i) =>
    i % 2 === 0 ? ([`lovely staff at desk ${i}`, 'order'] as const) : ([`my card ${i} is late`, 'table'] as const),
  );
  const { dataset } = await preparedOf(rows);
  const set = { ...setOf('Desk', dataset.labels, { hidden: 96, sha256 }, 1), datasetFingerprint: dataset.fingerprint };
  const library = join(folder, 'desk.zip');
  await writeFile(library, writeZip(await setPackageFiles({ ...complete(set), dataset })));
  const asked = (...args: string[]) => printed('export', library, '--for', 'peft', ...args, '--out', folder);
  await expect(asked()).rejects.toThrow('PEFT only puts them before it. Train with the vectors before the text. Or');
  const { said } = await asked('--twin');
  expect(said.join('\n')).toMatch(/of 9 validation rows right, and \d by tuned 1/);
  const files = unzipSync(await readFile(join(folder, 'DESK-peft.zip')));
  expect(Object.keys(files)).toContain('adapter_model.safetensors');
}, 120_000);
