import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../dataset/types';
import { addWritten } from '../../prompt-set/make-versions';
import { createPromptSet } from '../../prompt-set/prompt-set';
import { withRun } from '../../prompt-set/test-support';
import type { PromptSet, Tried } from '../../prompt-set/types';
import { changeVersion } from '../../prompt-set/versions';
import { isVocabularyComing, judge, modelStanding, type SessionState, stepMarks } from './session-state';

const computer = { wasm: true, crossOriginIsolated: true, cores: 4, memoryGb: 8, phone: false };

describe('what a browser can do', () => {
  it('trains on a computer', () => expect(judge(computer)).toMatchObject({ threads: 4, trainingOff: null }));

  it('trains on one thread where the page is not isolated', () =>
    expect(judge({ ...computer, crossOriginIsolated: false })).toMatchObject({ threads: 1, trainingOff: null }));

  it('uses at most eight threads', () => expect(judge({ ...computer, cores: 32 }).threads).toBe(8));

  it('says why it does not train', () => {
    expect(judge({ ...computer, phone: true }).trainingOff).toContain('phones');
    expect(judge({ ...computer, memoryGb: 2 }).trainingOff).toContain('2 GB in all');
    expect(judge({ ...computer, wasm: false }).trainingOff).toContain('WebAssembly');
  });

  it('trains where the browser does not state the memory', () =>
    expect(judge({ ...computer, memoryGb: null }).trainingOff).toBeNull());
});

it('waits for no model where none is coming: it failed, or the device is for viewing only', () => {
  const of = (kind: string, wasm = true) =>
    ({ capabilities: judge({ ...computer, wasm }), model: { kind }, tokenizer: { kind: 'waiting' } }) as SessionState;
  expect([of('ready'), of('idle'), of('failed'), of('idle', false)].map(modelStanding)).toEqual([
    'ready',
    'loading',
    'none',
    'none',
  ]);
  expect([of('idle'), of('failed'), of('idle', false)].map(isVocabularyComing)).toEqual([true, false, false]);
});

const rows = { split: { train: ['1', '2'], validation: ['3'], test: ['4'] } } as unknown as Dataset;
const EMPTY = createPromptSet(
  { id: 's', now: '2026' },
  { name: 'x', words: [], baseTemplate: '', datasetFingerprint: null, datasetName: null, taken: [] },
);
const set = (change: Partial<PromptSet>, isTried = false): PromptSet => {
  const made = addWritten(EMPTY, { id: 'h', now: '2026' }, { text: { template: '{text}', shots: 0, shotSeed: 0 } }).set;
  return { ...changeVersion(made, 'h', isTried ? { tried } : {}, '2026'), ...change };
};
const tried = { accuracy: 1 } as Tried;

describe('the marks of the journey', () => {
  it('begin with Data', () => {
    const marks = stepMarks(null, null, null);
    expect([marks.data.state, marks.prompts.state, marks.train.state, marks.compare.state]).toEqual([
      'ready',
      'empty',
      'empty',
      'empty',
    ]);
  });

  it('show what is done, with a note', () => {
    const marks = stepMarks(withRun(set({}, true), { id: 'r', status: 'early', seconds: 124 }), rows, null);
    expect(marks.data).toEqual({ state: 'done', note: '4 rows' });
    expect(marks.prompts).toEqual({ state: 'done', note: '1' });
    expect(marks.train).toEqual({ state: 'done', note: '2:04' });
    expect(marks.compare.state).toBe('ready');
  });

  it('do not call a proposal done, nor a paused run', () => {
    const marks = stepMarks(set({}), rows, null);
    expect(marks.prompts.state).toBe('ready');
    const { runs } = withRun(EMPTY, { id: 'r', status: 'paused' });
    expect(stepMarks(set({ runs }), rows, null).compare.state).toBe('empty');
  });

  it('tick neither Data nor Compare of an import whose rows did not come along', () => {
    const marks = stepMarks(set({ testLooks: 2 }, true), null, null);
    expect([marks.data, marks.compare]).toEqual(Array(2).fill({ state: 'empty', note: 'no rows' }));
    expect(marks.prompts.state).toBe('done');
    expect(stepMarks(set({ testLooks: 2 }), rows, null).compare.state).toBe('done');
  });

  it('show what runs', () => {
    const job = { title: 'x', screen: 'train', fraction: null, secondsLeft: null, stop: null };
    expect(stepMarks(set({}), rows, job).train.state).toBe('running');
  });
});
