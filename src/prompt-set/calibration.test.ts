import { describe, expect, it } from 'vitest';
import { createRouter } from '../route/router';
import { armId, armsOf, ownCalibration } from './arms';
import {
  comparedVersion,
  keepArm,
  recordComparison,
  setThreshold,
  versionOfArm,
  versionsCompared,
} from './calibration';
import { addHardVersion, recalibrate } from './make-versions';
import { changeTask, createPromptSet } from './prompt-set';
import type { ClassifyEvaluation, ComparedVersion, PromptSet, SoftVersion } from './types';

const NOW = '2026-01-01T00:00:00.000Z';
const WORDS = [
  { label: 'bad', word: ' bad' },
  { label: 'good', word: ' good' },
];

function made(shots = 0): PromptSet {
  const task = { name: 'Tone', baseTemplate: '{text}', datasetFingerprint: 'f', datasetName: 'a.csv', taken: [] };
  const empty = createPromptSet({ id: 's', now: NOW }, { ...task, words: WORDS });
  const prompt = { template: 'Say it. {text}', shots, shotSeed: 0 };
  const { set } = addHardVersion(empty, { id: 'h', now: NOW }, { prompt });
  const run = { id: 'r', soft: { placement: 'suffix', vectors: new Float32Array(2), virtualTokens: 1, hidden: 2 } };
  const soft = { ...run, status: 'finished', template: '{text}', settings: {}, model: { sha256: 'w' } };
  return { ...set, soft: [soft], chosenSoft: 'r' } as unknown as PromptSet;
}

const AT_80 = { value: 0.8, rows: 48, answered: 30, correct: 29 };
const never = () => {
  throw new Error('there is no version');
};

const FIT = { meanLogProbs: [-3, -0.05], rows: 48 };

/** Compared with each arm calibrated, or not. */
function compared(calibrated: Readonly<Record<string, boolean>>, set = made()): ClassifyEvaluation {
  const plan = { arms: Object.keys(calibrated).map((id) => ({ id, name: id, calibration: FIT })) };
  const arms = Object.entries(calibrated).map(([id, isCalibrated]) => ({ id, calibrated: isCalibrated }));
  const found = { plan, comparison: { arms } } as unknown as ClassifyEvaluation;
  const asked = armsOf(set).arms.filter(({ id }) => id in calibrated);
  const versions = Object.fromEntries(asked.map((arm) => [arm.id, comparedVersion(arm, found)]));
  return { ...found, ...{ kind: 'classify', id: 'c', hardVersion: 'h', softVersion: 'r' }, versions };
}

