import type { Initializer, Node } from '../graph/ir';

/** Attributes of a node by type; the fallback is the operator's default. */
export const intAttr = (node: Node, name: string, fallback: number): number => maybeInt(node, name) ?? fallback;

export function maybeInt(node: Node, name: string): number | null {
  const attr = node.attrs[name];
  return attr?.type === 'int' ? attr.value : null;
}

export function maybeInts(node: Node, name: string): readonly number[] | null {
  const attr = node.attrs[name];
  return attr?.type === 'ints' ? attr.value : null;
}

export function floatAttr(node: Node, name: string, fallback: number): number {
  const attr = node.attrs[name];
  return attr?.type === 'float' ? attr.value : fallback;
}

export function stringAttr(node: Node, name: string, fallback: string): string {
  const attr = node.attrs[name];
  return attr?.type === 'string' ? attr.value : fallback;
}

export function maybeTensor(node: Node, name: string): Initializer | null {
  const attr = node.attrs[name];
  return attr?.type === 'tensor' ? attr.value : null;
}
