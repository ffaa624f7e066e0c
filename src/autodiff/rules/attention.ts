import type { Rules } from '../operators/operator';

/**
 * Attention itself is not one operator here: the graph holds its parts (MatMul, Softmax, …), each with its own rule.
 * Grouped queries cost nothing extra, since the forward graph folds the group into the query axis.
 */
export const attention: Rules = {
  // A rotation by R: dX = R^T dY, the rotation by the negative angles, i.e. the same operator with -sin.
  'com.microsoft:RotaryEmbedding': ({ g, dy, node, input }) => [
    g.op('com.microsoft:RotaryEmbedding', [dy, input(1), input(2), g.scaled(input(3), -1)], node.attrs),
  ],
};
