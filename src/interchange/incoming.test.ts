import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { present } from '../lib/assert';
import { fitWords } from '../metrics/logistic';
import { writeNpy, writeSafetensors } from '../prompt/codecs';
import { textsOf } from '../prompt/prompt';
import { askedOf, asking, reading, trainedIn, writtenIn } from '../prompt-set/test-support';
import type { Version } from '../prompt-set/types';
import { STANDARD } from '../training/settings';
import { type Incoming, readIncoming } from './incoming';
import { type Package, packageJson, packageJsonSchema } from './package';
import { recognise } from './recognise';
import { readSetFiles, SET_FILE, setFiles } from './set-files';
import { anySet } from './test-support';
import { readPromptfoo } from './text-formats';
import { united } from './union';

const utf8 = (text: string) => new TextEncoder().encode(text);
const here = { id: 'i', now: '2026-01-02', taken: [] };
const read = async (files: Readonly<Record<string, Uint8Array>>) => {
  const found = await readIncoming(new Map(Object.entries(files)), here);
  return found.ok ? found.value : found.error.message;
};
const table = { vectors: Float32Array.of(1, 2, 3, 4, 5, 6), virtualTokens: 2, hidden: 3 };
const complete = present(
  fc
    .sample(anySet, { numRuns: 100, seed: 3 })
    .find(({ evaluations, set }) => evaluations.length > 2 && writtenIn(set).length > 1 && trainedIn(set).length > 1),
  'a set',
);

const packageOf = ({
  prompt,
  name,
  origin,
  learned,
}: Pick<Version, 'prompt' | 'name' | 'origin' | 'learned'>): Package => ({
  producer: 'p',
  name: 'Tone',
  handle: 'TONE',
  createdAt: '2026-01-01',
  endTokenIds: [],
  model: {
    id: 'm',
    dtype: 'q4',
    sha256: 'a'.repeat(64),
    weights: null,
    embeddingMultiplier: 1,
    layers: null,
    heads: null,
  },
  tokenizer: { sha256: 'b'.repeat(64) },
  tokens: textsOf(prompt).flatMap(({ words }) => words.map(({ word }, i) => ({ text: word, ids: [i] }))),
  version: { name, origin, learned, prompt },
  columns: null,
  fallback: null,
  policy: null,
  checkRows: [],
  untuned: null,
  data: null,
  run: null,
  results: null,
  userRows: 0,
});

describe('what is dropped', () => {
  it('may be a folder of a prompt set, in a zip or not, and says what is wrong with it', async () => {
    const files = Object.fromEntries(setFiles(complete));
    expect(await read(files)).toMatchObject({ kind: 'set', set: { id: complete.set.id } });
    expect(await read({ 'a.zip': zipSync(files) })).toMatchObject({ kind: 'set' });
    expect(await read({ ...files, [SET_FILE]: utf8('{') })).toMatch(/prompt-set\.json is not valid JSON/);
  });

  it('may be vectors alone, which come before the text only where their format says so', async () => {
    expect(await read({ 'x/a.npy': writeNpy(table) })).toEqual({
      kind: 'vectors',
      source: 'NumPy (.npy)',
      table,
      beforeMultiplier: false,
      placement: null,
      baseModel: null,
    });
    expect(await read({ 'a.safetensors': writeSafetensors(table) })).toMatchObject({
      source: 'safetensors',
      beforeMultiplier: true,
      placement: 'prefix',
    });
    expect(await read({ 'x/a.npy': writeNpy(table).slice(0, 40) })).toMatch(/^a\.npy: .+ Nothing was imported\.$/);
  });

  it.each([
    ['a.pt', utf8('hello')],
    ['x/a.bin', utf8('hello')],
    ['a', Uint8Array.of(0x80, 5, 1)],
    ['a', Uint8Array.of(0x80, 0, 1)],
  ])('is not read where it is a pickle: %s', async (name, bytes) => {
    expect(await read({ [name]: bytes })).toMatch(/^This is a Python pickle/);
  });

  it('says which file is missing, or that nothing is in it', async () => {
    expect(await read({ 'a/prompt.json': utf8('{}'), 'a/b.txt': utf8('x') })).toMatch(/its format is not softprompt/);
    expect(await read({ 'adapter_config.json': utf8('{}') })).toMatch(/^adapter_config\.json describes a prompt/);
    expect(await read({ 'a/b.txt': new Uint8Array(0) })).toBe('b.txt is empty. Nothing was imported.');
    expect(await read({ 'a.txt': Uint8Array.of(0x80, 6), 'b.txt': utf8('x') })).toMatch(/^It contains no prompt/);
    expect(await read({ 'a/model.pkl': utf8('x'), 'b.txt': utf8('x') })).toMatch(/^This is a Python pickle/);
    expect(await read({ 'a.zip': utf8('no zip') })).toMatch(/^This file is not a zip/);
  });
});

