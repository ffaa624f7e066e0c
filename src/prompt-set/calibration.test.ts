import { describe, expect, it } from 'vitest';
import { present } from '../lib/assert';
import { firstText } from '../prompt/prompt';
import { createRouter } from '../route/router';
import { armsOf } from './arms';
import { keepArm, recordComparison, setThreshold, versionOfArm, versionsCompared } from './calibration';
import { addWritten, recalibrate } from './make-versions';
import { alone } from './planned';
import { changeTask, createPromptSet } from './prompt-set';
import { versionIn, versionsIn, withRun } from './test-support';
import type { ClassifyEvaluation, PromptSet } from './types';
import { changeVersion, promptOf, wordsOf } from './versions';

const NOW = '2026-01-01T00:00:00.000Z';
const WORDS = [
  { label: 'bad', word: ' bad' },
  { label: 'good', word: ' good' },
];

function made(shots = 0): PromptSet {
  const task = { name: 'Tone', baseTemplate: '{text}', datasetFingerprint: 'f', datasetName: 'a.csv', taken: [] };
  const empty = createPromptSet({ id: 's', now: NOW }, { ...task, words: WORDS });
  const prompt = { template: 'Say it. {text}', shots, shotSeed: 0 };
  const { set } = addWritten(empty, { id: 'h', now: NOW }, { text: prompt });
  return withRun(set, { id: 'r' });
}

const AT_80 = { value: 0.8, rows: 48, answered: 30, correct: 29 };
const FIT = { meanLogProbs: [-3, -0.05], rows: 48 };

/** Compared with each arm calibrated, or not. */
function compared(calibrated: Readonly<Record<string, boolean>>, set = made()): ClassifyEvaluation {
  const plan = { arms: Object.keys(calibrated).map((id) => ({ id, name: id, calibration: FIT })) };
  const arms = Object.entries(calibrated).map(([id, isCalibrated]) => ({ id, calibrated: isCalibrated }));
  const found = { plan, comparison: { arms } } as unknown as ClassifyEvaluation;
  const asked = Object.entries(versionsIn(set)).filter(([id]) => id in calibrated);
  const versions = Object.fromEntries(
    asked.map(([id, version]) => {
      const calibration = calibrated[id] ? FIT : null;
      return [id, { ...version, calibrated: true, prompt: { ...version.prompt, calibration } }];
    }),
  );
  return { ...found, kind: 'classify', id: 'c', writtenVersion: 'h', trainedVersion: 'r', versions };
}

