import { describe, expect, it } from 'vitest';
import { present } from '../lib/assert';
import { firstText, isText, softsOf } from '../prompt/prompt';
import { STANDARD } from '../training/settings';
import { alsoAmong, armsKnowing, armsOf, isOutdated, otherWritten } from './arms';
import { addWritten } from './make-versions';
import { changeTask, createPromptSet } from './prompt-set';
import { versionIn, versionsIn, withRun } from './test-support';
import { promptOf, versionsOf } from './versions';

const at = (id: string) => ({ id, now: '2026-01-01T00:00:00.000Z' });
const task = {
  name: 'x',
  words: [],
  baseTemplate: '{text}\nA:',
  datasetFingerprint: 'f',
  datasetName: 'a.csv',
  taken: [],
};
const set = ['Generic', 'States the policy', 'Short'].reduce(
  (sum, name, i) =>
    addWritten(sum, at(`h${i}`), { name, text: { template: `${name}\n{text}\nA:`, shots: 0, shotSeed: 0 } }).set,
  createPromptSet(at('set'), task),
);
const run = { id: 'r', template: '{text}\nA:' };
const tuned = withRun(set, run);

describe('the arms of a comparison', () => {
  it('are untuned, the chosen hand-written prompt without and with examples, and the tuned prompt', () => {
    expect(otherWritten(set).map(({ name }) => name)).toEqual(['Short', 'States the policy']);
    expect(armsOf(tuned).arms.map(({ id }) => id)).toEqual(['untuned', 'yours', 'yours-8', 'tuned']);
  });

  const written = (shots: number): typeof set => ({
    ...tuned,
    versions: tuned.versions.map((version) =>
      isText(version.prompt)
        ? {
            ...version,
            prompt: promptOf(tuned, {
              ...firstText(version.prompt),
              shots,
              selection: 'random',
              orders: 2,
              chat: true,
            }),
          }
        : version,
    ),
  });

  it('ask the hand-written prompt as it is written, and its text without examples and with eight besides', () => {
    const { arms, pairs } = armsOf(written(4), { also: ['h1'] });
    expect(
      arms.map(({ id, name, kind, version }) => [id, name, kind, firstText(version.prompt).shots, version.id]),
    ).toEqual([
      ['untuned', 'Untuned prompt', 'untuned', 0, ''],
      ['yours', 'Your prompt', 'few-shot', 4, 'h0'],
      ['yours-0', 'Your prompt without examples', 'zero-shot', 0, ''],
      ['yours-8', 'Your prompt + 8 examples', 'few-shot', 8, ''],
      ['hand-h1', 'States the policy', 'few-shot', 4, 'h1'],
      ['tuned', 'Tuned prompt', 'tuned', 0, 'r'],
    ]);
    expect(arms[1] && firstText(arms[1].version.prompt)).toEqual(firstText(versionIn(written(4), 'h0').prompt));
    expect(pairs.slice(0, 4)).toEqual([
      ['yours', 'tuned'],
      ['hand-h1', 'tuned'],
      ['yours-0', 'tuned'],
      ['yours-8', 'tuned'],
    ]);
    expect(armsOf(written(8)).arms.map(({ id }) => id)).toEqual(['untuned', 'yours', 'yours-0', 'tuned']);
  });

  it('keep the answer words of their version', () => {
    const named = (word: string) => [
      { label: 'good', word: ` ${word}` },
      { label: 'bad', word: ' bad' },
    ];
    const before = withRun(changeTask(set, { words: named('good') }, at('x').now), run);
    const after = changeTask(before, { words: named('fine') }, at('x').now);
    const first = (arms: ReturnType<typeof armsOf>) =>
      Object.fromEntries(arms.arms.map(({ id, version }) => [id, firstText(version.prompt).words[0]?.word]));
    expect(first(armsOf(after))).toEqual({ untuned: ' good', yours: ' fine', 'yours-8': ' fine', tuned: ' good' });
    const others = { ...after, words: [{ label: 'new', word: ' new' }, ...after.words] };
    expect(first(armsOf(others)).tuned).toBe(' new');
  });

  it('include other hand-written versions that were chosen, each in a pair with the tuned prompt', () => {
    const { arms, pairs } = armsOf(tuned, { also: ['h1', 'h0', 'gone'] });
    expect(arms.map(({ name }) => name)).toEqual([
      'Untuned prompt',
      'Your prompt',
      'Your prompt + 8 examples',
      'States the policy',
      'Tuned prompt',
    ]);
    expect(pairs.slice(0, 2)).toEqual([
      ['yours', 'tuned'],
      ['hand-h1', 'tuned'],
    ]);
    const armIds = arms.map(({ id }) => id);
    expect(alsoAmong(set, armIds)).toEqual(['h1']);
  });

  it('include the mean of runs that differ only in their seed, and the hybrid', () => {
    const seeds = withRun(tuned, { ...run, id: 's1', settings: { ...STANDARD, seed: 1 } });
    const hybrid = { ...run, id: 'h', template: 'Generic\n{text}\nA:', handVersion: 'h0' };
    const { arms, pairs } = armsOf(withRun(seeds, hybrid));
    expect(arms.slice(3).map(({ id, name, version }) => [id, name, softsOf(version.prompt).length])).toEqual([
      ['tuned', 'Tuned prompt', 1],
      ['ensemble', 'Tuned prompt, mean of 2 seeds', 2],
      ['hybrid', 'Your prompt + vectors', 1],
    ]);
    expect(firstText(present(arms.at(-1), 'hybrid').version.prompt).template).toBe('Generic\n{text}\nA:');
    expect(pairs[0]).toEqual(['yours', 'tuned']);
    expect(pairs.slice(-4)).toEqual([
      ['yours', 'hybrid'],
      ['tuned', 'hybrid'],
      ['yours', 'ensemble'],
      ['tuned', 'ensemble'],
    ]);
  });

  it('are compared with Yours where there is no tuned prompt', () => {
    expect(armsOf(set, { also: ['h1'] }).pairs).toEqual([
      ['untuned', 'yours'],
      ['hand-h1', 'yours'],
    ]);
  });

  it('include every seed by itself where that is asked for', () => {
    const seeds = withRun(tuned, { ...run, id: 's1', settings: { ...STANDARD, seed: 1 } });
    const { arms } = armsOf(seeds, { eachSeed: true });
    expect(arms.slice(3).map(({ id, name }) => [id, name])).toEqual([
      ['tuned', 'Tuned prompt'],
      ['tuned-2', 'Tuned prompt, seed 2 of 2'],
      ['ensemble', 'Tuned prompt, mean of 2 seeds'],
    ]);
  });
});

