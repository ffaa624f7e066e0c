import { differentiate } from '../autodiff/differentiate';
import { conditional, zerosLike } from '../graph/conditional';
import { shareCommon } from '../graph/cse';
import { prune } from '../graph/dce';
import type { Decoder } from '../graph/decoder';
import type { Graph } from '../graph/ir';
import { lower } from '../graph/lower';
import { IO } from '../inference/program';
import { splice } from '../inference/splice';
import { readEarly } from './read-early';

/**
 * The graph that the runtime gets: decoder, splice, head, loss, and the gradient of the soft prompt, which is computed only
 * when it is asked for (ORT runs every node, whatever is fetched).
 * @throws StudioError `model-unsupported` where an operator on the way has no gradient rule
 */
export function buildProgram(decoder: Decoder): Graph {
  const forward = readEarly(splice(decoder));
  const both = differentiate(forward, { loss: IO.loss, wrt: IO.soft, gradName: IO.softGrad });
  const softGrad = { name: IO.softGrad, dtype: 'float32' as const, shape: ['virtual', decoder.hidden] };
  const lowered = lower(prune(shareCommon({ ...both, outputs: [...forward.outputs, softGrad] })));
  return conditional(lowered, {
    condition: IO.withGrad,
    outputs: [IO.softGrad],
    otherwise: (branch) => [zerosLike(branch, IO.soft)],
  });
}
