import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { toCsv } from '../../dataset/csv-out';
import { Button, Panel, toastError } from '../ui';
import { saveFile } from '../ui/download';
import { fileStem, toPng, toSvg } from './export';
import type { Draw } from './plot';
import './charts.css';

/** The numbers of a chart, as a table and as CSV. */
interface Twin {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

interface ChartPanelProps {
  /** The finding, from `finding.ts`. */
  readonly title: string;
  /** With marks of A and B, where the plain title is not enough. */
  readonly heading?: ReactNode;
  /** Units and counts. */
  readonly unit?: ReactNode;
  readonly controls?: ReactNode;
  readonly draw: Draw;
  readonly twin: Twin;
  readonly span?: 4 | 5 | 6 | 7 | 8 | 12;
  /** The drawing is left out, as its children show the same; table and CSV stay. */
  readonly hidden?: boolean;
  readonly children?: ReactNode;
}

/** A chart with its finding as title, a table of the same numbers, and downloads. */
export function ChartPanel({ title, heading, unit, controls, draw, twin, span, hidden, children }: ChartPanelProps) {
  const [asTable, setAsTable] = useState(false);
  const chart = useRef<SVGSVGElement | null>(null);
  const stem = fileStem(title);
  const save = (kind: 'svg' | 'png') => {
    const drawn = chart.current;
    if (!drawn) return;
    if (kind === 'svg') saveFile(`${stem}.svg`, toSvg(drawn, title));
    else
      toPng(drawn, title).then(
        (png) => saveFile(`${stem}.png`, png),
        () => toastError('The picture was not made.', 'Your browser refused it. The SVG download has the same chart.'),
      );
  };
  return (
    <Panel
      title={heading ?? title}
      {...(span ? { span } : {})}
      aside={
        <>
          {unit ? <span>{unit}</span> : null}
          <span className="chart-tools">
            <Button variant="link" size="s" onPress={() => setAsTable(!asTable)}>
              {asTable ? 'Chart' : 'Table'}
            </Button>
            {asTable || hidden ? null : (
              <>
                <Button variant="link" size="s" aria-label="Download as SVG" onPress={() => save('svg')}>
                  SVG
                </Button>
                <Button variant="link" size="s" aria-label="Download as PNG" onPress={() => save('png')}>
                  PNG
                </Button>
              </>
            )}
            <Button
              variant="link"
              size="s"
              aria-label="Download the numbers as CSV"
              onPress={() => saveFile(`${stem}.csv`, toCsv(twin.columns, twin.rows, { neutralise: true }), 'text/csv')}
            >
              CSV
            </Button>
          </span>
        </>
      }
    >
      {controls}
      {asTable ? <TwinTable title={title} twin={twin} /> : null}
      {asTable || hidden ? null : <Drawn title={title} draw={draw} chart={chart} />}
      {children}
    </Panel>
  );
}

/** Draws for the width that there is: measured before anything is painted, and again whenever it changes. */
function Drawn({ title, draw, chart }: { title: string; draw: Draw; chart: React.RefObject<SVGSVGElement | null> }) {
  const host = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  // a panel that appears or changes its span may change the width of this one in the same render
  useLayoutEffect(() => setWidth(Math.floor(host.current?.clientWidth ?? 0)));
  useLayoutEffect(() => {
    if (!host.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(host.current);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (width <= 0) return;
    chart.current = draw(width);
    host.current?.replaceChildren(chart.current);
  }, [draw, width, chart]);
  // The picture; its numbers are one press away under "Table".
  return <div ref={host} className="chart" role="img" aria-label={`Chart: ${title}`} />;
}

function TwinTable({ title, twin }: { title: string; twin: Twin }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="chart-table" aria-label={`Numbers: ${title}`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {twin.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {twin.rows.map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of numbers have no other name, and are never moved
            <tr key={i}>
              {row.map((value, j) => (
                <td key={twin.columns[j]} className={typeof value === 'number' ? 'num' : undefined}>
                  {typeof value === 'number' ? Number(value.toFixed(4)) : value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
