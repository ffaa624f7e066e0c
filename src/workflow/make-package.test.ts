import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dealt, preparedOf } from '../dataset/test-support';
import type { Dataset, Row } from '../dataset/types';
import { createEngine, type Engine } from '../engine/engine';
import { readModel } from '../engine/test-support';
import { setOfPackage } from '../interchange/from-package';
import { columnsOf, packageIn, packageJson, unpacked } from '../interchange/package';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { unwrap } from '../lib/result';
import { fitWords } from '../metrics/logistic';
import { tagProbabilities } from '../metrics/tags';
import { firstText, labelsOf, type Prompt, softOf, type TextVoice } from '../prompt/prompt';
import { alone } from '../prompt-set/planned';
import { asking, reading, trainedIn, withCounts, writtenIn } from '../prompt-set/test-support';
import type { PromptSet, Version } from '../prompt-set/types';
import { routeOf } from '../prompt-set/versions';
import { type AnsweringHost, fieldsSource, type RowSource, tableSource } from '../route/answering';
import { replay } from '../route/check-rows';
import { AS_ASKED, policyFor } from '../route/policy';
import { createRouter } from '../route/router';
import { setOf } from '../route/test-support';
import { createNodeRunner } from '../runtime/ort-node';
import type { PromptText } from '../task/types';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { openTokenizerOf } from '../tokens/tokenizer';
import { ABOUT } from './fake-host.test-support';
import { makePackage } from './make-package';

const LABELS = ['complaint', 'praise'];
const SENTENCES = ['The staff are lovely', 'My {order} is late', 'Where is "it"?', 'Thanks\nfor all'];

let engine: Engine;
let host: AnsweringHost;
let dataset: Dataset;

beforeAll(async () => {
  const files = await readModel('public/models/softprompt-studio/tiny-support');
  engine = await createEngine({ id: 'tiny', files, backend: 'node-wasm', threads: 1, createRunner: createNodeRunner });
  const tokenizer = await createCoreTokenizer(files);
  host = { engine, tokens: openTokenizerOf(tokenizer, engine.info.contextLength) };
  // braces in a row must not become places for columns
  const rows = dealt(40, LABELS).map(([text, label], i) => [i % 3 === 0 ? `{text} ${text} }}` : text, label] as const);
  dataset = (await preparedOf(rows)).dataset;
}, 60_000);

afterAll(() => engine.dispose());

const versionOf = (seed: number): readonly [PromptSet, Version] => {
  const set = setOf('Tone', LABELS, engine.info, seed);
  return [set, present(trainedIn(set)[0], 'run')];
};

const tuned = (seed: number, change: Partial<Prompt> = {}): Version => {
  const [, version] = versionOf(seed);
  return asking(version, change);
};

/** Keys and values of the tiny model before the cue. */
const keyed = (): Version => {
  const heads = { layers: 4, kvHeads: 2, headDim: 16, position: 400 };
  return present(trainedIn(setOf('Tone', LABELS, { ...engine.info, heads }, 1))[0], 'run');
};

const CALIBRATION = { meanLogProbs: [-0.1, -2.3], rows: 9 };
const THRESHOLD = { value: 0.75, rows: 9, answered: 8, correct: 7 };

/** The tuned version after the text with others, which have trained answer words, and words of the rows. */
function several(seeds: readonly number[], weight: number | null, change: Partial<Prompt> = {}): Version {
  const softs = seeds.map((seed) => ({
    ...present(softOf(versionOf(seed)[1].prompt), 'vectors'),
    answerShift: new Float32Array(192).fill(0.01),
  }));
  const model = fitWords(SENTENCES, [1, 0, 0, 1], LABELS.length);
  const [own] = tuned(1).prompt.voices as [TextVoice];
  const all = [own, ...softs.map((soft) => ({ ...own, soft }))];
  const mean = all.map((voice) => ({ ...voice, weight: 1 / all.length }));
  const voices = weight === null ? mean : withCounts(mean, model, weight);
  return tuned(1, { voices, ...change });
}

function written(prompt: Partial<PromptText>): Version {
  const set = setOf('Tone', LABELS, engine.info, 1);
  const hand = present(writtenIn(set)[0], 'version');
  return reading(hand, prompt);
}

const probabilities = async (version: Version, rowsOf: (version: Version) => RowSource) => {
  const route = createRouter({ host }).rows(alone(version, dataset), rowsOf);
  const { answers } = await route.answer(0, route.total, uninterrupted);
  return answers
    .toSorted((a, b) => a.index - b.index)
    .map((answer) => ('probabilities' in answer ? answer.probabilities : []));
};

