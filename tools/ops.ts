/** Writes OPS.md, the operator support table, from the rule tables: `npx tsx tools/ops.ts`. */
import { writeFileSync } from 'node:fs';
import { operatorTable } from '../src/autodiff/ops-table';

writeFileSync(new URL('../OPS.md', import.meta.url), operatorTable());
