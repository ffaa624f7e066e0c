import { describe, expect, it, test } from 'vitest';
import { fitWords, wordAnswers } from '../metrics/logistic';
import { countsOf } from '../prompt/prompt';
import { askedOf, asking } from '../prompt-set/test-support';
import { type ArmExport, armJson, readArm } from './arm-file';
import { readIncoming } from './incoming';
import { recognise } from './recognise';

const TEXTS = ['It never came', 'It came broken', 'Thank you all', 'Lovely, thank you', 'Where is it?', 'Is it there?'];
const words = fitWords(TEXTS, [0, 0, 1, 1, 2, 2], 3);
const soft = (seed: number) => ({
  ...{ placement: 'infix' as const, virtualTokens: 2, hidden: 3 },
  vectors: Float32Array.from({ length: 6 }, (_, i) => Math.sin(seed + i)),
});
const LABELS = ['complaint', 'praise', '__proto__'];
/** `{ __proto__: … }` would set the prototype. */
const byLabel = (value: (i: number) => number) => Object.fromEntries(LABELS.map((label, i) => [label, value(i)]));

const TEMPLATE = 'Message {{1}}: {text}\nTone:';
const THRESHOLD = { value: 0.8, rows: 20, answered: 10, correct: 9 };
const MODEL = { id: 'm', dtype: 'q4', sha256: 'a'.repeat(64), weights: null };

function exported(given: Parameters<typeof askedOf>[0]): ArmExport {
  const own = LABELS.map((label) => ({ label, word: ` ${label}` }));
  const calibration = { meanLogProbs: [-1, -2.5, -0.25], rows: 48 };
  const asked = askedOf({
    handle: 'TONE',
    name: 'Tuned with words',
    text: { template: TEMPLATE },
    words: own,
    ...given,
  });
  return {
    ...{ producer: 'test', name: 'Tone', createdAt: '2026-01-01' },
    asked: asking({ ...asked, model: given?.softs ? MODEL : null }, { calibration, threshold: THRESHOLD }),
    tokenIds: LABELS.map((_, i) => [i + 1]),
    model: MODEL,
    tokenizerSha256: 'b'.repeat(64),
    columns: { text: 'body', label: 'tone' },
    cueTokenIds: given?.softs ? [4, 5] : [],
    checkRows: [{ cells: { text: 'x' }, inputIds: [1, 2], logProbs: byLabel((i) => -i - 0.1) }],
    userRows: 0,
  };
}

const softs = [soft(1), soft(2)];
const combined = exported({ softs, counted: { model: words, weight: 0.35 }, route: 'combined' });

const bytesOf = (text: string) => new TextEncoder().encode(text);
const here = { id: 'i', now: '2026-01-02', taken: [] };

test('a combined prompt is read back with every number, and its words answer the same', () => {
  const read = readArm(bytesOf(armJson(combined)));
  if (!read.ok) throw new Error(read.error.message);
  expect(read.value).toEqual(combined);
  const model = countsOf(read.value.asked.prompt);
  expect(model && wordAnswers(model)(TEXTS)).toEqual(wordAnswers(words)(TEXTS));
});

const trained = exported({
  ...{ counted: { model: words, weight: 0.35 }, route: 'combined' },
  softs: softs.map((each, i) => ({
    ...each,
    answerShift: Float32Array.from({ length: 9 }, (_, j) => i - j / 8),
  })),
});

test('trained answer words go along, each with its vectors, in a format that earlier releases refuse', () => {
  const file = armJson(trained);
  expect([JSON.parse(armJson(combined)).formatVersion, JSON.parse(file).formatVersion]).toEqual([1, 2]);
  const read = readArm(bytesOf(file));
  expect(read.ok && read.value).toEqual(trained);
});

test.each([
  ['belong to fewer vectors', (shift: string[]) => shift.slice(1)],
  ['have other sizes', (shift: string[]) => [...shift.slice(1), 'AAAA']],
  ['are not finite', (shift: string[]) => shift.map(() => Buffer.alloc(36, 0xff).toString('base64'))],
])('trained answer words are refused that %s', (_, change) => {
  const parts = JSON.parse(armJson(trained));
  parts.vectors.answerShift = change(parts.vectors.answerShift);
  expect(readArm(bytesOf(JSON.stringify(parts)))).toMatchObject({ ok: false, error: { kind: 'bad-arm' } });
});

type Parts = Record<string, unknown> & { vectors: Record<string, unknown>; words: Record<string, unknown> };

/** The file after a change. */
const changed = (change: (parts: Parts) => void): string => {
  const parts = JSON.parse(armJson(combined)) as Parts;
  change(parts);
  return JSON.stringify(parts);
};
const set = (key: string, value: unknown) => changed((parts) => Object.assign(parts, { [key]: value }));
const inWords = (key: string, value: unknown) => changed((parts) => Object.assign(parts.words, { [key]: value }));
const inVectors = (key: string, value: unknown) => changed((parts) => Object.assign(parts.vectors, { [key]: value }));
const float64 = (...values: number[]) => Buffer.from(Float64Array.from(values).buffer).toString('base64');

