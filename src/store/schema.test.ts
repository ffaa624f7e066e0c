import { expect, it } from 'vitest';
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
