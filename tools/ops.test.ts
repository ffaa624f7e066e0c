import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operatorTable } from './ops';

test('OPS.md matches the operator table (update it with npx tsx tools/ops.ts)', () => {
  expect(readFileSync(new URL('../OPS.md', import.meta.url), 'utf8')).toBe(operatorTable());
});
