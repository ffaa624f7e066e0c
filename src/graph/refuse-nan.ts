import { StudioError } from '../lib/errors';
import { LINEAR } from './core-ops';
import { asFloat32 } from './dtype';
import type { Graph } from './ir';

/**
 * Refuses weights that are no numbers. Infinite ones too in matrices; elsewhere they may mask something.
 * @throws StudioError `model-corrupt`
 */
export function refuseNaN(graph: Graph): void {
  const matrices = new Set(graph.nodes.flatMap(({ op, inputs }) => (op === LINEAR ? inputs.slice(1) : [])));
  for (const tensor of graph.initializers.values()) {
    if (tensor.dtype !== 'float32') continue;
    const values = asFloat32(tensor);
    const isWrong = matrices.has(tensor.name) ? notFinite : Number.isNaN;
    const at = values.findIndex(isWrong);
    if (at >= 0)
      throw new StudioError(
        'model-corrupt',
        `The weight ${tensor.name} [${tensor.dims}] holds ${values[at]} at element ${at}, with which nothing can be computed. Download or export the model again.`,
        { data: { tensor: tensor.name } },
      );
  }
}

const notFinite = (value: number) => !Number.isFinite(value);
