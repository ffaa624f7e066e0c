import { useLayoutEffect, useMemo, useRef } from 'react';
import type { Metric } from '../../charts';
import type { Draw } from '../../charts/plot';
import type { RunCurve } from '../../charts/run-charts';

/** Width of one of many; the drawing is scaled to the room there is. */
const WIDTH = 260;

interface SmallChartProps {
  readonly draw: (curves: readonly RunCurve[], id: string, metric: Metric) => Draw;
  readonly curves: readonly RunCurve[];
  readonly id: string;
  readonly metric: Metric;
  readonly name: string;
}

/** One of many small curves; its numbers stand in the table of the panel around it. */
export function SmallChart({ draw, curves, id, metric, name }: SmallChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const drawn = useMemo(() => draw(curves, id, metric)(WIDTH), [draw, curves, id, metric]);
  useLayoutEffect(() => host.current?.replaceChildren(drawn), [drawn]);
  return <div ref={host} className="chart" role="img" aria-label={`Curve of ${name}, before the others`} />;
}
