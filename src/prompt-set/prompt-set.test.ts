import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { softOf } from '../prompt/prompt';
import { STANDARD } from '../training/settings';
import { changeHandle, freeHandle, readAddress, readHandle, toHandle, uniqueHandle } from './handle';
import {
  addWritten,
  chooseTrained,
  chooseWritten,
  chosenTrained,
  chosenWritten,
  finishRun,
  openRun,
  recordTry,
  startRun,
  takeFoundPrompt,
  updateRun,
} from './make-versions';
import {
  changeTask,
  createPromptSet,
  deletePromptSet,
  nowAfter,
  renamePromptSet,
  takeBack,
  undoDelete,
} from './prompt-set';
import { answersWith, foundVersion } from './tries';
import type { PromptSet, Version } from './types';
import { wordsOf } from './versions';

const at = (id: string) => ({ id, now: `2026-01-01T00:00:${id.padStart(2, '0')}Z` });
const soft = { placement: 'suffix' as const, vectors: new Float32Array(4), virtualTokens: 2, hidden: 2 };
const make = (name = 'Support tone', taken: string[] = []): PromptSet =>
  createPromptSet(at('1'), {
    name,
    words: [
      { label: 'bad', word: ' bad' },
      { label: 'good', word: ' good' },
    ],
    baseTemplate: 'Message: {text}\nTone:',
    datasetFingerprint: 'f',
    datasetName: 'a.csv',
    taken,
  });
const facts = {
  settings: STANDARD,
  template: 'Message: {text}\nTone:',
  initText: 'Say the tone.',
  model: { id: 'm', sha256: 's', dtype: 'q4' },
  datasetFingerprint: 'f',
  heldBackHash: 'h',
  splitHash: 's',
};

describe('handles', () => {
  test.each([
    ['Support tone', 'SUPPORT_TONE'],
    ['  Für Björn (v2) ', 'FUR_BJORN_V2'],
    ['日本語', 'PROMPT_SET'],
    ['2024 tickets', 'SET_2024_TICKETS'],
  ])('%s -> %s', (name, handle) => expect(toHandle(name)).toBe(handle));

  test('are well-formed and unique for any name', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 20 }), (names) => {
        const taken: string[] = [];
        for (const name of names) taken.push(uniqueHandle(name, taken));
        expect(new Set(taken).size).toBe(taken.length);
        for (const handle of taken) expect(handle).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
      }),
    );
  });
});

