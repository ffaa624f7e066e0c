import * as Plot from '@observablehq/plot';
import type { LineageNode } from '../../project/lineage';
import { COLOUR, type Draw, NARROW, svg } from './plot';

const ROW = 30;
const TOP = 16;
const TEXT_AT = 16;
/** Width of most letters. */
const LETTER = 7.4;

/** A forest read from the top: each version hangs from what it came from. Hand-written ones are circles, tuned ones diamonds. */
export const drawLineage =
  (nodes: readonly LineageNode[]): Draw =>
  (width) => {
    const deepest = Math.max(0, ...nodes.map(({ depth }) => depth));
    const step = Math.min(28, (width * 0.3) / Math.max(1, deepest));
    const places = new Map(nodes.map(({ id, depth }, i) => [id, { x: 12 + depth * step, y: TOP + i * ROW }]));
    const at = ({ id }: { id: string }) => places.get(id) ?? { x: 0, y: 0 };
    const links = nodes.flatMap((node) => {
      const parent = node.parent === null ? undefined : places.get(node.parent);
      const child = at(node);
      return parent
        ? [{ x: parent.x, y: parent.y }, { x: parent.x, y: child.y }, child].map((point) => ({ ...point, z: node.id }))
        : [];
    });
    const of = (kind: LineageNode['kind']) => nodes.filter((node) => node.kind === kind);
    const place = { x: (node: LineageNode) => at(node).x, y: (node: LineageNode) => at(node).y };
    const names = (some: readonly LineageNode[], fontWeight: number) =>
      Plot.text(some, {
        ...place,
        dx: TEXT_AT,
        text: (node: LineageNode) => {
          const { name, data, stages } = node;
          const words = [name, ...(width < NARROW || data === null ? [] : [data]), ...stages].join(' · ');
          const room = Math.floor((width - at(node).x - TEXT_AT) / LETTER);
          return words.length > room ? `${words.slice(0, room - 1)}…` : words;
        },
        textAnchor: 'start',
        fill: COLOUR.ink,
        fontSize: 12.5,
        fontWeight,
        stroke: COLOUR.halo,
        strokeWidth: 4,
      });
    const height = TOP * 2 + Math.max(0, nodes.length - 1) * ROW;
    return svg({
      width,
      height,
      margin: 0,
      x: { domain: [0, width], range: [0, width], axis: null },
      y: { domain: [0, height], range: [0, height], axis: null },
      marks: [
        Plot.line(links, { x: 'x', y: 'y', z: 'z', stroke: COLOUR.line, strokeWidth: 2, strokeOpacity: 1 }),
        Plot.dot(of('start'), {
          ...place,
          symbol: 'square',
          r: 5,
          fill: COLOUR.halo,
          stroke: COLOUR.ref,
          strokeWidth: 2,
        }),
        Plot.dot(of('hard'), { ...place, symbol: 'circle', r: 6, fill: COLOUR.a }),
        Plot.dot(of('soft'), { ...place, symbol: 'diamond', r: 7, fill: COLOUR.b }),
        names(
          nodes.filter(({ stages }) => stages.length === 0),
          400,
        ),
        names(
          nodes.filter(({ stages }) => stages.length > 0),
          600,
        ),
      ],
    });
  };
