import { GraphBuilder } from '../graph/builder';
import { CROSS_ENTROPY, HEAD, withLayout } from '../graph/core-ops';
import type { Decoder } from '../graph/decoder';
import { type Graph, int, type ValueInfo } from '../graph/ir';
import { replaceUses, withOutputs } from '../graph/subst';
import { present } from '../lib/assert';
import { IO, type ProgramSpec } from './program';

/**
 * The decoder with a soft prompt at its entrance, and its head looking only where it is asked to: outputs `IO.logits`,
 * `IO.loss`, `IO.tokenEmbeddings`, and the present keys and values. The gradient is not in it yet. Formulas: program.ts.
 */
export function splice(decoder: Decoder): Graph {
  const presents = [...decoder.presentKeys, ...decoder.presentValues].map((name) => outputOf(decoder.graph, name));
  const spliced = spliceEmbeddings(decoder);
  const graph = readOut({ ...decoder, graph: spliced });
  return withOutputs(graph, [
    { name: IO.logits, dtype: 'float32', shape: ['reads', 'candidates'] },
    { name: IO.loss, dtype: 'float32', shape: [] },
    { name: IO.tokenEmbeddings, dtype: 'float32', shape: ['batch', 'tokens', decoder.hidden] },
    ...presents,
  ]);
}

const outputOf = (graph: Graph, name: string): ValueInfo =>
  present(
    graph.outputs.find((output) => output.name === name),
    `output ${name}`,
  );

/** E = keep * tokenEmbedding + select @ soft, read by everything that read the token embedding. */
function spliceEmbeddings({ graph, embeddings, hidden }: Decoder): Graph {
  const b = new GraphBuilder(graph, 'splice/');
  const soft = b.input(IO.soft, 'float32', ['virtual', hidden]);
  const select = b.input(IO.select, 'float32', ['batch', 'tokens', 'virtual']);
  const keep = b.input(IO.keep, 'float32', ['batch', 'tokens', 1]);
  const shown = b.add('Identity', [embeddings], { name: IO.tokenEmbeddings });
  const text = b.add('Mul', [shown, keep]);
  const virtual = b.add('MatMul', [select, soft]);
  const spliced = b.add('Add', [text, virtual], { name: 'splice/embeddings' });
  b.describe(spliced, 'float32', ['batch', 'tokens', hidden]);
  return replaceUses(b.build(), embeddings, spliced, (node) => node.outputs.includes(IO.tokenEmbeddings));
}

/** Gathers the hidden rows that are read, and puts head and loss behind them. */
function readOut({ graph, finalHidden, hidden, head }: Decoder): Graph {
  const b = new GraphBuilder(graph, 'head/');
  const readIndex = b.input(IO.readIndex, 'int32', ['reads']);
  const candidateIds = b.input(IO.candidateIds, 'int32', ['candidate_ids']);
  const fullVocabulary = b.input(IO.fullVocabulary, 'bool', []);
  const target = b.input(IO.target, 'float32', ['reads', 'candidates']);
  const weight = b.input(IO.weight, 'float32', ['reads']);
  b.input(IO.withGrad, 'bool', []);
  const scalar = (value: number) => b.constant('float32', [], [value]);

  const flat = b.add('Reshape', [finalHidden, b.constant('int64', [2], [-1, hidden])]);
  const rows = b.add('Gather', [flat, readIndex], { attrs: { axis: int(0) } });
  const inputs = [rows, head.weight, candidateIds, fullVocabulary, ...(head.bias === null ? [] : [head.bias])];
  let logits = b.add(HEAD, inputs, { attrs: withLayout(head.layout) });
  if (head.scale !== null) logits = b.add('Mul', [logits, scalar(head.scale)]);
  if (head.softcap !== null) {
    const bounded = b.add('Tanh', [b.add('Mul', [logits, scalar(1 / head.softcap)])]);
    logits = b.add('Mul', [bounded, scalar(head.softcap)]);
  }
  logits = b.add('Identity', [logits], { name: IO.logits });

  b.add(CROSS_ENTROPY, [logits, target, weight], { name: IO.loss });
  return b.build();
}

/** What the loops need to know to feed the program. */
export function specOf(decoder: Decoder): ProgramSpec {
  const { layers, kvHeads, headDim, hidden, vocabulary, contextLength, inputs, presentKeys, presentValues } = decoder;
  const ids = decoder.graph.inputs.find((input) => input.name === inputs.ids);
  const idsDtype = ids?.dtype === 'int32' ? 'int32' : 'int64';
  return { layers, kvHeads, headDim, hidden, vocabulary, contextLength, inputs, presentKeys, presentValues, idsDtype };
}
