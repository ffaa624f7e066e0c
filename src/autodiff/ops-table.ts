import { shapeRules } from '../graph/infer/rules';
import { rules } from './operators/table';

/** What a rule does not cover, or what one should know of it. */
const notes: Readonly<Record<string, string>> = {
  'studio:Linear': 'to the input; weight and bias are frozen. One blob serves forward and backward',
  'studio:Head': 'to the hidden rows',
  'studio:CrossEntropy': 'to the logits; the rows of the target are one-hot',
  'com.microsoft:FastGelu': 'to the input and to the bias',
  'com.microsoft:QuickGelu': 'with alpha 1 it is SiLU',
  'com.microsoft:RotaryEmbedding': 'the same operator with the negated sine table',
  'com.microsoft:SkipLayerNormalization': 'to both inputs, through the residual output too',
  'com.microsoft:SkipSimplifiedLayerNormalization': 'to both inputs, through the residual output too',
  Cast: 'between float types',
  Clip: 'to the input; nothing outside the bounds',
  Dropout: 'as in inference: the identity',
  Gather: 'to the data: ScatterND with addition, so that repeated indices add up',
  GatherND: 'to the data, without batch dimensions',
  Gemm: 'to all three inputs',
  LayerNormalization: 'to the input; scale and bias are frozen',
  MatMul: 'rank 2 and above, with broadcasting; a frozen matrix is not copied',
  Max: 'two inputs; on a tie the first one gets the gradient',
  Min: 'two inputs; on a tie the first one gets the gradient',
  Pad: 'constant mode, constant pads, not negative',
  Pow: 'to the base',
  ReduceMax: 'shared between ties',
  ReduceMin: 'shared between ties',
  SimplifiedLayerNormalization: 'to the input; the inverse RMS is recomputed',
  Slice: 'constant steps, forwards',
};

const withoutRule = 'runs, but carries no gradient';

/** The operator support table, as Markdown. Generated: `npx tsx tools/ops.ts` writes it to OPS.md. */
export function operatorTable(): string {
  const names = [...new Set([...Object.keys(rules), ...Object.keys(shapeRules)])].filter(
    (op) => op !== 'studio:HeadGrad',
  );
  const rows = names.sort().map((op) => {
    const differentiable = op in rules;
    return `| ${op} | ${differentiable ? 'yes' : 'no'} | ${notes[op] ?? (differentiable ? '' : withoutRule)} |`;
  });
  return [
    '# Operators',
    '',
    'Generated from the rule tables in `src/autodiff` by `npx tsx tools/ops.ts`; a test checks that it is current.',
    '',
    'A model can be tuned when every operator between the soft prompt and the loss has a gradient. All other operators of a',
    'model (masks, positions, shapes) only have to run in ONNX Runtime. `studio:` marks our own pseudo-operators, which are',
    'lowered to ONNX operators before a model is run; `com.microsoft:` marks ONNX Runtime’s. Quantised and fused operators',
    '(MatMulNBits, GatherBlockQuantized, GroupQueryAttention, …) are expanded before, and so do not appear.',
    '',
    '| operator | gradient | note |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
