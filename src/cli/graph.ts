import { resolve } from 'node:path';
import { shapesOf } from '../autodiff/operators/table';
import { forwardAndBackward } from '../engine/build-program';
import { parseModel } from '../engine/load';
import type { ModelFiles } from '../engine/types';
import type { Graph, ValueInfo } from '../graph/ir';
import { normalise } from '../graph/normalise';
import { print } from '../graph/print';
import { readModelDir } from './node-host';
import { exactly, parseOptions } from './options';

export const GRAPH_USAGE =
  'npm run --silent graph -- MODEL_DIR [--backward]     prints the model in core operators, with --backward the training program';

/** Prints a model as text, one line a node, with the shapes that can be inferred. */
export async function graph(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseOptions(args, { backward: { type: 'boolean' } });
  const [folder] = exactly(positionals, ['MODEL_DIR']);
  const { files } = await readModelDir(resolve(folder));
  process.stdout.write(`${graphText(files, values.backward ?? false)}\n`);
}

export function graphText(files: ModelFiles, backward: boolean): string {
  const decoder = normalise(parseModel(files), { consume: true });
  const { layers, hidden, kvHeads, headDim, vocabulary, contextLength } = decoder;
  const shown = backward ? forwardAndBackward(decoder) : decoder.graph;
  const facts = [
    `# ${layers} layers, hidden size ${hidden}, ${kvHeads} key heads of ${headDim}, vocabulary ${vocabulary}, context ${contextLength ?? 'unbounded'}`,
    `# ${backward ? 'training program: forward part, loss, then the gradient of the soft prompt' : 'forward part in core operators'}: ${shown.nodes.length} nodes`,
    `# ${operatorCounts(shown)}`,
  ];
  // Sizes that nothing is known of are numbered; the numbers say nothing.
  return [...facts, print(withShapes(shown)).replace(/\?\d+/g, '?')].join('\n');
}

function operatorCounts({ nodes }: Graph): string {
  const counts = new Map<string, number>();
  for (const { op } of nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  return [...counts]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .map(([op, n]) => `${n} ${op}`)
    .join(', ');
}

/** The graph with inferred shapes where none are declared. */
function withShapes(graph: Graph): Graph {
  const shapes = shapesOf(graph);
  const inferred = graph.nodes.flatMap(({ outputs }) =>
    outputs.flatMap((name): [string, ValueInfo][] => {
      const info = name === '' ? undefined : shapes.of(name);
      return info ? [[name, { name, ...info }]] : [];
    }),
  );
  return { ...graph, values: new Map([...inferred, ...graph.values]) };
}