describe('a prompt set', () => {
  test('gets a free handle when it is made, and keeps it when it is renamed', () => {
    expect(make('Support tone', ['SUPPORT_TONE']).handle).toBe('SUPPORT_TONE_2');
    const set = make();
    expect(renamePromptSet(set, ' Other   name ', 'now')).toMatchObject({ name: 'Other name', handle: set.handle });
  });

  test('changes its handle only on purpose, and never to one in use or one that programs cannot write', () => {
    expect(readHandle(' tone_2 ', ['TONE'])).toEqual({ ok: true, value: 'TONE_2' });
    expect(changeHandle(make(), 'TONE_2', 'now')).toMatchObject({ handle: 'TONE_2', updatedAt: 'now' });
    expect(readHandle('TONE', ['TONE'])).toMatchObject({ ok: false, error: { kind: 'taken' } });
    for (const typed of ['', '2ND', 'TWO WORDS', 'ÄRGER', 'A'.repeat(49)])
      expect(readHandle(typed, []), typed).toMatchObject({ ok: false, error: { kind: 'not-a-handle' } });
  });

  test('keeps a handle that is free when it comes from elsewhere, and numbers one that is not', () => {
    expect(freeHandle('TONE', [])).toBe('TONE');
    expect(freeHandle('TONE', ['TONE', 'TONE_2'])).toBe('TONE_3');
    expect(freeHandle('not a handle', [])).toBe('NOT_A_HANDLE');
  });

  test.each([
    ['[TONE] Hello', { handle: 'TONE', stage: null, text: 'Hello' }],
    [' [tone_2/Production]\nHello', { handle: 'TONE_2', stage: 'production', text: 'Hello' }],
    ['[TONE]', { handle: 'TONE', stage: null, text: '' }],
    ['Hello [TONE]', null],
    ['[two words] Hello', null],
    ['[2] Hello', null],
    ['[] Hello', null],
    ['[TONE/] Hello', null],
    ['', null],
  ])('is read before a text: %j', (typed, address) => expect(readAddress(typed)).toEqual(address));

  test('keeps every hand-written prompt as a version, each once', () => {
    const one = addWritten(make(), at('2'), { text: { template: 'A {text}', shots: 0, shotSeed: 0 } });
    const two = addWritten(one.set, at('3'), { text: { template: 'B {text}', shots: 0, shotSeed: 0 } });
    const again = addWritten(two.set, at('4'), { text: { template: 'A {text}', shots: 0, shotSeed: 9 } });
    expect(two.set.versions.map((h) => h.number)).toEqual([1, 2]);
    expect(again.version.id).toBe(one.version.id);
    expect(again.set).toBe(two.set);
    expect(chosenWritten(two.set)?.id).toBe(one.version.id);
    const tried = {
      kind: 'classify' as const,
      datasetFingerprint: 'f',
      splitHash: 's',
      with: { ...answersWith(two.version.prompt), seed: 0, model: 'w' },
      accuracy: 0.5,
      macroF1: 0.4,
      confusion: [],
      wrongRowIds: [],
      wrongPredictions: [],
      rows: 4,
      seconds: 1,
    };
    expect(recordTry(two.set, two.version.id, tried, 'now').versions[1]?.tried).toEqual(tried);
  });

  test('keeps a run from its start, with its vectors, and uses it as Tuned if none is better', () => {
    const a = startRun(make(), at('2'), facts);
    expect(openRun(a.set)?.id).toBe('2');
    const paused = updateRun(a.set, '2', { status: 'paused' }, 'now');
    expect([chosenTrained(paused), paused.versions]).toEqual([null, []]);
    const result = { status: 'finished' as const, soft, bestStep: 80, validationAccuracy: 0.8, seconds: 9 };
    const done = finishRun(paused, '2', result, 'now');
    expect(openRun(done)).toBeNull();
    expect(chosenTrained(done)?.id).toBe('2');
    const worse = finishRun(startRun(done, at('3'), facts).set, '3', { ...result, validationAccuracy: 0.7 }, 'now');
    expect(chosenTrained(worse)?.id).toBe('2');
    expect(chosenTrained(chooseTrained(worse, '3', 'now'))?.id).toBe('3');
    expect(() => chooseTrained(startRun(done, at('4'), facts).set, '4', 'now')).toThrow('internal:');
  });

  test('keeps trained answer words with their labels, and offers no others as Tuned', () => {
    const result = { status: 'finished' as const, bestStep: 80, validationAccuracy: 0.8, seconds: 9 };
    const run = { ...result, soft: { ...soft, answerShift: Float32Array.of(1, 2, 3, 4) } };
    const done = finishRun(startRun(make(), at('2'), facts).set, '2', run, 'now');
    const [bad, good] = done.words;
    const to = (...words: (typeof bad)[]) => changeTask(done, { words: words.flatMap((word) => word ?? []) }, 'now');
    const shiftIn = (version: Version | null | undefined) => version && softOf(version.prompt)?.answerShift;
    const shiftOf = (set: PromptSet) => shiftIn(chosenTrained(set));
    expect(shiftOf(to(bad, { label: 'good', word: ' great' }))).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(shiftOf(to(good, bad))).toEqual(Float32Array.of(3, 4, 1, 2));
    const [turned] = changeTask(done, { words: done.words.toReversed() }, 'now').versions;
    expect(shiftIn(turned)).toEqual(Float32Array.of(3, 4, 1, 2));
    expect(turned && wordsOf(turned).map(({ label }) => label)).toEqual(['good', 'bad']);
    const renamed = to(bad, { label: 'great', word: ' great' });
    expect(chosenTrained(renamed)).toBeNull();
    expect(shiftOf(changeTask(renamed, { words: done.words }, 'now'))).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  test('counts uses of the test rows from zero when the rows change, and not before', () => {
    const looked = { ...make(), testLooks: 3 };
    expect(changeTask(looked, { datasetFingerprint: 'f' }, 'now').testLooks).toBe(3);
    expect(changeTask(looked, { datasetFingerprint: 'g' }, 'now').testLooks).toBe(0);
    const mended = changeTask(looked, { datasetFingerprint: 'g', sameTestRows: true }, 'now');
    expect(mended).toMatchObject({ testLooks: 3, datasetFingerprint: 'g' });
    expect(mended).not.toHaveProperty('sameTestRows');
  });

  test('takes back a change made by hand, and keeps everything that came since', () => {
    const before = make();
    const words = before.words.map(({ label }) => ({ label, word: ` ${label}ly` }));
    const after = changeTask(renamePromptSet(before, 'Mood', 'then'), { words }, 'then');
    const since = addWritten(after, at('2'), {
      name: 'mine',
      text: { template: '{text}', shots: 0, shotSeed: 0 },
    });
    const back = takeBack(since.set, before, after, 'now');
    expect(back).toMatchObject({ name: before.name, words: before.words });
    expect(back.versions.map(({ id }) => id)).toEqual(since.set.versions.map(({ id }) => id));
  });

  test('is restored after a deletion without loss', () => {
    const set = make();
    expect(undoDelete(deletePromptSet(set, 'now'), set.updatedAt)).toEqual(set);
  });
});

const AT = Date.parse('2026-03-01T12:00:00.000Z');

test.each([
  ['is the current time', '2026-03-01T11:00:00.000Z', '2026-03-01T12:00:00.000Z'],
  ['is later than before although the clock was moved back', '2026-03-04T09:00:00.000Z', '2026-03-04T09:00:00.001Z'],
  ['is later than before within the same millisecond', '2026-03-01T12:00:00.000Z', '2026-03-01T12:00:00.001Z'],
  ['is the current time if there is no earlier one', null, '2026-03-01T12:00:00.000Z'],
  ['is the current time if the earlier one is not a time', 'yesterday', '2026-03-01T12:00:00.000Z'],
])('nowAfter %s', (_, before, now) => expect(nowAfter(before, AT)).toBe(now));

describe('the winner of a search', () => {
  const search = { candidates: 9, trainingRows: 64, validationRows: 40, loss: 0.4, bareLoss: 0.6 };
  const words = [
    { label: 'bad', word: ' A' },
    { label: 'good', word: ' B' },
  ];
  const hand = (template: string) => ({ template, shots: 0, shotSeed: 0 });
  const calibration = { meanLogProbs: [-1, -2], rows: 48 };
  const winner = { prompt: hand('Found.\n{text}'), name: '“Found.”', words, calibration, tried: null };

  test('is a version of its own, used as Yours, with its words and its calibration', () => {
    const before = addWritten(make(), at('2'), { text: hand('{text}') }).set;
    const { set: after, version } = takeFoundPrompt(before, { winner, search }, at('3'));
    expect(after.versions).toHaveLength(2);
    expect(after.versions[0]).toEqual(before.versions[0]);
    expect(after.chosenWritten).toBe('3');
    expect(version).toMatchObject({
      name: 'Found: “Found.”',
      prompt: { calibration, voices: [{ words }] },
      origin: { kind: 'found', search },
      number: 2,
    });
    expect(after.words).toEqual(before.words);
    expect(foundVersion(after, winner.prompt)).toBe(version);
    expect(foundVersion(after, hand('{text}'))).toBeNull();
    expect(foundVersion(chooseWritten(after, '2', 'x'), winner.prompt)).toBeNull();
  });

  test('is the earlier version where the search has found that, which keeps its name', () => {
    const before = addWritten(make(), at('2'), { text: winner.prompt, name: 'Mine' }).set;
    const own = { ...winner, words: before.words };
    const { set: after } = takeFoundPrompt(before, { winner: own, search }, at('3'));
    expect(after.versions).toHaveLength(1);
    expect(after.versions[0]).toMatchObject({ id: '2', name: 'Mine', origin: { kind: 'found', search } });
    expect(after.versions[0]?.calibrated).toBe(false);
  });

  test('is a version of its own where the same text was compared with another calibration', () => {
    const confusion = { macroF1: 0.5, confusion: [], wrongPredictions: [0] };
    const asked = { words, meanLogProbs: null, longest: null, seed: 0, model: 'w' };
    const on = { datasetFingerprint: 'f', splitHash: 's', with: asked };
    const tried = {
      kind: 'classify' as const,
      ...confusion,
      accuracy: 0.5,
      rows: 2,
      wrongRowIds: ['1'],
      seconds: 1,
      ...on,
    };
    const own = { ...winner, words: make().words, tried };
    const found = takeFoundPrompt(make(), { winner: own, search }, at('2')).set;
    const again = takeFoundPrompt(found, { winner: own, search }, at('3'));
    expect(again.version.id).toBe('2');
    const other = { ...own, calibration: { meanLogProbs: [-2, -1], rows: 48 } };
    for (const calibration of [other.calibration, null]) {
      const { set: after, version } = takeFoundPrompt(found, { winner: { ...other, calibration }, search }, at('4'));
      expect(after.versions[0]).toEqual(found.versions[0]);
      expect(version).toMatchObject({ id: '4', prompt: { calibration } });
      expect(after.chosenWritten).toBe('4');
    }
  });
});
