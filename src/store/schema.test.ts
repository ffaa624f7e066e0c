import { expect, it, vi } from 'vitest';
import { MIGRATIONS, migrate, SCHEMA_VERSION } from './schema';

it('numbers migrations without gaps, and each says what it does', () => {
  expect(MIGRATIONS.map((m) => m.version)).toEqual(Array.from({ length: SCHEMA_VERSION }, (_, i) => i + 1));
  for (const m of MIGRATIONS) expect(m.what).not.toBe('');
});

it('runs only the migrations above the stored version, in order', async () => {
  const ran: number[] = [];
  const list = [1, 2, 3].map((version) => ({ version, what: 'x', up: () => void ran.push(version) }));
  await migrate({} as never, {} as never, 1, list);
  expect(ran).toEqual([2, 3]);
});

it('gives versions of an earlier release the calibration of their newest comparison', async () => {
  const fitted = (mean: number) => ({ meanLogProbs: [mean, -1], rows: 48 });
  const compared = (createdAt: string, mean: number) => ({
    createdAt,
    hardVersion: 'h',
    softVersion: null,
    plan: { arms: [{ id: 'yours', calibration: fitted(mean) }] },
    comparison: { calibrated: false, arms: [{ id: 'yours', calibrated: true }] },
  });
  const prompt = { template: '{text}', shots: 0, shotSeed: 0 };
  const set = { id: 's', words: [], baseTemplate: '', hard: [{ id: 'h', prompt }], soft: [], chosenHard: 'h' };
  const put = vi.fn();
  const tables = {
    promptSets: { getAllKeys: async () => ['s'], get: async () => set, put },
    evaluations: { index: () => ({ getAll: async () => [compared('2026-01-01', -2), compared('2026-01-02', -3)] }) },
  };
  const tx = { objectStore: (name: keyof typeof tables) => tables[name] };
  await migrate({} as never, tx as never, 4, MIGRATIONS.slice(4, 5));
  expect(put).toHaveBeenCalledExactlyOnceWith({ ...set, hard: [{ id: 'h', prompt, calibration: fitted(-3) }] });
});
