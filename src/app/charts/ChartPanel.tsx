import { type ComponentProps, type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { toCsv } from '../../dataset/csv-out';
import { Button, Panel, ScrollRegion, Table, toastError } from '../ui';
import { saveFile } from '../ui/download';
import type { Draw } from './plot';
import { pngOf } from './table-picture';
import './charts.css';

type Cell = string | number | null;

export interface Twin {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export const twinOf = <T,>(of: readonly T[], columns: Readonly<Record<string, (each: T) => Cell>>): Twin => ({
  columns: Object.keys(columns),
  rows: of.map((each) => Object.values(columns).map((cell) => cell(each))),
});

interface ChartPanelProps extends Pick<ComponentProps<typeof Panel>, 'span'> {
  readonly title: string;
  readonly heading?: ReactNode;
  readonly unit?: ReactNode;
  readonly controls?: ReactNode;
  /** Left out where its children show the same; table and CSV stay. */
  readonly draw?: Draw;
  readonly twin: Twin;
  readonly children?: ReactNode;
}

interface ToolsProps {
  /** `what` it does, where the label alone does not say it. */
  readonly of: Readonly<Record<string, readonly [label: string, what: string | null, run: () => unknown]>>;
}

export const Tools = ({ of }: ToolsProps) => (
  <span className="chart-tools">
    {Object.entries(of).map(([id, [label, what, run]]) => (
      <Button key={id} variant="link" size="s" {...(what && { 'aria-label': what })} onPress={() => void run()}>
        {label}
      </Button>
    ))}
  </span>
);

export function ChartPanel({ title, heading, unit, controls, draw, twin, span = 12, children }: ChartPanelProps) {
  const [isUnfolded, unfold] = useState(false);
  const chart = useRef<SVGSVGElement | null>(null);
  const stem = fileStem(title);
  const saveSvg = () => chart.current && saveFile(`${stem}.svg`, toSvg(chart.current, title));
  const savePng = () =>
    chart.current &&
    toPng(chart.current, title).then(
      (png) => saveFile(`${stem}.png`, png),
      () =>
        toastError('The picture could not be made.', 'Your browser refused it. The SVG download has the same chart.'),
    );
  const saveCsv = () => saveFile(`${stem}.csv`, toCsv(twin.columns, twin.rows, { neutralise: true }), 'text/csv');
  const pictures = { svg: ['SVG', 'Download as SVG', saveSvg], png: ['PNG', 'Download as PNG', savePng] } as const;
  return (
    <Panel
      title={heading ?? title}
      span={span}
      aside={
        <>
          {unit ? <span>{unit}</span> : null}
          <Tools
            of={{
              table: [isUnfolded ? 'Hide' : 'Table & files', null, () => unfold(!isUnfolded)],
              ...(isUnfolded && { ...(draw && pictures), csv: ['CSV', 'Download the numbers as CSV', saveCsv] }),
            }}
          />
        </>
      }
    >
      {controls}
      {draw ? <Drawn title={title} draw={draw} chart={chart} /> : null}
      {isUnfolded ? <TwinTable title={title} twin={twin} /> : null}
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

export function TwinTable({ title, twin: { columns, rows } }: { title: string; twin: Twin }) {
  const shown = (cell: Cell = null) => (typeof cell === 'number' ? Number(cell.toFixed(4)) : cell);
  return (
    <ScrollRegion className="chart-table" label={`Numbers: ${title}`}>
      <Table<{ readonly cells: readonly Cell[]; readonly id: string }>
        caption={title}
        rows={rows.map((cells, i) => ({ cells, id: String(i) }))}
        rowKey={({ id }) => id}
        columns={columns.map((name, i) => ({
          name,
          card: true,
          numeric: rows.some((cells) => typeof cells[i] === 'number'),
          cell: ({ cells }) => shown(cells[i]),
        }))}
      />
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
  const background = document.createElementNS(copy.namespaceURI, 'rect');
  background.setAttribute('width', '100%');
  background.setAttribute('height', '100%');
  background.setAttribute('fill', getComputedStyle(document.body).backgroundColor);
  const name = document.createElementNS(copy.namespaceURI, 'title');
  name.textContent = title;
  copy.prepend(name, background);
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
    return await pngOf(canvas);
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
