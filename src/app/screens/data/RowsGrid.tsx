import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import type { Dataset, Row } from '../../../dataset/types';
import { LabelTag } from '../../ui/LabelTag';
import { LabelEditor, TextEditor } from './CellEditor';
import { type Place, placeAfter } from './grid-keys';

interface RowsGridProps {
  readonly rows: readonly Row[];
  /** Shown while no mapping says which of them matter: the first few. */
  readonly columns: readonly string[];
  readonly dataset: Dataset | null;
  readonly usedFor: ReadonlyMap<string, string>;
  /** Why a cell cannot be changed, in a sentence; null = it can. */
  readonly whyLocked: (row: Row, column: string) => string | null;
  readonly onLocked: (why: string) => void;
  readonly onEdit: (row: Row, column: string, value: string) => void;
}

const UNMAPPED = 4;

/**
 * Rows of any height, drawn only where they are seen; a grid to a screen reader, with its true number of rows. One stop
 * for Tab: arrow keys move the active cell, Enter or F2 changes it, Escape leaves it as it was.
 */
export function RowsGrid({ rows, columns, dataset, usedFor, whyLocked, onLocked, onEdit }: RowsGridProps) {
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<Place>({ row: 0, column: 0 });
  const [editing, setEditing] = useState<{ readonly rowId: string; readonly column: string } | null>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 41,
    overscan: 12,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  const mapping = dataset?.mapping ?? null;
  const shown = mapping ? [mapping.text, mapping.label] : columns.slice(0, UNMAPPED);
  const heads = ['#', ...shown, ...(mapping ? ['used for'] : [])];
  const rowClass = `rows-row rows-${heads.length}`;
  const cellId = (row: number, column: number) => `${id}-${row}-${column}`;
  const isDrawn = virtual.getVirtualItems().some(({ index }) => index === active.row);

  const edit = (row: Row, column: string | undefined) => {
    if (!mapping || column === undefined || !shown.includes(column)) return;
    const why = whyLocked(row, column);
    if (why) onLocked(why);
    else setEditing({ rowId: row.id, column });
  };
  const close = () => {
    setEditing(null);
    scroller.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return; // a cell is being changed: the keys are its own
    const row = rows[active.row];
    if (row && (event.key === 'Enter' || event.key === 'F2')) {
      event.preventDefault();
      edit(row, heads[active.column]);
      return;
    }
    const next = placeAfter(event, active, { rows: rows.length, columns: heads.length });
    if (!next) return;
    event.preventDefault();
    setActive(next);
    virtual.scrollToIndex(next.row);
  };
  const onClick = (row: Row, place: Place) => {
    const again = place.row === active.row && place.column === active.column;
    setActive(place);
    if (again) edit(row, heads[place.column]);
  };

  function content(row: Row, column: string) {
    const value = row.cells[column] ?? '';
    const isLabel = column === mapping?.label;
    if (editing?.rowId === row.id && editing.column === column) {
      const done = (next: string | null) => {
        close();
        if (next !== null && next !== value) onEdit(row, column, next);
      };
      const name = `${column} of row ${row.id}`;
      return isLabel ? (
        <LabelEditor name={name} value={value} labels={dataset?.labels ?? []} onDone={done} />
      ) : (
        <TextEditor name={name} value={value} onDone={done} />
      );
    }
    if (!isLabel) return value;
    return value === '' ? <span className="dim">none</span> : <LabelTag>{value}</LabelTag>;
  }

  return (
    // biome-ignore-start lint/a11y: most rows are not in the page, so this cannot be a <table>; keys are handled by the grid as a whole
    <div
      ref={scroller}
      className="rows"
      tabIndex={0}
      role="grid"
      aria-label="Rows"
      aria-rowcount={rows.length + 1}
      aria-colcount={heads.length}
      aria-activedescendant={isDrawn ? cellId(active.row, active.column) : undefined}
      onKeyDown={onKeyDown}
    >
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
              {heads.map((head, column) => {
                const isData = column > 0 && column <= shown.length;
                const isLocked = !isData || !mapping || whyLocked(row, head) !== null;
                return (
                  <span
                    key={head}
                    id={cellId(index, column)}
                    role="gridcell"
                    aria-readonly={isLocked}
                    data-active={index === active.row && column === active.column ? '' : undefined}
                    className={isData ? (head === mapping?.text ? 'rows-text' : undefined) : 'dim'}
                    onClick={() => onClick(row, { row: index, column })}
                  >
                    {isData ? content(row, head) : column === 0 ? row.id : (usedFor.get(row.id) ?? 'not used')}
                  </span>
                );
              })}
            </div>
          ) : null;
        })}
      </div>
      {rows.length === 0 ? <p className="dim rows-none">No row matches. Clear the search or show all rows.</p> : null}
    </div>
    // biome-ignore-end lint/a11y: as above
  );
}
