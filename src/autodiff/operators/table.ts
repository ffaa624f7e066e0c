import { type FindShapeRule, Shapes } from '../../graph/infer/infer';
import type { Graph } from '../../graph/ir';
import { elementwise } from './elementwise';
import { gathers, layout } from './layout';
import { norms } from './norms';
import type { Operator, Operators } from './operator';
import { products, reductions } from './products';

/** All that a normalised graph may hold and that we understand. OPS.md is written from it. */
export const OPERATORS = {
  ...elementwise,
  ...products,
  ...norms,
  ...reductions,
  ...layout,
  ...gathers,
} satisfies Operators;

export type CoreOp = keyof typeof OPERATORS;
export type DifferentiableOp = {
  [Op in CoreOp]: (typeof OPERATORS)[Op]['gradient'] extends null ? never : Op;
}[CoreOp];

/** The name is from a model file, and may be anything. */
export const operatorIn = (operators: Operators, op: string): Operator | undefined =>
  Object.hasOwn(operators, op) ? operators[op] : undefined;

const shapeRuleOf: FindShapeRule = (op) => operatorIn(OPERATORS, op)?.shape;

export const shapesOf = (graph: Graph): Shapes => new Shapes(graph, shapeRuleOf);
