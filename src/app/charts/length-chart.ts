import * as Plot from '@observablehq/plot';
import { axisX, axisY, COLOUR, type Draw, gridY, margins, svg } from './plot';

interface Bin {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** Rows by their length in tokens, with a line where the model's reading ends if that is anywhere near. */
export const drawLengths =
  (bins: readonly Bin[], budget: number): Draw =>
  (width) => {
    const most = bins.at(-1)?.to ?? 1;
    const near = budget <= most * 1.5;
    const end = near ? Math.max(most, budget) * 1.05 : most + 1;
    // the words are on the side that has room for them
    const isLate = budget > end / 2;
    return svg({
      width,
      height: 150,
      ...margins({ top: 16, right: 12, bottom: 30, left: 40 }),
      x: { domain: [0, end], label: null },
      y: { label: null },
      marks: [
        gridY(3),
        Plot.rectY(bins, {
          x1: 'from',
          x2: (bin: Bin) => bin.to + 1,
          y: 'rows',
          fill: COLOUR.ref,
          inset: 0.5,
        }),
        axisX(6),
        axisY(3),
        ...(near
          ? [
              Plot.ruleX([budget], { stroke: COLOUR.ink, strokeDasharray: '4 3' }),
              Plot.text([budget], {
                x: (tokens: number) => tokens,
                frameAnchor: 'top',
                textAnchor: isLate ? 'end' : 'start',
                dy: -12,
                text: () => 'model limit',
                fill: COLOUR.ink2,
              }),
            ]
          : []),
      ],
    });
  };