describe('the calibration of a version', () => {
  it('is what its first comparison decided: later ones count as uses of the test rows and change no version', () => {
    const set = recordComparison(made(), compared({ untuned: true, yours: true, tuned: false }), NOW);
    expect(set.versions.map(({ prompt }) => prompt.calibration)).toEqual([FIT, null]);
    expect(set.testLooks).toBe(1);
    const again = recordComparison(set, compared({ untuned: true, yours: false, tuned: true }), NOW);
    expect({ ...again, testLooks: 1 }).toEqual(set);
    expect(again.testLooks).toBe(2);
  });

  it('is another one in another version, which is Yours or Tuned in its place', () => {
    const compare = compared({ yours: true, tuned: false });
    const set = setThreshold(recordComparison(made(), compare, NOW), 'h', AT_80, NOW);
    const hand = recalibrate(set, 'h', null, { id: 'h2', now: NOW });
    const copy = { ...versionIn(set, 'h'), id: 'h2', number: 2, name: 'Version 1, recalibrated' };
    const prompt = { ...copy.prompt, calibration: null, threshold: null };
    expect(hand.versions).toEqual([...set.versions, { ...copy, prompt }]);
    expect([hand.chosenWritten, hand.chosenTrained]).toEqual(['h2', 'r']);
    const run = recalibrate(set, 'r', FIT, { id: 'r2', now: NOW });
    expect(run.versions.slice(1).map(({ id, prompt: { calibration } }) => [id, calibration])).toEqual([
      ['r', null],
      ['r2', FIT],
    ]);
    expect([run.chosenWritten, run.chosenTrained]).toEqual(['h', 'r2']);
    // one that is not in use replaces nothing
    expect(recalibrate(run, 'r', FIT, { id: 'r3', now: NOW }).chosenTrained).toBe('r2');
  });

  it('of a mean of runs makes a version that is no arm of the comparison, as none answered so', () => {
    const own = compared({ tuned: true });
    const id = 'mean';
    const mean = { ...own, versions: { ensemble: { ...present(own.versions.tuned, 'tuned'), id, number: 0 } } };
    const kept = keepArm(made(), mean, 'ensemble', { now: NOW });
    const copied = recalibrate(kept, id, null, { id: 'm2', now: NOW });
    expect(copied.versions.map((each) => each.id)).toEqual(['h', 'r', id, 'm2']);
    expect(versionOfArm(copied, mean, 'ensemble')).toBe(id);
    const without = { ...copied, versions: copied.versions.filter((each) => each.id !== id) };
    expect(versionOfArm(without, mean, 'ensemble')).toBeNull();
  });

  it('is open for labels that it was not fitted on', () => {
    const set = recordComparison(made(), compared({ yours: true, tuned: false }), NOW);
    const decided = (of: PromptSet) =>
      armsOf(of).arms.flatMap(({ id, version: own }) => (own.calibrated ? [[id, own.prompt.calibration]] : []));
    expect(decided(set)).toEqual([
      ['yours', FIT],
      ['tuned', null],
    ]);
    expect(decided(changeTask(set, { words: [...WORDS, { label: 'mixed', word: ' mixed' }] }, NOW))).toEqual([]);
  });

  it('is that of the prompt as it is written, not that of the same text without its examples', () => {
    const found = compared({ yours: false, 'yours-0': true, tuned: false }, made(8));
    expect(versionIn(recordComparison(made(8), found, NOW), 'h').prompt.calibration).toBeNull();
  });

  it('stays with its version and its answer words when the set gets other words', () => {
    const found = recordComparison(made(), compared({ yours: true, tuned: true }), NOW);
    const set = setThreshold(setThreshold(found, 'h', AT_80, NOW), 'r', AT_80, NOW);
    const other = changeTask(set, { words: [{ label: 'bad', word: ' poor' }, ...WORDS.slice(1)] }, NOW);
    for (const id of ['h', 'r'])
      expect(versionIn(other, id).prompt).toMatchObject({
        voices: [{ words: WORDS }],
        calibration: FIT,
        threshold: AT_80,
      });
    // the same text with the new words is another version, without one
    const { version } = addWritten(other, { id: 'h2', now: NOW }, { text: firstText(versionIn(set, 'h').prompt) });
    const prompt = { calibration: null, threshold: null };
    expect(version).toMatchObject({ id: 'h2', number: 2, calibrated: false, prompt });
  });

  it('follows the order of the labels, which other rows can change', () => {
    const set = recordComparison(made(), compared({ yours: true, tuned: true }), NOW);
    const other = changeTask(set, { words: WORDS.toReversed() }, NOW);
    expect(versionIn(other, 'h').prompt.calibration).toEqual({ meanLogProbs: [-0.05, -3], rows: 48 });
    const back = changeTask(
      changeTask(other, { words: [WORDS[1], { label: 'bad', word: ' x' }] as never }, NOW),
      { words: WORDS },
      NOW,
    );
    expect(versionIn(back, 'h').prompt).toMatchObject({ voices: [{ words: WORDS }], calibration: FIT });
  });

  it('changes the answers of the router', async () => {
    expect((await answerOf(made())).label).toBe('good');
    const calibrated = recordComparison(made(), compared({ tuned: true }), NOW);
    expect(versionIn(calibrated, 'r').prompt.calibration).toEqual(FIT);
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
  const router = createRouter({ host: host as never });
  return router.classify(alone(versionIn(set, 'r')), 'x');
}

describe('the threshold of a version', () => {
  it('is its own, is taken away again, and marks the answers of the router', async () => {
    const set = setThreshold(made(), 'r', AT_80, NOW);
    expect(set.versions.map(({ prompt }) => prompt.threshold)).toEqual([null, AT_80]);
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
    const same = changeVersion(set, 'h', { prompt: promptOf(set, { template: '{text}', shots: 0, shotSeed: 0 }) }, NOW);
    const found = compared({ untuned: true, yours: true, tuned: true }, same);
    expect([...versionsCompared(same, found)]).toEqual([
      ['yours', 'h'],
      ['tuned', 'r'],
    ]);
  });
});

describe('a text that was compared, yours with other examples', () => {
  const found = compared({ untuned: true, yours: false, 'yours-8': true, tuned: false });
  const at = { now: NOW };
  const [examples, bare] = ['asked yours-8', 'asked untuned'];

  it('is saved as a version with its examples and calibration, and is that arm from then on', () => {
    const before = recordComparison(made(), found, NOW);
    const set = keepArm(before, found, 'yours-8', at);
    expect(set.versions.slice(0, -1)).toEqual(before.versions);
    expect(versionIn(set, examples)).toMatchObject({
      number: 2,
      name: 'Version 1, 8 examples',
      prompt: { voices: [{ template: 'Say it. {text}', shots: 8 }], calibration: FIT },
    });
    expect(set.chosenWritten).toBe('h');
    expect(versionOfArm(set, found, 'yours-8')).toBe(examples);
    expect(keepArm(set, found, 'yours-8', at)).toBe(set);
    // it keeps its calibration, as any other version
    const newer = compared({ untuned: true, yours: false, 'yours-8': false, tuned: false });
    expect(versionIn(recordComparison(set, newer, NOW), examples).prompt.calibration).toEqual(FIT);
  });

  it('keeps the answer words that it was compared with', () => {
    const other = WORDS.map(({ label }, i) => ({ label, word: [' poor', ' fine'][i] ?? '' }));
    const set = keepArm(changeTask(recordComparison(made(), found, NOW), { words: other }, NOW), found, 'yours-8', at);
    expect(set.words).toEqual(other);
    expect(wordsOf(versionIn(set, examples))).toEqual(WORDS);
  });

  it('as well as the text of the tuned prompt, which answers without vectors from then on', () => {
    const set = keepArm(recordComparison(made(), found, NOW), found, 'untuned', at);
    expect(versionIn(set, bare)).toMatchObject({
      name: 'Text of tuned 1',
      prompt: { voices: [{ template: '{text}', shots: 0 }], calibration: FIT },
    });
    expect([set.chosenWritten, versionOfArm(set, found, 'untuned')]).toEqual(['h', bare]);
    expect(keepArm(set, found, 'untuned', at)).toBe(set);
  });

  it.each(['tuned', 'yours', 'combined', '__proto__'])('is not %s, which changes nothing', (arm) => {
    const set = made();
    expect(keepArm(set, found, arm, at)).toBe(set);
  });
});
