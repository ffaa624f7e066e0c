import { differentiate } from '../autodiff/differentiate';
import { conditional, zerosLike } from '../graph/conditional';
import { shareCommon } from '../graph/cse';
import { prune } from '../graph/dce';
import type { Decoder } from '../graph/decoder';
import type { Graph } from '../graph/ir';
import { lower } from '../graph/lower';
import { onGpu } from '../graph/on-gpu';
import { IO } from '../inference/program';
import { splice } from '../inference/splice';
import { readEarly } from './read-early';

/**
 * The graph that the runtime gets: decoder, splice, head, loss, and the gradient of the soft prompt, which is computed only
 * when it is asked for (ORT runs every node, whatever is fetched).
 * @throws StudioError `model-unsupported` where an operator on the way has no gradient rule
 */
export const buildProgram = (decoder: Decoder): Graph =>
  conditional(forwardAndBackward(decoder), {
    condition: IO.withGrad,
    outputs: [IO.softGrad],
    otherwise: (branch) => [zerosLike(branch, IO.soft)],
  });

/** The same with the backward part beside the forward part, always computed. */
export function forwardAndBackward(decoder: Decoder): Graph {
  const forward = onGpu(readEarly(splice(decoder)));
  const both = differentiate(forward, { loss: IO.loss, wrt: IO.soft, gradName: IO.softGrad });
  const softGrad = { name: IO.softGrad, dtype: 'float32' as const, shape: ['virtual', decoder.hidden] };
  return lower(prune(shareCommon({ ...both, outputs: [...forward.outputs, softGrad] })));
}
