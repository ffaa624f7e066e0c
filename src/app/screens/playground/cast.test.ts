import { describe, expect, test } from 'vitest';
import { rowsById } from '../../../dataset/labels';
import { comparedLogProbs } from '../../../evaluation/classify/outcome';
import { present } from '../../../lib/assert';
import { uninterrupted } from '../../../lib/control';
import { logSoftmax } from '../../../metrics/classification';
import { softOf, textsOf } from '../../../prompt/prompt';
import { recordComparison } from '../../../prompt-set/calibration';
import { addWritten } from '../../../prompt-set/make-versions';
import { alone, type Choice, firstOf } from '../../../prompt-set/planned';
import { changeTask, createPromptSet } from '../../../prompt-set/prompt-set';
import { moveStage } from '../../../prompt-set/stages';
import { askedOf, calibratedAs, withTexts, writtenIn } from '../../../prompt-set/test-support';
import { createRouter } from '../../../route/router';
import { setOf } from '../../../route/test-support';
import { compare } from '../../../workflow/compare';
import { answerOf, fakeHost, NOW, prepared, promptSet } from '../../../workflow/fake-host.test-support';
import { SILENT } from '../../../workflow/host';
import { answerText } from '../../../workflow/play';
import type { SampleSet } from '../../state/site-files';
import { sameBefore, setCast, shippedCast } from './cast';

const shipped = askedOf({
  text: { template: '{text}\nA:' },
  softs: [{ placement: 'suffix', vectors: new Float32Array(2), virtualTokens: 1, hidden: 2 }],
  calibration: { meanLogProbs: [-1, -2], rows: 9 },
  model: { id: 'm', dtype: 'fp32', sha256: 'w' },
});
const sample = { example: 'One.', examples: [{ fields: { text: 'Two.' }, right: 'a' }] } as unknown as SampleSet;

describe('without an open prompt set', () => {
  test('asks the prompt that ships with the page, with the examples of the sample', () => {
    const cast = shippedCast(shipped, sample, 'w');
    expect(cast.players.map(({ id, plan }) => [id, softOf(firstOf(plan).prompt) !== null])).toEqual([
      ['untuned', false],
      ['tuned', true],
    ]);
    expect(cast.examples).toEqual([
      { fields: { text: 'One.' }, right: null },
      { fields: { text: 'Two.' }, right: 'a' },
    ]);
    expect(shippedCast(shipped, null, null).players).toHaveLength(2);
  });

  test('leaves its vectors out on other weights', () => {
    const cast = shippedCast(shipped, sample, 'other');
    expect(cast.players.map(({ id }) => id)).toEqual(['untuned']);
    expect(cast.shipped).toEqual({ modelId: 'm', fits: false });
  });
});

test('asks a chat prompt as a message, and the untuned text as it is', () => {
  const at = (id: string) => ({ id, now: '2026-01-01T00:00:00.000Z' });
  const bare = createPromptSet(at('set'), {
    name: 'x',
    words: [{ label: 'a', word: ' a' }],
    baseTemplate: '{text}\nA:',
    datasetFingerprint: 'f',
    datasetName: 'a.csv',
    taken: [],
  });
  const prompt = { template: 'Sort.\n{text}\nA:', shots: 0, shotSeed: 0, chat: true };
  const { set } = addWritten(bare, at('h'), { name: 'Chat', text: prompt });
  expect(
    setCast(set, null, null).players.map(({ id, plan }) => [id, textsOf(firstOf(plan).prompt)[0]?.chat ?? false]),
  ).toEqual([
    ['untuned', false],
    ['yours', true],
  ]);
});

const words = [
  { label: 'bad', word: ' bad' },
  { label: 'good', word: ' good' },
];
const empty = createPromptSet(
  { id: 's', now: '2026-01-01' },
  { name: 'Tone', words, baseTemplate: '{text}', datasetFingerprint: null, datasetName: null, taken: [] },
);
const hand = (set: typeof empty, id: string, template: string, shots = 0) =>
  addWritten(set, { id, now: `2026-01-0${id.slice(1)}` }, { text: { template, shots, shotSeed: 0 } }).set;
const set = moveStage(
  hand(hand(empty, 'h2', 'A {text}'), 'h3', 'B {text}', 4),
  { stage: 'production', to: 'h2' },
  'now',
);

const PRODUCTION: Choice = { kind: 'stage', stage: 'production' };
const version = (id: string): Choice => ({ kind: 'version', id });
const castWith = (also: Choice | null, of = set) => setCast(of, null, null, { also });
const extraOf = (also: Choice | null, of = set) => castWith(also, of).players.find(({ id }) => id === 'extra');

test('says which prompt is the same as one before it', () => {
  const twins = ({ players }: ReturnType<typeof castWith>) =>
    players.map((player) => [player.id, sameBefore(players, player)?.id]);
  expect(twins(castWith(null, hand(empty, 'h2', '{text}')))).toEqual([
    ['untuned', undefined],
    ['yours', 'untuned'],
  ]);
  expect(twins(castWith(version('h2'))).map(([, twin]) => twin)).toEqual([undefined, undefined, 'yours']);
});

test('asks the version that a stage points to', () => {
  expect(extraOf(null)).toBeUndefined();
  expect(extraOf(PRODUCTION)).toMatchObject({
    title: 'production: hand-written 1',
    plan: { asked: { prompt: { voices: [{ template: 'A {text}' }] } } },
  });
  expect(extraOf(version('h2'))).toMatchObject({
    title: 'hand-written 1',
    side: 'a',
    plan: { asked: { prompt: { voices: [{ soft: null }] } }, fallback: null },
  });
});