const BAD: readonly (readonly [what: string, text: string, reason: RegExp])[] = [
  ['is cut', armJson(combined).slice(0, 300), /not valid JSON/],
  ['is empty', '', /not valid JSON/],
  ['is a list', '[]', /its format is not/],
  ['is null', 'null', /its format is not/],
  ['is nested beyond the stack', '['.repeat(200_000), /not valid JSON/],
  ['has another format', set('format', 'softprompt-ensemble'), /its format is not/],
  ['is of a newer version', set('formatVersion', 3), /newer version.+format 3/],
  ['is of version 0', set('formatVersion', 0), /formatVersion/],
  ['has one label', set('labels', [{ label: 'a', word: 'a', tokenIds: [1] }]), /labels/],
  [
    'has a label twice',
    set(
      'labels',
      LABELS.map(() => ({ label: 'a', word: 'a', tokenIds: [1] })),
    ),
    /two labels are equal/,
  ],
  [
    'has a word without tokens',
    set(
      'labels',
      LABELS.map((label) => ({ label, word: label, tokenIds: [] })),
    ),
    /no token/,
  ],
  ['has a weight above 1', set('weight', 1.5), /weight/],
  ['has a weight that is no number', set('weight', null), /weight/],
  ['leaves a rest to words that are not there', set('words', null), /the weight leaves room/],
  ['has no text for its weight', changed((parts) => Object.assign(parts, { texts: [], vectors: null })), /no text/],
  ['has vectors without a text', set('texts', []), /no text around/],
  ['has a text without a place', set('texts', ['Tone:']), /no place for \{text\}/],
  ['has a text that is not a template', set('texts', ['{text} {']), /not a template/],
  ['has no model', set('model', null), /needs a model/],
  ['has a checksum that is none', changed(({ model }) => Object.assign(model as object, { sha256: 'x' })), /sha256/],
  ['has vectors of another size', inVectors('hidden', 4), /not 2 of 4 numbers/],
  ['has enormous vectors', inVectors('hidden', 1e12), /hidden/],
  ['has vectors that are no base64', inVectors('float32', ['%%%%']), /base64/],
  [
    'has a vector that is not finite',
    inVectors('float32', [Buffer.from(Float32Array.of(1, 2, Number.NaN, 4, 5, 6).buffer).toString('base64')]),
    /each finite/,
  ],
  ['has vectors nowhere', inVectors('placement', 'middle'), /placement/],
  ['has no vectors in its list', inVectors('float32', []), /float32/],
  ['lists a word twice', inWords('features', [...words.vocabulary.slice(1), words.vocabulary[1]]), /listed twice/],
  ['has fewer words than numbers', inWords('features', ['came']), /do not fit/],
  ['has weights that are not finite', inWords('weights', float64(Number.POSITIVE_INFINITY)), /do not fit/],
  ['knows a label that is not there', inWords('knownLabels', [0, 1, 7]), /places of labels/],
  ['knows a label twice', inWords('knownLabels', [0, 1, 1]), /places of labels/],
  ['counts sequences of a thousand words', inWords('ngrams', 1000), /ngrams/],
  ['is calibrated for other labels', set('calibration', { meanLogProbs: [1], rows: 2 }), /calibration/],
  ['has a threshold above 1', set('threshold', { value: 2, rows: 1, answered: 1, correct: 1 }), /threshold/],
  ['has a check row without a label', set('checkRows', [{ cells: {}, inputIds: [], logProbs: {} }]), /check row/],
  ['has cells that are no text', set('checkRows', [{ cells: { text: 1 }, inputIds: [], logProbs: {} }]), /cells/],
];

describe('prompt.json is refused with a sentence where it', () => {
  it.each(BAD)('%s', async (_what, text, reason) => {
    const read = readArm(bytesOf(text));
    expect(read.ok ? 'it was read' : read.error.message).toMatch(reason);
    const incoming = await readIncoming(new Map([['prompt.json', bytesOf(text)]]), here);
    expect(incoming.ok).toBe(false);
  });

  it('is recognised by its content under any name', async () => {
    expect(await recognise('x.txt', bytesOf(armJson(combined)))).toMatchObject({ kind: 'arm', ok: true });
    expect(await recognise('x.csv', bytesOf(set('weight', 3)))).toMatchObject({ kind: 'arm', ok: false });
  });
});

test('vectors become a version with all that answers beside them', async () => {
  const incoming = await readIncoming(new Map([['a.json', bytesOf(armJson(combined))]]), here);
  if (!incoming.ok || incoming.value.kind !== 'set') throw new Error('it was not read as a set');
  const [version] = incoming.value.set.soft;
  const { threshold, calibration } = combined.asked.prompt;
  expect(version).toMatchObject({ name: 'Tuned with words', template: TEMPLATE, threshold, calibration });
  expect(version?.mixed?.voices).toEqual(combined.asked.prompt.voices);
});

test('a text becomes a hand-written version with its calibration and threshold', async () => {
  const alone = exported({});
  const incoming = await readIncoming(new Map([['a.json', bytesOf(armJson(alone))]]), here);
  if (!incoming.ok || incoming.value.kind !== 'set') throw new Error('it was not read as a set');
  const [version] = incoming.value.set.hard;
  expect(version).toMatchObject({ prompt: { template: TEMPLATE, shots: 0 } });
  expect(version?.calibration).toEqual(combined.asked.prompt.calibration);
  expect(version?.threshold).toEqual(combined.asked.prompt.threshold);
  expect(incoming.value.set.words).toEqual(LABELS.map((label) => ({ label, word: ` ${label}` })));
});