/** What Batch answers with the version itself. */
function inBatch(version: Version, columns: readonly string[]) {
  const rows = SENTENCES.map(
    (text, i): Row => ({
      id: String(i),
      line: i + 1,
      cells: Object.fromEntries([['text', text], ...columns.map((column) => [column, SENTENCES[(i + 1) % 4] ?? ''])]),
    }),
  );
  const table = { columns: ['text', ...columns], rows };
  return probabilities(version, () => tableSource(host, version, table, { text: 'text', label: null }, dataset));
}

const made = (asked: Version, fallback: Version | null = null, rows: Dataset | null = dataset) =>
  makePackage(host, { asked, fallback, dataset: rows }, ABOUT, SENTENCES, { control: uninterrupted, emit: () => {} });

describe('a package', () => {
  it.each([
    ['vectors before the text', () => tuned(0)],
    ['vectors after the text', () => tuned(1)],
    ['vectors before the cue', () => tuned(2)],
    ['keys and values before the cue', () => keyed()],
    ['a hand-written prompt', () => written({})],
    ['two columns', () => written({ template: 'From {city}: {text}\nAnswer:' })],
    ['examples', () => written({ shots: 3, shotSeed: 1 })],
    ['examples in three orders', () => written({ shots: 3, orders: 3, selection: 'random' })],
    ['a chat message', () => written({ chat: true, shots: 2 })],
    ['the mean of three seeds', () => several([4, 7], null)],
    ['vectors with word counts', () => several([], 0.6)],
    ['two seeds with word counts, calibrated', () => several([4], 0.3, { calibration: CALIBRATION })],
    ['a calibration and a threshold', () => tuned(1, { calibration: CALIBRATION, threshold: THRESHOLD })],
  ] as const)('comes back from its file and answers as Batch does: %s', async (_, of) => {
    const ready = of();
    const prompt = await made(ready);
    const back = unwrap(packageIn(JSON.parse(packageJson(prompt))));
    expect(back).toEqual(prompt);
    const columns = columnsOf(back);
    const expected = await inBatch(ready, columns);
    // numbers in the file have twelve digits, and several orders of the examples are added up in another order
    const same = expected.map((row) => row.map((p) => expect.closeTo(p, 10)));
    expect(back.checkRows.map((row) => row.logProbs.map(Math.exp))).toEqual(same);
    const version = unpacked(back, back.version);
    const cells = back.checkRows.map((row) => row.cells);
    expect(await probabilities(version, () => fieldsSource(host, version, cells))).toEqual(same);
    expect(back.version.prompt.threshold).toEqual(ready.prompt.threshold);
  });

  it('of several labels comes back, here and imported elsewhere, with its cuts and trained answer words', async () => {
    const set = setOf('Tags', ['A', 'B', 'C'], engine.info, 1, { kind: 'tag' });
    const tuned = present(trainedIn(set)[0], 'version');
    const text = firstText(tuned.prompt);
    const soft = {
      ...present(text.soft, 'vectors'),
      answerShift: Float32Array.from({ length: 288 }, (_, i) => Math.cos(i) / 5),
    };
    const calibration = { meanLogProbs: [1, -2, 0], rows: 9 };
    const asked = asking(tuned, { voices: [{ ...text, soft }], calibration });
    const back = unwrap(packageIn(JSON.parse(packageJson(await made(asked)))));
    expect(back.version.prompt).toEqual(asked.prompt);
    const cells = back.checkRows.map((row) => row.cells);
    const tags = (version: Version) => probabilities(version, () => fieldsSource(host, version, cells));
    const here = await tags(asked);
    expect(new Set(here.flat().map((p) => p >= 0.5))).toEqual(new Set([true, false]));
    expect(back.checkRows.map(({ logProbs }) => tagProbabilities(logProbs, null))).toEqual(
      here.map((row) => row.map((p) => expect.closeTo(p, 10))),
    );
    expect(await tags(unpacked(back, back.version))).toEqual(here);
    const elsewhere = setOfPackage(back, { id: 'new', now: '2026-01-07', taken: [] });
    const [version] = trainedIn(elsewhere);
    expect(await tags(present(version, 'version'))).toEqual(here);
    const off = back.checkRows.map((row) => ({ ...row, logProbs: row.logProbs.toReversed() }));
    const rerun = { control: uninterrupted, emit: () => {} };
    expect(await replay(host, back, rerun)).toMatchObject({ changed: 0 });
    expect((await replay(host, { ...back, checkRows: off }, rerun)).changed).toBeGreaterThan(0);
  });

  it('says what kind of prompt it is', async () => {
    const kind = async (of: Version) => routeOf((await made(of)).version);
    expect(await kind(tuned(1))).toBe('tuned');
    expect(await kind(several([4], null))).toBe('ensemble');
    expect(await kind(several([4], 0.5))).toBe('combined');
  });

  it('has the prompt that answers in its place, and the columns of both', async () => {
    const prompt = await made(tuned(1), written({ template: '{city}: {text}\nAnswer:' }));
    expect(prompt.fallback).toMatchObject({ name: 'hand-written 1', prompt: { voices: [{ soft: null }] } });
    expect(columnsOf(prompt)).toEqual(['city']);
    expect(prompt.checkRows[0]?.cells).toEqual({ text: SENTENCES[0], city: SENTENCES[1] });
  });

  it.each([
    [undefined, {}, { kind: 'fallback', threshold: 0 }],
    [undefined, { fallback: 'unsure', timeoutMs: 9 }, { kind: 'fallback', rowTimeoutMs: 9 }],
    [{ kind: 'fallback', rowTimeoutMs: 5 }, { timeoutMs: 9 }, { kind: 'fallback', rowTimeoutMs: 9 }],
    [{ kind: 'hand-written' }, { timeoutMs: 9 }, { kind: 'hand-written' }],
    [{ kind: 'shadow' }, {}, { kind: 'shadow' }],
    [{ kind: 'hand-written' }, { fallback: 'none' }, AS_ASKED],
    [{ kind: 'hand-written' }, { fallback: 'errors' }, { kind: 'fallback', threshold: 0 }],
  ] as const)(
    'answers by the policy of the file %j, unless the page asks for another: %j',
    (policy, options, expected) => expect(policyFor(policy ?? null, options)).toEqual(expected),
  );

  it('leaves a row without a text out', async () => {
    const rows = fieldsSource(host, tuned(1), [{ text: ' ' }, { text: 'x' }, {}]);
    const found = await rows.rowsAt(0, 3);
    expect(found.rows.map(({ rowId }) => rowId)).toEqual(['1']);
    expect(found.leftOut.map(([index]) => index)).toEqual([0, 2]);
  });

  it('refuses vectors of other weights, examples that are not here, and examples that differ from row to row', async () => {
    const model = { id: 'other', dtype: 'fp32', sha256: '0'.repeat(64) };
    await expect(made({ ...tuned(1), model })).rejects.toThrow('only work with');
    await expect(made(written({ shots: 2 }), null, null)).rejects.toThrow('not in this browser');
    await expect(made(written({ shots: 2, selection: 'nearest' }))).rejects.toThrow('nearest');
  });
});

