import { describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../store/store';
import { asJson, createSetAsideStore, isTight } from './storage';

describe('space is tight', () => {
  it.each([
    ['a new browser', 0, 10e9, false],
    ['a small quota with room for a few runs', 100e6, 300e6, false],
    ['less left than a run or two take', 245e6, 300e6, true],
    ['nine tenths used of much', 9.1e9, 10e9, true],
    ['more used than granted, after the disk filled up', 400e6, 300e6, true],
  ])('%s', (_, used, quota, tight) => expect(isTight({ used, quota })).toBe(tight));

  it('is not reported where the browser does not state the space', () => expect(isTight(null)).toBe(false));
});

const checkpoint = (runId: string, m: number) => ({
  runId,
  setId: 's',
  checkpoint: {
    step: 1,
    vectors: Float32Array.of(0.5, Number.NaN),
    m: new Float32Array(m),
    v: new Float32Array(2),
    pending: [],
    best: null,
    steps: [],
    validations: [],
  },
});

it('writes damaged values as JSON, with numbers that are not finite', () => {
  const found = { id: '1', table: 'checkpoints', at: 'now', what: 'Lost.', value: checkpoint('r', 2) } as const;
  const { values } = JSON.parse(asJson([found]));
  expect(values[0]).toMatchObject({ what: 'Lost.', value: { checkpoint: { vectors: [0.5, 'NaN'], m: [0, 0] } } });
});

it('reports a value once that is read twice, and keeps it when it is hidden', async () => {
  const disk = openMemoryStore();
  await disk.checkpoints.put(checkpoint('r', 1) as never);
  const store = createSetAsideStore(disk);
  await Promise.all([disk.checkpoints.get('r'), disk.checkpoints.ofSet('s')]);
  await store.getState().inspect();
  expect(store.getState().found).toHaveLength(1);
  store.getState().hide();
  await store.getState().refresh();
  expect(store.getState().found).toEqual([]);
  expect(store.getState().kept).toHaveLength(1);
});