describe('the calibration of a version', () => {
  it('is what its first comparison decided: later ones count as uses of the test rows and change no version', () => {
    const set = recordComparison(made(), compared({ untuned: true, yours: true, tuned: false }), NOW);
    expect(set.hard[0]?.calibration).toEqual(FIT);
    expect(set.soft[0]?.calibration).toBeNull();
    expect(set.testLooks).toBe(1);
    const again = recordComparison(set, compared({ untuned: true, yours: false, tuned: true }), NOW);
    expect({ ...again, testLooks: 1 }).toEqual(set);
    expect(again.testLooks).toBe(2);
  });

  it('is another one in another version, which is Yours or Tuned in its place', () => {
    const compare = compared({ yours: true, tuned: false });
    const set = setThreshold(recordComparison(made(), compare, NOW), 'h', AT_80, NOW);
    const hand = recalibrate(set, 'h', null, { id: 'h2', now: NOW });
    expect(hand.hard).toEqual([
      set.hard[0],
      { ...set.hard[0], id: 'h2', number: 2, name: 'Version 1, recalibrated', calibration: null, threshold: undefined },
    ]);
    expect([hand.chosenHard, hand.chosenSoft, hand.soft]).toEqual(['h2', 'r', set.soft]);
    const run = recalibrate(set, 'r', FIT, { id: 'r2', now: NOW });
    expect(run.soft.map(({ id, calibration }) => [id, calibration])).toEqual([
      ['r', null],
      ['r2', FIT],
    ]);
    expect([run.chosenHard, run.chosenSoft, run.hard]).toEqual(['h', 'r2', set.hard]);
    // one that is not in use replaces nothing
    expect(recalibrate(run, 'r', FIT, { id: 'r3', now: NOW }).chosenSoft).toBe('r2');
  });

  it('of a mean of runs makes a version that is no arm of the comparison, as none answered so', () => {
    const own = compared({ tuned: true });
    const mean = { ...own, versions: { ensemble: { ...own.versions.tuned, versionId: null } as ComparedVersion } };
    const set = made();
    const mixed = { from: armId(mean, 'ensemble'), voices: own.versions.tuned?.prompt.voices };
    const kept = { ...set, soft: [...set.soft, { ...set.soft[0], id: 'm', soft: null, mixed } as SoftVersion] };
    const copied = recalibrate(kept, 'm', null, { id: 'm2', now: NOW });
    expect(copied.soft.map(({ id }) => id)).toEqual(['r', 'm', 'm2']);
    expect(versionOfArm(copied, mean, 'ensemble')).toBe('m');
    expect(versionOfArm({ ...copied, soft: copied.soft.filter(({ id }) => id !== 'm') }, mean, 'ensemble')).toBeNull();
  });

  it('is open for labels that it was not fitted on', () => {
    const set = recordComparison(made(), compared({ yours: true, tuned: false }), NOW);
    expect([
      ownCalibration(set, { versionId: 'h' }),
      ownCalibration(set, { versionId: 'r' }),
      ownCalibration(set, { versionId: null }),
    ]).toEqual([FIT, null, undefined]);
    const other = changeTask(set, { words: [...WORDS, { label: 'mixed', word: ' mixed' }] }, NOW);
    expect(ownCalibration(other, { versionId: 'h' })).toBeUndefined();
  });

  it('is that of the prompt as it is written, not that of the same text without its examples', () => {
    const found = compared({ yours: false, 'yours-0': true, tuned: false }, made(8));
    expect(recordComparison(made(8), found, NOW).hard[0]?.calibration).toBeNull();
  });

  it('stays with its version and its answer words when the set gets other words', () => {
    const found = recordComparison(made(), compared({ yours: true, tuned: true }), NOW);
    const set = setThreshold(setThreshold(found, 'h', AT_80, NOW), 'r', AT_80, NOW);
    const other = changeTask(set, { words: [{ label: 'bad', word: ' poor' }, ...WORDS.slice(1)] }, NOW);
    expect(other.hard[0]).toMatchObject({ words: WORDS, calibration: FIT, threshold: AT_80 });
    expect(other.soft[0]).toMatchObject({ words: WORDS, calibration: FIT, threshold: AT_80 });
    // the same text with the new words is another version, without one
    const { version } = addHardVersion(other, { id: 'h2', now: NOW }, { prompt: set.hard[0]?.prompt ?? never() });
    expect(version).toMatchObject({ id: 'h2', number: 2 });
    expect(version).not.toHaveProperty('calibration');
    expect(version).not.toHaveProperty('threshold');
  });

  it('follows the order of the labels, which other rows can change', () => {
    const set = recordComparison(made(), compared({ yours: true, tuned: true }), NOW);
    const other = changeTask(set, { words: WORDS.toReversed() }, NOW);
    expect(other.hard[0]?.calibration).toEqual({ meanLogProbs: [-0.05, -3], rows: 48 });
    expect(other.hard[0]).not.toHaveProperty('words'); // they are the same
    const back = changeTask(
      changeTask(other, { words: [WORDS[1], { label: 'bad', word: ' x' }] as never }, NOW),
      { words: WORDS },
      NOW,
    );
    expect(back.hard[0]).toMatchObject({ words: WORDS, calibration: FIT });
  });

  it('changes the answers of the router', async () => {
    expect((await answerOf(made())).label).toBe('good');
    const calibrated = recordComparison(made(), compared({ tuned: true }), NOW);
    expect(calibrated.soft[0]?.calibration).toEqual(FIT);
    expect((await answerOf(calibrated)).label).toBe('bad');
  });
});

/** What the router says of a row that gets 0.3 and 0.7. */
function answerOf(set: PromptSet) {
  const encode = (text: string) => Int32Array.from([...text], (char) => char.codePointAt(0) ?? 0);
  const host = {
    tokens: { encode, context: 100, tokenizer: {}, breaks: () => [] },
    engine: {
      info: { id: 'm', dtype: 'fp32', sha256: 'w' },
      score: async ({ rows }: { readonly rows: readonly unknown[] }) => ({
        rows: rows.map(() => ({ rowId: '0', tokensSent: 1, logProbs: [Math.log(0.3), Math.log(0.7)] })),
      }),
    },
  };
  const numbered = { ...set, soft: set.soft.map((run) => ({ ...run, number: 1 })) };
  const router = createRouter({ sets: [numbered], host: host as never });
  return router.classify({ handle: set.handle, version: { kind: 'soft', number: 1 } }, 'x');
}

