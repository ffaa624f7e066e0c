import type { Shape } from '../../graph/infer/dims';
import type { ShapeRule } from '../../graph/infer/rules';
import type { Node } from '../../graph/ir';
import type { Emitter } from '../emitter';

/**
 * What a gradient rule sees of one node of the forward graph. Gradients are names of values, like everything else: a rule
 * appends nodes through `g` and returns the name of the gradient of each input.
 */
export interface GradientContext {
  readonly g: Emitter;
  readonly node: Node;
  /** Gradient of output 0. @throws StudioError `model-unsupported` if only another output is on the path. */
  readonly dy: string;
  /** Gradient of each output; null = the loss does not depend on it. */
  readonly dys: readonly (string | null)[];
  /** First input and first output, the usual names of the formulas. */
  readonly x: string;
  readonly y: string;
  /** The name of input i; '' = omitted. */
  input(i: number): string;
  /** Whether the gradient with respect to input i is wanted. */
  wants(i: number): boolean;
  /** Symbolic shape. @throws StudioError `model-unsupported` if the rank is unknown. */
  shape(name: string): Shape;
  /**
   * The value with 0 instead of NaN, if the graph computes that (`Where(IsNaN(v), 0, v)`), else the value itself. A row of
   * attention that sees nothing is NaN before the Where, and 0 * NaN would be NaN again.
   */
  withoutNaN(name: string): string;
  /** Refuses the node by name, for cases that the rule does not cover. */
  refuse(why: string): never;
}

/**
 * d loss / d input for each input, null = none; trailing nulls may be omitted. The shape of a gradient
 * may be that of the broadcast operands: the driver sums it down to the operand's shape, rules never do.
 */
export type Gradient = (context: GradientContext) => readonly (string | null)[];

interface Differentiable {
  readonly gradient: Gradient;
  readonly shape: ShapeRule;
  /** Whether operands may be stretched to fit each other, so that a gradient may be larger than its operand. */
  readonly broadcasts: boolean;
  /** What the gradient covers, for OPS.md; '' = everything. */
  readonly note: string;
}

/** An operator that runs but stops gradients: integers, comparisons, shapes. */
interface ForwardOnly {
  readonly gradient: null;
  readonly shape: ShapeRule;
}

export type Operator = Differentiable | ForwardOnly;
export type Operators = Readonly<Record<string, Operator>>;

/** The gradient of a unary operator from its factor: dX = dY * factor. */
export const scaled =
  (factor: (context: GradientContext) => string): Gradient =>
  (c) => [c.g.mul(c.dy, factor(c))];

/** The gradients of two operands, each emitted only if it is wanted. */
export const binary =
  (
    da: (context: GradientContext & Operands) => string,
    db: (context: GradientContext & Operands) => string,
  ): Gradient =>
  (c) => {
    const operands = { ...c, dy: c.dy, a: c.input(0), b: c.input(1) };
    return [c.wants(0) ? da(operands) : null, c.wants(1) ? db(operands) : null];
  };

export interface Operands {
  readonly a: string;
  readonly b: string;
}

/** Passes the gradient unchanged to input 0. */
export const pass: Gradient = ({ dy }) => [dy];