describe('what a file is', () => {
  const seen = async (name: string, bytes: Uint8Array) => {
    const { kind, ok, summary, error } = await recognise(name, bytes);
    return [kind, ok, ok ? summary : error];
  };
  const words = fitWords(['a b', 'c d'], [0, 1], 2);
  const soft = { placement: 'suffix' as const, ...table };
  const own = ['x', 'y'].map((label) => ({ label, word: ` ${label}` }));
  const given = { name: 'Both', words: own } as const;
  /** With a second text beside the first. */
  const twice = (asked: Version) => {
    const { voices } = asked.prompt;
    return asking(asked, { voices: [...voices, ...reading(asked, { template: '{text}!' }).prompt.voices] });
  };
  const counted = { model: words, weight: 0.5 };
  const both = packageOf(twice(askedOf({ ...given, softs: [soft], counted })));

  it('is said in a sentence with what is in it', async () => {
    expect(await seen('a', writeNpy(table))).toEqual(['npy', true, 'A NumPy array: 2 vectors of 3 numbers.']);
    expect(await seen('a', writeSafetensors(table))).toEqual([
      ...['safetensors', true, 'A prompt-tuning adapter: 2 vectors of 3 numbers.'],
    ]);
    expect(await seen('a', utf8(packageJson(both)))).toEqual([
      ...[
        'prompt-package',
        true,
        `The prompt “Both” of TONE: 2 × 2 vectors of 3 numbers, ${words.vocabulary.length} words, 2 labels, for m.`,
      ],
    ]);
    const config = { description: 'Tone', prompts: '{{text}}', tests: [1, 2].map((n) => ({ vars: { text: `${n}` } })) };
    expect(await seen('a', utf8(stringify(config)))).toEqual([
      ...['promptfoo', true, 'A promptfoo configuration, “Tone”: a prompt with 0 answers, 2 tests.'],
    ]);
    const rows = 'text,label\none,a\ntwo,b\nthree,a\nfour\n';
    expect((await seen('a.csv', utf8(rows)))[2]).toMatch(
      /^A table \(csv, utf-8\): 3 rows, 2 columns, text in “text”, labels in “label”, 1 rows skipped\.$/,
    );
  });

  it('is the prompt of a comparison in a zip, which one text alone can become', async () => {
    const zipped = (of: Package) => read({ 'a.zip': zipSync({ 'x/prompt.json': utf8(packageJson(of)) }) });
    const threshold = { value: 0.7, rows: 4, answered: 3, correct: 2 };
    const text = askedOf(given);
    const alone = packageOf(asking(text, { threshold }));
    expect(await zipped(alone)).toMatchObject({
      kind: 'prompt',
      set: {
        name: 'Tone',
        handle: 'TONE',
        versions: [{ prompt: { voices: [{ template: '{text}', shots: 0 }], threshold, calibration: null } }],
      },
    });
    for (const together of [both, packageOf(twice(text)), packageOf(askedOf({ ...given, counted }))])
      expect(await zipped(together)).toMatchObject({
        set: { versions: [{ prompt: { voices: together.version.prompt.voices.map(({ kind }) => ({ kind })) } }] },
      });
  });

  it('is a set with so many prompts, runs and comparisons', async () => {
    const { set, evaluations, dataset } = complete;
    const rows = dataset ? `${dataset.table.rows.length} rows of data` : 'no rows of data';
    expect(await seen('a.zip', zipSync(Object.fromEntries(setFiles(complete))))).toEqual([
      ...['prompt-set', true],
      `The prompt set HANDLE: ${writtenIn(set).length} hand-written prompts, ${set.runs.length} training runs, ${evaluations.length} comparisons, ${rows}.`,
    ]);
  });

  it('is a pickle only by a version that there is, and a workbook by what is in the zip', async () => {
    const kinds = [1, 2, 5, 6].map(async (version) => (await seen('a', Uint8Array.of(0x80, version, 0x0a)))[0]);
    expect(await Promise.all(kinds)).toEqual(['table', 'pickle', 'pickle', 'table']);
    expect((await seen('a', zipSync({ 'xl/workbook.xml': utf8('<x/>') })))[0]).toBe('table');
    expect((await seen('a', Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1, 0x7b)))[0]).not.toBe('safetensors');
  });
});

