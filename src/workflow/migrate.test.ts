import { expect, it } from 'vitest';
import { moveStage } from '../prompt-set/stages';
import type { PromptSet, SoftVersion } from '../prompt-set/types';
import { fakeHost, NOW, prepared, promptSet } from './fake-host.test-support';
import { migrationSheet, movesOf } from './migrate';

const NEW = { sha256: '1'.repeat(64) };

async function before() {
  const dataset = await prepared(60);
  return { dataset, set: promptSet(dataset, [0, 1]) };
}
const changed = (set: PromptSet, id: string, change: Partial<SoftVersion>): PromptSet => ({
  ...set,
  soft: set.soft.map((run) => (run.id === id ? { ...run, ...change } : run)),
});
const moved = (set: PromptSet, dataset: Parameters<typeof movesOf>[2]) =>
  movesOf(set, NEW, dataset).map(({ old, heir, whyNot }) => [old.id, heir?.id ?? null, whyNot !== null]);

it('moves what a stage points to and the chosen prompt, and nothing that fits the weights already', async () => {
  const { dataset, set } = await before();
  const chosen = { ...set, chosenSoft: 'r1' };
  expect(moved(chosen, dataset)).toEqual([['r1', null, false]]);
  const staged = moveStage(chosen, { stage: 'production', to: 'r0' }, NOW);
  expect(moved(staged, dataset).map(([id]) => id)).toEqual(['r0', 'r1']);
  expect(movesOf(staged, fakeHost().host.engine.info, dataset)).toEqual([]);
});

it('knows what is done by how it was trained, on which rows and with which weights', async () => {
  const { dataset, set } = await before();
  const [run] = set.soft;
  if (!run) throw new Error('no run');
  const heir = { ...run, id: 'heir', model: { ...run.model, ...NEW }, splitHash: dataset.splitHash };
  const withHeir = (change: Partial<SoftVersion>) => ({
    ...set,
    chosenSoft: 'r0',
    soft: [...set.soft, { ...heir, ...change }],
  });
  expect(moved(withHeir({}), dataset)).toEqual([['r0', 'heir', false]]);
  for (const other of [
    { settings: { ...run.settings, steps: 9 } },
    { template: 'Other: {text}' },
    { datasetFingerprint: 'other' },
    { splitHash: 'other' },
    { soft: null },
  ])
    expect(moved(withHeir(other), dataset)).toEqual([['r0', null, false]]);
});

it('says why a prompt cannot be trained again as it was', async () => {
  const { dataset, set } = await before();
  const imported = changed({ ...set, chosenSoft: 'r0' }, 'r0', { origin: 'PEFT (PROMPT_TUNING)' });
  expect(movesOf(imported, NEW, dataset)[0]?.whyNot).toContain('PEFT');
  const distilled = changed({ ...set, chosenSoft: 'r0' }, 'r0', { distilled: { from: 'h' } });
  expect(movesOf(distilled, NEW, dataset)[0]?.whyNot).toContain('smaller again');
  const sides = { from: { name: 'old', sha256: '0'.repeat(64) }, to: { name: 'new', ...NEW } };
  const sheet = migrationSheet({ set: imported, dataset, cells: [], data: 'test rows', ...sides });
  expect(sheet.headline).toBe('Nothing could be compared');
  expect(sheet.sections[0]?.notes?.[0]).toContain('tuned 1 was not trained again. It was trained elsewhere');
});
