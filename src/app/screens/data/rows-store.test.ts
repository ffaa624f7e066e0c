import { expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { Studio } from '../../state/studio';
import { labelNames, labelOfKey, spread, useLabelling } from './rows-store';

it('reads the names of labels once each, however they are typed', () => {
  expect(labelNames(' good, bad;Good\n__proto__,, ')).toEqual(['good', 'bad', '__proto__']);
  expect(labelNames(' , ;')).toEqual([]);
});

it('gives a label by its number, or by a first letter that only it has', () => {
  const names = ['praise', 'Problem', 'question', '😀'];
  const label = (key: string) => labelOfKey(names, key);
  expect(['1', '2', '4', 'q', 'Q', '😀'].map(label)).toEqual(['praise', 'Problem', '😀', 'question', 'question', '😀']);
  expect(['p', '9', '0', 'x', ' ', '', 'Tab', 'Enter', 'ArrowRight'].map(label)).toEqual(Array(9).fill(undefined));
});

it('takes rows evenly over the file', () => {
  const ids = Array.from({ length: 100 }, (_, i) => String(i));
  expect(spread(ids, 5)).toEqual(['0', '20', '40', '60', '80']);
  expect(spread(['a'], 5)).toEqual(['a']);
  expect(spread([], 5)).toEqual([]);
});

it('has the labels given so far again after a reload, in their own prompt set alone', () => {
  const tab = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => tab.get(key) ?? null,
    setItem: (key: string, value: string) => tab.set(key, value),
  });
  const changes: unknown[] = [];
  const opened = (id: string) =>
    useLabelling.of({
      stores: {
        data: { getState: () => ({ change: async (what: unknown) => void changes.push(what) }) },
        promptSets: createStore(() => ({ set: { id } })),
      },
    } as unknown as Studio);
  const before = opened('a');
  before.start(['good', 'bad'], ['1', '2', '3']);
  before.give('good');
  before.skip();
  expect(opened('b').getState().queue).toEqual([]);
  const after = opened('a');
  expect(after.getState()).toMatchObject({ names: ['good', 'bad'], at: 2, given: new Map([['1', 'good']]) });
  after.give('bad');
  const labels = [
    ['1', 'good'],
    ['3', 'bad'],
  ];
  expect(changes).toEqual([{ kind: 'label-rows', labels }]);
  expect(opened('a').getState().queue).toEqual([]);
});
