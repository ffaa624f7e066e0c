import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { toCsv } from '../../dataset/csv-out';
import { Button, Panel, ScrollRegion, toastError } from '../ui';
import { saveFile } from '../ui/download';
import type { Draw } from './plot';
import './charts.css';

export interface Twin {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export const twinOf = <T,>(
  of: readonly T[],
  columns: Readonly<Record<string, (each: T) => Twin['rows'][number][number]>>,
): Twin => ({
  columns: Object.keys(columns),
  rows: of.map((each) => Object.values(columns).map((cell) => cell(each))),
});

interface ChartPanelProps {
  readonly title: string;
  /** With marks of A and B, where the plain title is not enough. */
  readonly heading?: ReactNode;
  readonly unit?: ReactNode;
  readonly controls?: ReactNode;
  readonly draw: Draw;
  readonly twin: Twin;
  readonly span?: 4 | 5 | 6 | 7 | 8 | 12;
  /** The drawing is left out, as its children show the same; table and CSV stay. */
  readonly hidden?: boolean;
  readonly children?: ReactNode;
}

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
        () =>
          toastError('The picture could not be made.', 'Your browser refused it. The SVG download has the same chart.'),
      );
  };
  const tool = (label: string, what: string, onPress: () => void) => (
    <Button variant="link" size="s" {...(what && { 'aria-label': what })} onPress={onPress}>
      {label}
    </Button>
  );
  const saveCsv = () => saveFile(`${stem}.csv`, toCsv(twin.columns, twin.rows, { neutralise: true }), 'text/csv');
  return (
    <Panel
      title={heading ?? title}
      {...(span ? { span } : {})}
      aside={
        <>
          {unit ? <span>{unit}</span> : null}
          <span className="chart-tools">
            {tool(asTable ? 'Chart' : 'Table', '', () => setAsTable(!asTable))}
            {asTable || hidden ? null : tool('SVG', 'Download as SVG', () => save('svg'))}
            {asTable || hidden ? null : tool('PNG', 'Download as PNG', () => save('png'))}
            {tool('CSV', 'Download the numbers as CSV', saveCsv)}
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
  return <div ref={host} className="chart" role="img" aria-label={`Chart: ${title}`} />;
}

export function TwinTable({ title, twin }: { title: string; twin: Twin }) {
  return (
    <ScrollRegion className="chart-table" label={`Numbers: ${title}`}>
      <table aria-label={title}>
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
    </ScrollRegion>
  );
}

const ATTRIBUTES = ['fill', 'stroke', 'font-weight', 'font-size'] as const;

/** A copy that looks the same without the page's stylesheet: colours computed, font named, background filled. */
function standalone(chart: SVGSVGElement, title: string): SVGSVGElement {
  const copy = chart.cloneNode(true) as SVGSVGElement;
  const from = [chart, ...chart.querySelectorAll('*')];
  const to = [copy, ...copy.querySelectorAll('*')];
  for (const [i, element] of from.entries()) {
    const style = getComputedStyle(element);
    for (const name of ATTRIBUTES) {
      const value = style.getPropertyValue(name);
      if (value) to[i]?.setAttribute(name, value);
    }
  }
  const root = getComputedStyle(chart);
  const background = document.createElementNS(copy.namespaceURI, 'rect');
  background.setAttribute('width', '100%');
  background.setAttribute('height', '100%');
  background.setAttribute(
    'fill',
    root.getPropertyValue('--panel-colour') || getComputedStyle(document.body).backgroundColor,
  );
  copy.prepend(background);
  const name = document.createElementNS(copy.namespaceURI, 'title');
  name.textContent = title;
  copy.prepend(name);
  copy.setAttribute('font-family', 'Inter, system-ui, sans-serif');
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.removeAttribute('aria-hidden');
  copy.removeAttribute('class');
  copy.setAttribute('role', 'img');
  return copy;
}

export const toSvg = (chart: SVGSVGElement, title: string): Blob =>
  new Blob([new XMLSerializer().serializeToString(standalone(chart, title))], { type: 'image/svg+xml' });

async function toPng(chart: SVGSVGElement, title: string): Promise<Blob> {
  const url = URL.createObjectURL(toSvg(chart, title));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = chart.width.baseVal.value * 2;
    canvas.height = chart.height.baseVal.value * 2;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new Error('internal: the chart made no picture'))),
        'image/png',
      ),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** `Tuned 81.7%, yours 67.5%` -> `tuned-81-7-yours-67-5`. */
export const fileStem = (title: string): string =>
  title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60) || 'chart';
