import { expect, it } from 'vitest';
import type { AnswerWord } from '../task/types';
import { addWritten, recordTry, versionWith } from './make-versions';
import { changeTask, createPromptSet } from './prompt-set';
import { answersWith, differenceWords, shownTry, sinceTry } from './tries';
import type { Opened, PromptSet, TriedWith, TryOf } from './types';
import { changeVersion, promptFor, promptOf } from './versions';

const NOW = '2026-01-01T00:00:00.000Z';
const WORDS = ['bad', 'good'].map((label) => ({ label, word: ` ${label}` }));
const POOR = [{ label: 'bad', word: ' poor' }, ...WORDS.slice(1)];
const PROMPT = { template: 'Say it. {text}\nTone:', shots: 0, shotSeed: 0 };
const OPENED: Opened = { dataset: { fingerprint: 'f', splitHash: 's', seed: 1 }, model: 'w' };
const WITH: TriedWith = { words: WORDS, meanLogProbs: null, longest: null, seed: 1, model: 'w' };
const FIGURES = { accuracy: 0.75, macroF1: 0.7, confusion: [], wrongRowIds: [], wrongPredictions: [], rows: 8 };
const TRIED = {
  kind: 'classify' as const,
  ...FIGURES,
  seconds: 1,
  datasetFingerprint: 'f',
  splitHash: 's',
  with: WITH,
};

const made = (tried: Partial<TryOf<'classify'>> = {}): PromptSet => {
  const task = {
    name: 'Tone',
    baseTemplate: '{text}\nTone:',
    datasetFingerprint: 'f',
    datasetName: 'a.csv',
    taken: [],
  };
  const empty = createPromptSet({ id: 's', now: NOW }, { ...task, words: WORDS });
  const { set } = addWritten(empty, { id: 'h1', now: NOW }, { text: PROMPT });
  return recordTry(set, 'h1', { ...TRIED, ...tried }, NOW);
};

const untried = (): PromptSet => changeVersion(made(), 'h1', { tried: null }, NOW);

const since = (set: PromptSet, opened: Partial<Opened> = {}) => {
  const [version] = set.versions;
  return version ? sinceTry(set, version, { ...OPENED, ...opened }) : null;
};

it('a try holds for its words, rows, split, seed, weights and calibration alone', () => {
  expect(since(made())).toEqual([]);
  expect(since(made(), { dataset: { ...OPENED.dataset, fingerprint: 'g' } })).toEqual(['rows']);
  expect(since(made(), { dataset: { ...OPENED.dataset, splitHash: 't' } })).toEqual(['rows']);
  // the same parts, from which other rows are drawn
  expect(since(made(), { dataset: { ...OPENED.dataset, seed: 2 } })).toEqual(['rows']);
  expect(since(made(), { model: 'v' })).toEqual(['model']);
  expect(since(made({ with: { ...WITH, words: POOR } }))).toEqual(['words']);
  expect(since(made({ with: { ...WITH, meanLogProbs: [-3, -0.1] } }), { model: 'v' })).toEqual([
    'calibration',
    'model',
  ]);
  expect(differenceWords(['calibration', 'model'])).toBe('with another calibration, by another model');
});

it('a calibration holds for the labels of its version alone', () => {
  const calibration = { meanLogProbs: [-3, -0.1], rows: 9 };
  const task = { kind: 'classify', longest: null } as const;
  const asked = (set: readonly AnswerWord[], words = WORDS) =>
    answersWith(
      promptFor({ ...task, words: set }, { prompt: { ...promptOf({ ...task, words }, PROMPT), calibration } }),
    );
  expect(asked(WORDS).meanLogProbs).toEqual([-3, -0.1]);
  expect(asked(WORDS, POOR)).toMatchObject({ words: POOR, meanLogProbs: [-3, -0.1] });
  for (const words of [WORDS.toReversed(), [...WORDS, { label: 'mixed', word: ' mixed' }], WORDS.slice(1)])
    expect(asked(WORDS, words)).toMatchObject({ words: WORDS, meanLogProbs: null });
});

it('no model that is known yet differs from none', () => {
  expect(since(made(), { model: null })).toEqual([]);
});

it('generated texts hold for one longest answer', () => {
  const figures = { rows: 3, rougeL: 0.5, tokenF1: 0.5, exactMatch: 0, loss: 1, seconds: 1, written: [] };
  const wrote = {
    kind: 'generate' as const,
    ...figures,
    datasetFingerprint: 'f',
    splitHash: 's',
    with: { ...WITH, words: [] },
  };
  const set = changeTask(untried(), { words: [], kind: 'generate' }, NOW);
  const kept = recordTry(set, 'h1', wrote, NOW);
  expect(since(kept)).toEqual([]);
  expect(since(changeTask(kept, { longest: 12 }, NOW))).toEqual(['length']);
});

it('other answer words make another version of the same text, and the earlier one keeps its own', () => {
  const set = changeTask(made(), { words: POOR }, NOW);
  expect(set.versions[0]).toMatchObject({ prompt: { voices: [{ words: WORDS }] }, tried: { accuracy: 0.75 } });
  expect(since(set)).toEqual([]); // of that version they still are the figures
  expect(versionWith(set, PROMPT)).toBeNull();
  expect(shownTry(set, PROMPT, OPENED)).toMatchObject({ version: { id: 'h1' }, isOther: true });
  const { set: next, version } = addWritten(set, { id: 'h2', now: NOW }, { text: PROMPT });
  expect(version).toMatchObject({ id: 'h2', tried: null });
  // back to the words of the first one, with the labels in another order
  expect(versionWith(changeTask(next, { words: WORDS.toReversed() }, NOW), PROMPT)?.id).toBe('h1');
});

it('a version that was never used is a draft and gets other answer words', () => {
  const set = changeTask(untried(), { words: POOR }, NOW);
  expect(set.versions[0]).toMatchObject({ prompt: { voices: [{ words: POOR }] } });
  expect(versionWith(set, PROMPT)?.id).toBe('h1');
});

it('a prompt in the editor is shown with its own try, else with that of Yours', () => {
  const other = { ...PROMPT, template: 'Be strict. {text}\nTone:' };
  expect(shownTry(made(), PROMPT, OPENED)).toMatchObject({ version: { id: 'h1' }, isOther: false, differences: [] });
  expect(shownTry(made(), other, OPENED)).toMatchObject({ version: { id: 'h1' }, isOther: true });
  const { set } = addWritten(made(), { id: 'h2', now: NOW }, { text: other });
  expect(shownTry(set, other, OPENED)).toMatchObject({ version: { id: 'h1' }, isOther: true });
  expect(shownTry({ ...set, versions: set.versions.slice(1) }, other, OPENED)).toBeNull();
});
