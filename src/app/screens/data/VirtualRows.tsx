import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import type { ColumnMapping, Row } from '../../../dataset/types';
import { LabelTag } from '../../ui/LabelTag';

interface VirtualRowsProps {
  readonly rows: readonly Row[];
  /** Shown while no mapping says which of them matter: the first few. */
  readonly columns: readonly string[];
  readonly mapping: ColumnMapping | null;
  readonly usedFor: ReadonlyMap<string, string>;
}

const UNMAPPED = 4;

/** Rows of any height, drawn only where they are seen; a table to a screen reader, with its true number of rows. */
export function VirtualRows({ rows, columns, mapping, usedFor }: VirtualRowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 41,
    overscan: 12,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  const shown = mapping ? [mapping.text, mapping.label] : columns.slice(0, UNMAPPED);
  const heads = ['#', ...shown, ...(mapping ? ['used for'] : [])];
  const rowClass = `rows-row rows-${heads.length}`;
  return (
    // biome-ignore-start lint/a11y: most rows are not in the page, so this cannot be a <table>; the region scrolls by keyboard
    <div ref={scroller} className="rows" tabIndex={0} role="region" aria-label="Rows">
      <div role="table" aria-label="Rows" aria-rowcount={rows.length + 1}>
        <div role="rowgroup" className="rows-head">
          <div role="row" aria-rowindex={1} className={rowClass}>
            {heads.map((head) => (
              <span key={head} role="columnheader">
                {head}
              </span>
            ))}
          </div>
        </div>
        <div role="rowgroup" className="rows-body" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start, key }) => {
            const row = rows[index];
            return row ? (
              <div
                key={key}
                ref={virtual.measureElement}
                data-index={index}
                role="row"
                aria-rowindex={index + 2}
                className={rowClass}
                style={{ transform: `translateY(${start}px)` }}
              >
                <span role="cell" className="dim rows-id">
                  {row.id}
                </span>
                {shown.map((name) => (
                  <span key={name} role="cell" className={name === mapping?.text ? 'rows-text' : undefined}>
                    {name === mapping?.label ? <Label>{row.cells[name]}</Label> : (row.cells[name] ?? '')}
                  </span>
                ))}
                {mapping ? (
                  <span role="cell" className="dim">
                    {usedFor.get(row.id) ?? 'not used'}
                  </span>
                ) : null}
              </div>
            ) : null;
          })}
        </div>
      </div>
      {rows.length === 0 ? <p className="dim rows-none">No row matches. Clear the search or show all rows.</p> : null}
    </div>
    // biome-ignore-end lint/a11y: as above
  );
}

const Label = ({ children }: { readonly children: string | undefined }) =>
  children ? <LabelTag>{children}</LabelTag> : <span className="dim">none</span>;
