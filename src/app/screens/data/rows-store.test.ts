import { expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { labelOfKey } from '../../shell/RowLabels';
import type { Studio } from '../../state/studio';
import { fakeLocation } from '../../state/test-support';
import { labelNames, namesToType, rowLabels, spread } from './rows-store';

it('reads the names of labels once each, however they are typed', () => {
  expect(labelNames(' good, bad;Good\n__proto__,, ')).toEqual(['good', 'bad', '__proto__']);
  expect(labelNames(' , ;')).toEqual([]);
  expect(labelNames('5" pipe, "yes, please" ; no')).toEqual(['5" pipe', 'yes, please', 'no']);
  const labels = ['Yes, please', 'No; never', 'no "thanks"'];
  expect(labelNames(namesToType(labels))).toEqual(labels);
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

/** A tab in which a prompt set, or none, is opened time and again. */
function tabOf() {
  const tab = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => tab.get(key) ?? null,
    setItem: (key: string, value: string) => tab.set(key, value),
  });
  const changes: unknown[] = [];
  const open = (id: string | null) => {
    const promptSets = createStore<{ set: { id: string } | null }>(() => ({ set: id === null ? null : { id } }));
    const change = async (what: unknown) => void changes.push(what);
    const rows = createStore<{ table: object | null; prepared: object | null }>(() => ({
      table: null,
      prepared: null,
    }));
    const data = Object.assign(rows, { change });
    return { promptSets, data, labelling: rowLabels.of({ stores: { data, promptSets } } as unknown as Studio) };
  };
  return { changes, open };
}

it('has the labels given so far again after a reload, in their own prompt set alone', () => {
  const { changes, open } = tabOf();
  const opened = (id: string) => open(id).labelling;
  const before = opened('a');
  before.start(['1', '2', '3'], ['good', 'bad']);
  before.give('good');
  before.give(null);
  expect(opened('b').getState().rows).toEqual([]);
  const after = opened('a');
  expect(after.getState()).toMatchObject({ labels: ['good', 'bad'], given: ['good', null], kept: 0 });
  after.give('bad');
  const labels = [
    ['1', 'good'],
    ['3', 'bad'],
  ];
  expect(changes).toEqual([{ kind: 'label-rows', labels }]);
  expect(opened('a').getState().rows).toEqual([]);
});

it('continues where the labels given so far have made a prompt set, and starts again with rows that have none', () => {
  const { open } = tabOf();
  fakeLocation();
  location.hash = '#/project/new/data';
  const { labelling, promptSets } = open(null);
  labelling.start(['1', '2', '3'], ['good', 'bad']);
  labelling.give('good');
  expect(open(null).labelling.getState().rows).toEqual([]);
  promptSets.setState({ set: { id: 'made' } });
  expect(labelling.getState()).toMatchObject({ given: ['good'], rows: ['1', '2', '3'] });
  expect(open('made').labelling.getState()).toMatchObject({ given: ['good'], rows: ['1', '2', '3'] });
  location.hash = '#/project/other/data';
  promptSets.setState({ set: { id: 'other' } });
  expect(labelling.getState().rows).toEqual([]);
});

it('forgets the rows to label when another file is opened over them, and keeps them when rows of theirs change', () => {
  const { open } = tabOf();
  const { labelling, data } = open('a');
  labelling.start(['1', '2', '3'], ['good', 'bad']);
  labelling.give('good');
  data.setState({ table: {} }); // as after a reload
  data.setState({ table: {}, prepared: {} });
  expect(labelling.getState()).toMatchObject({ given: ['good'], rows: ['1', '2', '3'] });
  data.setState({ table: {}, prepared: null });
  expect(labelling.getState()).toMatchObject({ given: [], rows: [] });
  expect(open('a').labelling.getState().rows).toEqual([]);
});