test('asks your prompt too where the policy of the set lets it answer for a stage', () => {
  const info = { hidden: 2, sha256: 'w' };
  const tuned = { ...setOf('Tone', ['bad', 'good'], info, 1), policy: { kind: 'fallback', rowTimeoutMs: 9 } } as const;
  expect(extraOf(PRODUCTION, tuned)?.plan).toMatchObject({
    policy: { kind: 'fallback', rowTimeoutMs: 9 },
    fallback: { number: 1, prompt: { voices: [{ template: 'Say it. {text}\nAnswer:', soft: null }] } },
    asked: { prompt: { threshold: null }, model: { sha256: 'w' } },
  });
  const isAlone = (which: Choice, of: typeof tuned | typeof set) => extraOf(which, of)?.plan.fallback === null;
  expect(isAlone(version('Tone-ttt'), tuned)).toBe(true);
  expect(isAlone(PRODUCTION, { ...tuned, policy: { kind: 'as-asked' } })).toBe(true);
  expect(isAlone(PRODUCTION, { ...set, policy: { kind: 'fallback' } })).toBe(true);
  expect(castWith(PRODUCTION, withTexts(tuned, { shots: 4 })).trouble).toContain(
    'Its examples are rows of its prompt set',
  );
});

test.each<readonly [Choice, string]>([
  [{ kind: 'stage', stage: 'staging' }, 'TONE has no stage “staging”; it has production.'],
  [version('gone'), 'no longer in the library'],
  [version('h3'), 'Its examples are rows of its prompt set'],
])('never asks another version in place of %o', (which, why) => {
  expect(extraOf(which)).toBeUndefined();
  expect(castWith(which).trouble).toContain(why);
});

test('keeps a version’s own answer words, and leaves it out when its labels differ', () => {
  const reworded = changeTask(set, { words: words.map((w) => ({ ...w, word: ` ${w.label}!` })) }, 'later');
  expect(extraOf(PRODUCTION, reworded)?.plan.asked?.prompt.voices).toMatchObject([{ words }]);
  const relabelled = changeTask(set, { words: words.slice(1) }, 'later');
  expect(castWith(PRODUCTION, relabelled).trouble).toContain('other labels');
});

test('answers as the comparison does, and one text alike on every card, in Compare, the playground and the router', async () => {
  // prefers the first label whatever it reads, so that calibration clearly helps
  const { host } = fakeHost(undefined, (text, soft) => {
    const [bad = 0, good = 0] = answerOf(text, soft);
    return logSoftmax([bad + 3, good]);
  });
  const dataset = await prepared();
  const own = promptSet(dataset);
  const { id: written } = present(writtenIn(own)[0], 'hand-written version');
  for (const isSameText of [false, true]) {
    const of = isSameText ? withTexts(own, { template: own.baseTemplate }) : own;
    const { evaluation } = await compare(host, { set: of, dataset }, SILENT);
    if (evaluation.kind !== 'classify') throw new Error('labels');
    const { plan, comparison } = evaluation;
    const after = recordComparison(of, evaluation, NOW);
    const cast = setCast(after, dataset, null);
    const [rowId = ''] = plan.rowIds;
    const fields = { text: rowsById(dataset.table.rows).get(rowId)?.cells.text ?? '' };
    const shown = async (id: string) => {
      const player = present(
        cast.players.find((each) => each.id === id),
        id,
      );
      const answer = await answerText(host, { plan: player.plan, fields }, SILENT);
      return answer.kind === 'classify' ? answer.probabilities : [];
    };
    for (const id of ['untuned', 'yours', 'tuned']) {
      const arm = present(
        plan.arms.find((each) => each.id === id),
        id,
      );
      const [row = []] = comparedLogProbs({ ...arm, logProbs: arm.logProbs.slice(0, 1) }, plan);
      expect(await shown(id)).toEqual(row.map(Math.exp));
    }
    const isOn = (id: string) => comparison.arms.find((arm) => arm.id === id)?.calibrated;
    expect([isOn('untuned'), isOn('yours')]).toEqual([true, true]);
    if (!isSameText) continue;
    expect(await shown('untuned')).toEqual(await shown('yours'));
    const typed = alone(present(writtenIn(after)[0], 'a version'), dataset);
    const routed = await createRouter({ host }).classify(typed, fields, uninterrupted);
    expect(routed.probabilities).toEqual(await shown('untuned'));
    expect(writtenIn(after).find(({ id }) => id === written)?.prompt.calibration).not.toBeNull();
  }
});

test('calibrates Untuned as the version that has its text, and not at all before anything was decided', async () => {
  const dataset = await prepared();
  const own = promptSet(dataset);
  const calibration = { meanLogProbs: [-1, -2], rows: 48 };
  const withText = (template: string) => calibratedAs(withTexts(own, { template }), 'h', calibration);
  const of = (set: typeof own) =>
    setCast(set, dataset, null).players.map(({ id, plan }) => [id, plan.asked?.prompt.calibration ?? null]);
  expect(of(withText(own.baseTemplate)).slice(0, 2)).toEqual([
    ['untuned', calibration],
    ['yours', calibration],
  ]);
  expect(of(withText('Other. {text}'))[0]).toEqual(['untuned', null]);
});
