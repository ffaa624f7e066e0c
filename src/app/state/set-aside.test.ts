import { expect, it } from 'vitest';
import { openMemoryStore } from '../../store/store';
import { asJson, createSetAsideStore } from './set-aside';

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