type Json = { [key: string]: unknown };

describe('a file of a stranger', () => {
  const spoilt: readonly (readonly [what: string, spoil: (file: Json) => unknown, why: string])[] = [
    ['nothing', () => null, 'its format is not softprompt'],
    ['a list', () => [], 'its format is not softprompt'],
    ['another format', (file) => ({ ...file, format: 'x' }), 'its format is not softprompt'],
    ['a newer version', (file) => ({ ...file, formatVersion: 2 }), 'has the format 2, and 1 is read'],
    ['an older version', (file) => ({ ...file, formatVersion: 0 }), 'has the format 0, and 1 is read'],
    [
      'a policy without a fallback',
      (file) => ({ ...file, policy: { kind: 'shadow' } }),
      'no fallback that it could ask',
    ],
    ['an unknown policy', (file) => ({ ...file, policy: { kind: '__proto__' } }), 'at policy.kind'],
    [
      'a time limit below 0',
      (file) => ({ ...file, policy: { kind: 'fallback', rowTimeoutMs: -1 } }),
      'at policy.rowTimeoutMs',
    ],
    ['no version', ({ version: _, ...file }) => file, 'at version'],
    [
      'equal labels',
      (file) => prompt(file, { task: { kind: 'classify', labels: ['a', 'a'] } }),
      'two labels are equal',
    ],
    ['one label', (file) => prompt(file, { task: { kind: 'classify', labels: ['a'] } }), 'in the order of the labels'],
    [
      'labels of other words',
      (file) => prompt(file, { task: { kind: 'classify', labels: ['a', 'b'] } }),
      'in the order',
    ],
    ['no place for the text', (file) => first(file, { template: 'Hello' }), 'no place for {text}'],
    ['a template with an open brace', (file) => first(file, { template: '{text' }), 'cannot be read'],
    ['examples that are not there', (file) => first(file, { shots: 3 }), 'examples are missing'],
    [
      'too short a calibration',
      (file) => prompt(file, { calibration: { meanLogProbs: [1], rows: 1 } }),
      'one value per',
    ],
    [
      'a calibration that is no number',
      (file) => prompt(file, { calibration: { meanLogProbs: [null, 1], rows: 1 } }),
      'at version.prompt.calibration',
    ],
    ['a threshold above 1', (file) => prompt(file, { threshold: { value: 2 } }), 'at version.prompt.threshold'],
    ['too few numbers', (file) => vectors(file, { vectors: { $float32: 'AAAAAA==' } }), 'has other numbers'],
    ['numbers that are not finite', (file) => vectors(file, { vectors: { $float32: nan(4 * 96) } }), 'not finite'],
    ['no base64', (file) => vectors(file, { vectors: { $float32: '<script>' } }), 'at the top'],
    ['a huge shape', (file) => vectors(file, { virtualTokens: 1e9 }), 'virtualTokens'],
    ['a cue in one piece', (file) => first(file, { splitsCue: true }), 'the cue is apart'],
    ['texts that several generate', (file) => prompt(file, { task: { kind: 'generate', longest: 9 } }), 'one text'],
    ['a huge weight', (file) => voice(file, -1, { weight: 11 }), 'weight'],
    ['a word twice', (file) => counts(file, { vocabulary: ['a', 'a'] }), 'do not fit together'],
    ['a label that is not there', (file) => counts(file, { known: [0, 7] }), 'do not fit together'],
    ['too few weights', (file) => counts(file, { weights: { $float64: '' } }), 'do not fit together'],
    ['no voice', (file) => prompt(file, { voices: [] }), 'at version.prompt.voices'],
    ['a fallback with other labels', (file) => fallback(file, ['x', 'y']), 'other labels'],
    [
      'a check row of another length',
      (file) => ({ ...file, checkRows: [{ cells: {}, inputIds: [], logProbs: [1], target: null }] }),
      'check row',
    ],
  ];
  type Packed = { readonly prompt: { readonly voices: readonly Json[] } };
  const prompt = (file: Json, change: object) => {
    const version = file.version as Packed;
    return { ...file, version: { ...version, prompt: { ...version.prompt, ...change } } };
  };
  const voice = (file: Json, at: number, change: object) => {
    const { voices } = (file.version as Packed).prompt;
    const place = at < 0 ? voices.length + at : at;
    return prompt(file, { voices: voices.with(place, { ...voices[place], ...change }) });
  };
  const first = (file: Json, change: object) => voice(file, 0, change);
  const vectors = (file: Json, change: object) => {
    const { soft } = (file.version as Packed).prompt.voices[0] as Json;
    return first(file, { soft: { ...(soft as object), ...change } });
  };
  const counts = (file: Json, change: object) => {
    const { counts: own } = (file.version as Packed).prompt.voices.at(-1) as Json;
    return voice(file, -1, { counts: { ...(own as object), ...change } });
  };
  const relabelled = ({ prompt: own, ...of }: Packed, labels: readonly string[]) => ({
    ...of,
    prompt: {
      ...own,
      task: { kind: 'classify', labels },
      voices: own.voices.map((each) =>
        'words' in each
          ? { ...each, words: labels.map((label, i) => ({ ...(each.words as Json[])[i], label })) }
          : each,
      ),
    },
  });
  const fallback = (file: Json, labels: readonly string[]) => ({
    ...file,
    fallback: relabelled(file.version as Packed, labels),
  });
  const nan = (length: number) => Buffer.from(new Float32Array(length).fill(Number.NaN).buffer).toString('base64');

  it.each(spoilt)('is refused with a sentence: %s', async (_, spoil, why) => {
    const file = JSON.parse(packageJson(await made(several([4], 0.5)))) as Json;
    const found = packageIn(spoil(file));
    expect(found.ok ? 'read' : found.error.message).toContain(why);
  });

  it('keeps a label named __proto__', async () => {
    const file = JSON.parse(packageJson(await made(tuned(1)))) as Json;
    const labels = ['__proto__', 'constructor'];
    const renamed = { ...file, version: relabelled(file.version as Packed, labels) };
    expect(labelsOf(unwrap(packageIn(renamed)).version.prompt)).toEqual(labels);
  });
});
