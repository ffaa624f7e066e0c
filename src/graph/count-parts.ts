import { StudioError } from '../lib/errors';

/** Fields of graphs and nodes that a model may have; the largest language models have a tenth of it. */
const MAX_PARTS = 2_000_000;

/** Message fields that hold more of the graph, by kind of message; every other field is passed over unread. */
const INSIDE = {
  model: { 7: 'graph' },
  graph: { 1: 'node' },
  node: { 5: 'attribute' },
  attribute: { 6: 'graph', 11: 'graph' },
} as const satisfies Record<string, Readonly<Record<number, string>>>;

type Kind = keyof typeof INSIDE;

/**
 * Counts the parts of an ONNX file without decoding it, so that a file of millions of nodes is refused before it takes the
 * memory and the time that decoding them would. Says nothing of files that are not well formed: the decoder does.
 * @throws StudioError `model-corrupt`
 */
export function refuseTooMany(bytes: Uint8Array): void {
  const open: { kind: Kind; at: number; end: number }[] = [{ kind: 'model', at: 0, end: bytes.length }];
  let parts = 0;
  for (let top = open.at(-1); top; top = open.at(-1)) {
    if (top.at >= top.end) {
      open.pop();
      continue;
    }
    if (++parts > MAX_PARTS)
      throw new StudioError(
        'model-corrupt',
        `The model has more than ${MAX_PARTS.toLocaleString('en')} parts (nodes, their inputs, outputs and attributes, weights). No language model has so many: it is not loaded.`,
      );
    const tag = varint(bytes, top.at);
    const field = Math.floor(tag.value / 8);
    const wire = tag.value % 8;
    const length = wire === 2 ? varint(bytes, tag.next) : null;
    const start = length?.next ?? tag.next;
    const end = length ? start + length.value : skipped(bytes, start, wire);
    if (end === null || end > top.end) return;
    top.at = end;
    const kind = (INSIDE[top.kind] as Readonly<Record<number, Kind | undefined>>)[field];
    if (kind && length) open.push({ kind, at: start, end });
  }
}

/** Where a field of a fixed size or a varint ends; null for kinds that ONNX does not use. */
function skipped(bytes: Uint8Array, at: number, wire: number): number | null {
  if (wire === 0) return varint(bytes, at).next;
  if (wire === 1) return at + 8;
  return wire === 5 ? at + 4 : null;
}

function varint(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let factor = 1;
  for (let i = at; i < bytes.length; i++, factor *= 128) {
    const byte = bytes[i] as number;
    value += (byte & 127) * factor;
    if (byte < 128) return { value, next: i + 1 };
  }
  return { value, next: bytes.length };
}
