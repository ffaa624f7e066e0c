import type { Initializer, Node } from '../graph/ir';

/** Kinds of attributes that `graph/attrs` has no reader for. */
export function stringAttr(node: Node, name: string, otherwise: string): string {
  const attr = node.attrs[name];
  return attr?.type === 'string' ? attr.value : otherwise;
}

export function tensorAttr(node: Node, name: string): Initializer | null {
  const attr = node.attrs[name];
  return attr?.type === 'tensor' ? attr.value : null;
}