describe('a promptfoo configuration of another tool', () => {
  const found = async (config: object) => {
    const made = await readPromptfoo(utf8(stringify({ prompts: '{{text}}', ...config })));
    if (!made.ok) throw new Error(made.error.message);
    return made.value;
  };
  const expecting = (...values: unknown[]) =>
    values.map((value) => ({
      vars: {},
      assert: [
        { type: 'contains', value: 'x' },
        { type: 'equals', value },
      ],
    }));

  it('is named by its description, cut to what a name may have', async () => {
    expect((await found({})).name).toBe('promptfoo');
    expect((await found({ description: ' ' })).name).toBe('promptfoo');
    expect((await found({ description: 7 })).name).toBe('promptfoo');
    expect((await found({ description: 'x'.repeat(201) })).name).toBe('x'.repeat(200));
  });

  it('has the answers that its tests expect, if there are two at least', async () => {
    const labels = async (...values: unknown[]) =>
      (await found({ tests: expecting(...values) })).prompt.voices.flatMap((voice) =>
        voice.kind === 'text' ? voice.words.map(({ label, word }) => [label, word]) : [],
      );
    expect(await labels('a', 'b', 'a', ' ', 7, 'x'.repeat(2001))).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ]);
    expect(await labels('a', 'x'.repeat(2000))).toHaveLength(2);
    expect(await labels('a', 'a')).toEqual([]);
    expect(await labels(...Array.from({ length: 1001 }, (_, i) => `n${i}`))).toHaveLength(1000);
    expect(await found({ tests: ['file://x', null, { assert: 'no' }, { assert: [null, 7] }] })).toMatchObject({
      tests: 4,
      prompt: { task: { kind: 'generate', longest: null }, calibration: null, threshold: null },
    });
  });
});

describe('the files of a set', () => {
  const names = [...setFiles(complete).keys()];

  it('of comparisons are named by their day and their id', () => {
    const { createdAt, id } = present(complete.evaluations[0], 'a comparison');
    const stem = `${createdAt.slice(0, 10)}-${id.replaceAll('-', '').slice(0, 8)}`;
    expect(names.filter((name) => name.includes(stem.slice(0, 18)))).toHaveLength(1);
  });

  it('come back in the order of the set, a colleague’s versions after it by their number', () => {
    const files = setFiles(complete);
    const head = JSON.parse(new TextDecoder().decode(files.get(SET_FILE)));
    const order = complete.set.versions.map(({ id }) => id);
    const again = (versions: readonly string[]) => {
      files.set(SET_FILE, utf8(JSON.stringify({ ...head, versions })));
      const found = readSetFiles(files);
      return found.ok ? found.value.set.versions.map(({ id }) => id) : [];
    };
    expect(again(order.toReversed())).toEqual(order.toReversed());
    const [first = '', ...others] = order;
    const byNumber = complete.set.versions
      .filter(({ id }) => others.includes(id))
      .toSorted((a, b) => a.number - b.number || (a.id < b.id ? -1 : 1));
    expect(again([first])).toEqual([first, ...byNumber.map(({ id }) => id)]);
  });

  it('give comparisons newest first, and measurements oldest first', () => {
    const found = readSetFiles(setFiles({ ...complete, evaluations: complete.evaluations.toReversed() }));
    expect(found.ok && found.value.evaluations.map(({ id }) => id)).toEqual(complete.evaluations.map(({ id }) => id));
    const same = complete.evaluations.map((each) => ({ ...each, createdAt: '2026-01-01' }));
    const sorted = readSetFiles(setFiles({ ...complete, evaluations: same }));
    expect(sorted.ok && sorted.value.evaluations.map(({ id }) => id)).toEqual(same.map(({ id }) => id).toSorted());
  });
});