describe('the threshold of a version', () => {
  it('is its own, is taken away again, and marks the answers of the router', async () => {
    const set = setThreshold(made(), 'r', AT_80, NOW);
    expect([set.hard[0]?.threshold, set.soft[0]?.threshold]).toEqual([undefined, AT_80]);
    expect(await answerOf(set)).toMatchObject({ label: 'good', needsReview: true });
    expect(await answerOf(setThreshold(set, 'r', { ...AT_80, value: 0.6 }, NOW))).toMatchObject({ needsReview: false });
    expect(await answerOf(setThreshold(set, 'r', null, NOW))).toMatchObject({ needsReview: false });
  });

  it('belongs to the arms that are exactly a version', () => {
    const found = compared({ untuned: true, yours: true, 'yours-8': true, tuned: true });
    expect(versionsCompared(made(), found)).toEqual(
      new Map([
        ['yours', 'h'],
        ['tuned', 'r'],
      ]),
    );
  });
});

describe('the versions of a comparison', () => {
  it('has yours as one arm where the untuned prompt has the same text', () => {
    const set = made();
    const same = { ...set, hard: set.hard.map((v) => ({ ...v, prompt: { ...v.prompt, template: '{text}' } })) };
    const found = compared({ untuned: true, yours: true, tuned: true }, same);
    expect([...versionsCompared(same, found)]).toEqual([
      ['yours', 'h'],
      ['tuned', 'r'],
    ]);
  });
});

describe('a text that was compared, yours with other examples', () => {
  const found = compared({ untuned: true, yours: false, 'yours-8': true, tuned: false });
  const at = { id: 'kept', now: NOW };

  it('is saved as a version with its examples and calibration, and is that arm from then on', () => {
    const before = recordComparison(made(), found, NOW);
    const set = keepArm(before, found, 'yours-8', at);
    expect(set.hard).toEqual([
      before.hard[0],
      expect.objectContaining({ id: 'kept', number: 2, name: 'Version 1, 8 examples', calibration: FIT }),
    ]);
    expect(set.hard[1]?.prompt).toMatchObject({ template: 'Say it. {text}', shots: 8 });
    expect([set.chosenHard, set.soft]).toEqual(['h', before.soft]);
    expect(versionOfArm(set, found, 'yours-8')).toBe('kept');
    expect(keepArm(set, found, 'yours-8', { ...at, id: 'again' })).toBe(set);
    // it keeps its calibration, as any other version
    const newer = compared({ untuned: true, yours: false, 'yours-8': false, tuned: false });
    expect(recordComparison(set, newer, NOW).hard[1]?.calibration).toEqual(FIT);
  });

  it('keeps the answer words that it was compared with', () => {
    const other = WORDS.map(({ label }, i) => ({ label, word: [' poor', ' fine'][i] ?? '' }));
    const set = keepArm(changeTask(recordComparison(made(), found, NOW), { words: other }, NOW), found, 'yours-8', at);
    expect(set.words).toEqual(other);
    expect(set.hard.at(-1)?.words).toEqual(WORDS);
  });

  it('as well as the text of the tuned prompt, which answers without vectors from then on', () => {
    const before = recordComparison({ ...made(), soft: made().soft.map((run) => ({ ...run, number: 1 })) }, found, NOW);
    const set = keepArm(before, found, 'untuned', at);
    expect(set.hard.at(-1)).toMatchObject({ id: 'kept', name: 'Text of tuned 1', calibration: FIT });
    expect(set.hard.at(-1)?.prompt).toMatchObject({ template: '{text}', shots: 0 });
    expect([set.chosenHard, versionOfArm(set, found, 'untuned')]).toEqual(['h', 'kept']);
    expect(keepArm(set, found, 'untuned', { ...at, id: 'again' })).toBe(set);
  });

  it.each(['tuned', 'yours', 'combined', '__proto__'])('is not %s, which changes nothing', (arm) => {
    const set = made();
    expect(keepArm(set, found, arm, at)).toBe(set);
  });
});
