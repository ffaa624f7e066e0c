import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operatorTable } from './ops-table';

test('OPS.md is current (else: npx tsx tools/ops.ts)', () => {
  const file = readFileSync(new URL('../../OPS.md', import.meta.url), 'utf8');
  expect(file).toBe(operatorTable());
});
