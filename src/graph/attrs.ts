import { StudioError } from '../lib/errors';
import type { Initializer, Node } from './ir';

/** Readers of attributes, with defaults. An attribute of another type counts as absent. */
export function intAttr(node: Node, name: string, otherwise: number): number {
  const attr = node.attrs[name];
  return attr?.type === 'int' ? attr.value : otherwise;
}

export function floatAttr(node: Node, name: string, otherwise: number): number {
  const attr = node.attrs[name];
  return attr?.type === 'float' ? attr.value : otherwise;
}

export function intsAttr(node: Node, name: string): readonly number[] | null {
  const attr = node.attrs[name];
  return attr?.type === 'ints' ? attr.value : null;
}

/** A refusal that names the operator and the node. `why` continues the sentence after the node's name. */
export const unsupported = (node: Node, why: string): StudioError =>
  new StudioError('model-unsupported', `${node.op} node ${node.name} ${why}.`, {
    data: { op: node.op, node: node.name },
  });

export function stringAttr(node: Node, name: string, otherwise: string): string {
  const attr = node.attrs[name];
  return attr?.type === 'string' ? attr.value : otherwise;
}

export function tensorAttr(node: Node, name: string): Initializer | null {
  const attr = node.attrs[name];
  return attr?.type === 'tensor' ? attr.value : null;
}
