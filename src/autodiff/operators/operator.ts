import type { Shape } from '../../graph/infer/dims';
import type { ShapeRule } from '../../graph/infer/rules';
import type { Node } from '../../graph/ir';
import type { Emitter } from '../emitter';

/** Gradients are names of values: a rule appends nodes through `g` and returns the name of each input's gradient. */
export interface GradientContext {
  readonly g: Emitter;
  readonly node: Node;
  /** Gradient of output 0. @throws StudioError `model-unsupported` if only another output is on the path. */
  readonly dy: string;
  /** By output; null = the loss does not depend on it. */
  readonly dys: readonly (string | null)[];
  /** First input and first output. */
  readonly x: string;
  readonly y: string;
  /** '' = omitted. */
  input(i: number): string;
  /** The gradient of input i is wanted. */
  wants(i: number): boolean;
  /** @throws StudioError `model-unsupported` if the rank is unknown. */
  shape(name: string): Shape;
  /** `Where(IsNaN(v), 0, v)` if the graph has that: a row of attention that sees nothing is NaN before, and 0 * NaN is NaN. */
  withoutNaN(name: string): string;
  /** For cases that the rule does not cover. */
  refuse(why: string): never;
}

/** By input, null = none; trailing nulls may be omitted. The driver sums over stretched axes, rules never do. */
export type Gradient = (context: GradientContext) => readonly (string | null)[];

interface Differentiable {
  readonly gradient: Gradient;
  readonly shape: ShapeRule;
  /** Operands may be stretched to fit each other, so a gradient may be larger than its operand. */
  readonly broadcasts?: true;
  /** What the gradient covers, for OPS.md; undefined = everything. */
  readonly note?: string;
}

/** Runs, but stops gradients: integers, comparisons, shapes. */
interface ForwardOnly {
  readonly gradient: null;
  readonly shape: ShapeRule;
}

export type Operator = Differentiable | ForwardOnly;
export type Operators = Readonly<Record<string, Operator>>;

export const forwardOnly = <const Name extends string>(
  shape: ShapeRule,
  names: readonly Name[],
): Readonly<Record<Name, ForwardOnly>> =>
  Object.fromEntries(names.map((name) => [name, { gradient: null, shape }])) as Record<Name, ForwardOnly>;

/** dX = dY * factor. */
export const scaled =
  (factor: (context: GradientContext) => string): Gradient =>
  (c) => [c.g.mul(c.dy, factor(c))];

/** Each emitted only if it is wanted. */
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

export const pass: Gradient = ({ dy }) => [dy];