describe('a package', () => {
  const words = ['a', 'b'].map((label) => ({ label, word: ` ${label}` }));
  const soft = { placement: 'infix' as const, ...table };
  const asked = askedOf({
    name: 'tuned 7',
    words,
    softs: [soft],
    text: { template: 'Text: {text}\nTone:' },
  });
  const run = {
    settings: { ...STANDARD, placement: 'infix' as const, virtualTokens: 2 },
    initText: 'Say',
    seconds: 9,
    status: 'early' as const,
    bestStep: 3,
    validationAccuracy: 0.7,
    validationRows: 12,
  };
  const learned = { datasetFingerprint: 'f', heldBackHash: 'h', splitHash: 's' };
  const of = (change: Partial<Package>): Promise<Incoming | string> => {
    const tokens = [...words.map(({ word }) => word), '\nTone:'].map((text, i) => ({ text, ids: [i] }));
    const made = { ...packageOf(asked), tokens, ...change };
    return read({ 'prompt.json': utf8(packageJson(made)) });
  };

  it('comes back with its vectors, its run, its threshold and its calibration', async () => {
    const threshold = { value: 0.7, rows: 4, answered: 3, correct: 2 };
    const calibration = { meanLogProbs: [-1, -2], rows: 4 };
    const { prompt, name, origin } = asking(asked, { threshold, calibration });
    expect(await of({ version: { name, prompt, origin, learned }, run })).toMatchObject({
      kind: 'prompt',
      set: {
        name: 'Tone',
        handle: 'TONE',
        words,
        runs: [{ ...run, ...learned, id: 'i-1' }],
        versions: [{ id: 'i-1', name: 'tuned 7', origin: { kind: 'run', run: 'i-1' }, learned, prompt }],
      },
    });
  });

  it('without a run says where it comes from', async () => {
    expect(await of({ run: null })).toMatchObject({
      set: { versions: [{ origin: { kind: 'imported', from: 'prompt.json' } }], runs: [] },
    });
  });

  it('brings the hand-written prompt that answers in its place, with the policy of its stage', async () => {
    const fallback = askedOf({
      name: 'hand-written 1',
      words,
      text: { template: 'Say. {text}\nTone:' },
    });
    const found = await of({ fallback, policy: { kind: 'shadow' } });
    expect(found).toMatchObject({
      set: {
        policy: { kind: 'shadow' },
        versions: [{ number: 1 }, { prompt: { voices: [{ template: 'Say. {text}\nTone:' }] } }],
      },
    });
    if (typeof found === 'string' || found.kind !== 'prompt') throw new Error('no prompt');
    const own = { set: found.set, dataset: null, checkpoints: [], evaluations: [], measurements: [] };
    expect([...setFiles(united(own, own, {}).complete)]).toEqual([...setFiles(own)]);
  });

  it('is refused in another format, with a sentence', async () => {
    const text = packageJson(packageOf(asked)).replace('"formatVersion": 1', '"formatVersion": 2');
    expect(await read({ 'prompt.json': utf8(text) })).toMatch(/has the format 2, and 1 is read/);
  });
});

it('docs/prompt.schema.json is current', () => {
  const file = new URL('../../docs/prompt.schema.json', import.meta.url);
  if (process.env.UPDATE_SCHEMA) writeFileSync(file, packageJsonSchema());
  expect(readFileSync(file, 'utf8')).toBe(packageJsonSchema());
});
