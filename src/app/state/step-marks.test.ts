import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../dataset/types';
import type { PromptSet } from '../../prompt-set/types';
import { stepMarks } from './step-marks';

const rows = { split: { train: ['1', '2'], validation: ['3'], test: ['4'] } } as unknown as Dataset;
const set = (change: object) =>
  ({ hard: [], soft: [], chosenSoft: null, testLooks: 0, ...change }) as unknown as PromptSet;
const tried = { tried: { accuracy: 1 } };

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
    const marks = stepMarks(
      set({ hard: [tried], soft: [{ id: 'r', status: 'early', soft: {}, seconds: 124 }] }),
      rows,
      null,
    );
    expect(marks.data).toEqual({ state: 'done', note: '4 rows' });
    expect(marks.prompts).toEqual({ state: 'done', note: '1' });
    expect(marks.train).toEqual({ state: 'done', note: '2:04' });
    expect(marks.compare.state).toBe('ready');
  });

  it('do not call a proposal done, nor a paused run', () => {
    const marks = stepMarks(set({ hard: [{ tried: null }], soft: [] }), rows, null);
    expect(marks.prompts.state).toBe('ready');
    expect(stepMarks(set({ soft: [{ id: 'r', status: 'paused', soft: {} }] }), rows, null).compare.state).toBe('empty');
  });

  it('show what runs', () => {
    const job = { title: 'x', screen: 'train', fraction: null, secondsLeft: null, stop: null };
    expect(stepMarks(set({}), rows, job).train.state).toBe('running');
  });
});
