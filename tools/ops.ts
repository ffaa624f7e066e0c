/** Writes OPS.md, the operator support table, from the operators: `npx tsx tools/ops.ts`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Operators } from '../src/autodiff/operators/operator';
import { OPERATORS } from '../src/autodiff/operators/table';

/** Only the backward part of a graph holds it, so that no model brings it. */
const OURS_ALONE = 'studio:HeadGrad';

/** The operator support table, as Markdown. */
export function operatorTable(operators: Operators = OPERATORS): string {
  const rows = Object.entries(operators)
    .filter(([op]) => op !== OURS_ALONE)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([op, operator]) =>
      operator.gradient ? `| ${op} | yes | ${operator.note ?? ''} |` : `| ${op} | no | runs, but carries no gradient |`,
    );
  return [
    '# Operators',
    '',
    'Written from `src/autodiff/operators` by `npx tsx tools/ops.ts`; a test checks that it is current.',
    '',
    'A model can be tuned when every operator between the soft prompt and the loss has a gradient. All other operators of a',
    'model (masks, positions, shapes) only have to run in ONNX Runtime. `studio:` marks our own pseudo-operators, which are',
    'lowered to ONNX operators before a model is run; `com.microsoft:` marks ONNX Runtime’s. Quantised and fused operators',
    '(MatMulNBits, GatherBlockQuantized, GroupQueryAttention, MultiHeadAttention, Attention and RotaryEmbedding of opset 23, …)',
    'are expanded first, so they do not appear.',
    '',
    '| operator | gradient | note |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(new URL('../OPS.md', import.meta.url), operatorTable());