describe('an arm may know test rows', () => {
  const then = { writtenVersion: set.chosenWritten, trainedVersion: 'r', splitHash: 's' };
  const trained = (heldBackHash: string, splitHash: string) => withRun(set, { ...run, heldBackHash, splitHash });
  const asked = versionsIn(tuned);
  const combined = {
    ...present(asked.tuned, 'tuned'),
    id: 'c',
    number: 0,
    origin: { kind: 'mixed', of: ['r'] } as const,
  };
  const versions = { ...asked, combined };
  const knowing = (of: typeof set, splitHash: string) =>
    armsKnowing(of, { ...then, versions }, { heldBackHash: 'h', splitHash });

  it('where its run, or the run behind it, was trained with other test rows', () => {
    expect(knowing(trained('h', 's'), 's')).toEqual([]);
    expect(knowing(trained('other', 'x'), 's')).toEqual(['tuned', 'combined']);
  });

  it('also of a comparison whose rows were split again since', () => {
    expect(knowing(trained('other', 's'), 'since')).toEqual([]);
    expect(knowing(trained('h', 'since'), 'since')).toEqual(['tuned', 'combined']);
  });
});

describe('a comparison is out of date', () => {
  const words = ['good', 'bad'].map((label) => ({ label, word: ` ${label}` }));
  const other = [{ label: 'good', word: ' fine' }, ...words.slice(1)];
  const before = withRun(changeTask(set, { words }, at('x').now), run);
  const made = {
    writtenVersion: 'h0',
    trainedVersion: 'r',
    versions: versionsIn(before),
    datasetFingerprint: 'f',
    splitHash: 's',
    model: 'w',
    plan: { labels: ['good', 'bad'], arms: [] },
  };
  const opened = { dataset: { fingerprint: 'f', splitHash: 's', seed: 0 }, model: 'w' };
  const on = (change: Partial<(typeof opened)['dataset']>) => ({
    ...opened,
    dataset: { ...opened.dataset, ...change },
  });

  it('on other rows, another split, other weights, or with another version', () => {
    expect(isOutdated(before, made, opened)).toBe(false);
    expect(isOutdated(before, made, { ...opened, model: null })).toBe(false);
    expect(isOutdated(before, made, on({ fingerprint: 'g' }))).toBe(true);
    expect(isOutdated(before, made, on({ splitHash: 't' }))).toBe(true);
    expect(isOutdated(before, made, { ...opened, model: 'v' })).toBe(true);
    expect(isOutdated({ ...before, chosenWritten: 'h1' }, made, opened)).toBe(true);
  });

  it('once the template alone is another one', () => {
    const bare = { ...before, versions: versionsOf(before, 'written'), chosenTrained: null };
    const other = changeTask(bare, { baseTemplate: 'Other: {text}\nA:' }, at('x').now);
    const untuned = { ...made, trainedVersion: null, versions: versionsIn(bare) };
    expect([isOutdated(bare, untuned, opened), isOutdated(other, untuned, opened)]).toEqual([false, true]);
  });

  it('not by corrections of its own labels', () => {
    const reviewed = { ...made, review: { datasetFingerprint: 'g' } };
    expect(isOutdated(before, reviewed, on({ fingerprint: 'g' }))).toBe(false);
  });

  it('once a prompt of its headline answers with other words, and not while each keeps its own', () => {
    // it was never recorded as compared: a draft, which gets the new words
    expect(isOutdated(changeTask(before, { words: other }, at('x').now), made, opened)).toBe(true);
    const compared = { ...before, versions: before.versions.map((version) => ({ ...version, calibrated: true })) };
    expect(isOutdated(changeTask(compared, { words: other }, at('x').now), made, opened)).toBe(false);
  });
});
