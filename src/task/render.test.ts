import { describe, expect, it } from 'vitest';
import { dealt, preparedOf } from '../dataset/test-support';
import { chooseShots, renderRows, shotIds } from './render';

const LABELS = ['bad', 'good', 'so-so'];
const words = LABELS.map((label) => ({ label, word: ` ${label}` }));
const dataset = (await preparedOf(dealt(120, LABELS))).dataset;
const prompt = { template: 'Decide the tone.\nMessage: {text}\nTone:', shots: 0, shotSeed: 3 };

describe('few-shot', () => {
  it('deals the labels in turn, from training rows only, by the seed', () => {
    const shots = chooseShots(dataset, 8, 3);
    const counts = LABELS.map((label) => shots.filter((row) => row.cells.label === label).length);
    expect(counts.sort()).toEqual([2, 3, 3]);
    expect(new Set(shots.slice(0, 3).map((row) => row.cells.label)).size).toBe(3);
    expect(shots.every((row) => dataset.split.train.includes(row.id))).toBe(true);
    expect(chooseShots(dataset, 8, 3)).toEqual(shots);
    expect(chooseShots(dataset, 8, 4)).not.toEqual(shots);
  });

  it('stops when the rows are used up', () => {
    expect(chooseShots(dataset, 1000, 0)).toHaveLength(dataset.split.train.length);
  });
});

describe('renderRows', () => {
  it('zero-shot: the template with the row', () => {
    const result = renderRows(dataset, prompt, words, ['1']);
    expect(result.ok && result.value).toEqual([
      { rowId: '1', text: 'Decide the tone.\nMessage: message number 0 about thing 0\nTone:', label: 0 },
    ]);
  });

  it('names the cue of a prompt whose cue is encoded by itself', () => {
    const result = renderRows(dataset, { ...prompt, splitsCue: true }, words, ['1']);
    expect(result.ok && result.value[0]).toMatchObject({ text: expect.stringMatching(/\nTone:$/), cue: '\nTone:' });
  });

  it('few-shot: instruction, examples with answers, row, blank lines between', () => {
    const result = renderRows(dataset, { ...prompt, shots: 2 }, words, 'test');
    if (!result.ok) throw new Error(result.error.message);
    expect(result.value).toHaveLength(dataset.split.test.length);
    const blocks = (result.value[0]?.text ?? '').split('\n\n');
    expect(blocks).toHaveLength(4);
    expect(blocks[0]).toBe('Decide the tone.');
    expect(blocks[1]).toMatch(/^Message: message number \d+ about thing \d+\nTone: (bad|good|so-so)$/);
    expect(blocks[3]).toMatch(/^Message: .*\nTone:$/);
    expect(shotIds(dataset, { ...prompt, shots: 2 })).toHaveLength(2);
  });

  it('shares all text before the row between rows, so that it can be cached', () => {
    const result = renderRows(dataset, { ...prompt, shots: 4 }, words, 'validation');
    if (!result.ok) throw new Error(result.error.message);
    const heads = result.value.map(({ text }) => text.slice(0, text.lastIndexOf('\n\n')));
    expect(new Set(heads).size).toBe(1);
  });

  it('hands a bad template on', () => {
    expect(renderRows(dataset, { ...prompt, template: 'no slot' }, words, 'test')).toMatchObject({
      ok: false,
      error: { kind: 'no-text' },
    });
  });
});
