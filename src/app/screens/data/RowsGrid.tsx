import { type KeyboardEvent, useId, useRef, useState } from 'react';
import type { Dataset, Row } from '../../../dataset/types';
import { writes } from '../../../dataset/writing';
import { LabelTag } from '../../ui/LabelTag';
import { LabelEditor, TextEditor } from './CellEditor';
import type { DataState } from './data-state';
import { type Place, placeAfter } from './grid-keys';
import { type Head, NAME, type ShownRow, USE, usedFor } from './rows';
import { useRowWindow } from './use-row-window';

interface RowsGridProps {
  readonly count: number;
  readonly rowAt: (index: number) => ShownRow | undefined;
  /** Shown while no mapping says which of them matter: the first few. */
  readonly columns: readonly string[];
  readonly dataset: Dataset | null;
  /** Why a cell cannot be changed, in a sentence; null = it can. */
  readonly whyLocked: (row: ShownRow, head: Head) => string | null;
  /** Said in place of rows; null while they are not known. */
  readonly none: string | null;
  /** A cell whose new text is being taken over. */
  readonly pending: DataState['pending'];
  readonly onLocked: (why: string) => void;
  readonly onEdit: (row: Row, column: string, value: string) => void;
}

const UNMAPPED = 4;

/**
 * Rows of any height, drawn only where they are seen; a grid to a screen reader, with its true number of rows. One stop
 * for Tab: arrow keys move the active cell, Enter or F2 changes it, Escape leaves it as it was.
 */
export function RowsGrid({
  count,
  rowAt,
  columns,
  dataset,
  whyLocked,
  none,
  pending,
  onLocked,
  onEdit,
}: RowsGridProps) {
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<Place>({ row: 0, column: 0 });
  const [editing, setEditing] = useState<{ readonly rowId: string; readonly column: string } | null>(null);
  const virtual = useRowWindow(count, scroller);
  const mapping = dataset?.mapping ?? null;
  const shown = mapping ? [mapping.text, mapping.label] : columns.slice(0, UNMAPPED);
  const cells = shown.map((title): Head => ({ kind: 'cell', title }));
  const heads: readonly Head[] = [NAME, ...cells, ...(mapping ? [USE] : [])];
  const rowClass = `rows-row rows-${heads.length}${virtual.isFixed ? ' rows-fixed' : ''}`;
  const cellId = (row: number, column: number) => `${id}-${row}-${column}`;
  const isDrawn = virtual.items.some(({ index }) => index === active.row);

  const edit = (row: ShownRow, head: Head | undefined) => {
    if (!head) return;
    const why = whyLocked(row, head);
    if (why) onLocked(why);
    else setEditing({ rowId: row.row.id, column: head.title });
  };
  const close = () => {
    setEditing(null);
    scroller.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return; // a cell is being changed: the keys are its own
    const row = rowAt(active.row);
    if (row && (event.key === 'Enter' || event.key === 'F2')) {
      event.preventDefault();
      edit(row, heads[active.column]);
      return;
    }
    const next = placeAfter(event, active, { rows: count, columns: heads.length });
    if (!next) return;
    event.preventDefault();
    setActive(next);
    virtual.show(next.row);
  };
  const onClick = (row: ShownRow, place: Place) => {
    const again = place.row === active.row && place.column === active.column;
    setActive(place);
    if (again) edit(row, heads[place.column]);
  };

  function content(row: Row, column: string) {
    const isPending = pending?.rowId === row.id && pending.column === column;
    const value = (isPending ? pending.value : row.cells[column]) ?? '';
    const isLabel = column === mapping?.label && !writes(mapping);
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
    if (isPending) return <span className="dim">{value}</span>;
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
      aria-rowcount={count + 1}
      aria-colcount={heads.length}
      aria-activedescendant={isDrawn ? cellId(active.row, active.column) : undefined}
      onKeyDown={onKeyDown}
    >
      <div role="rowgroup" className="rows-head">
        <div role="row" aria-rowindex={1} className={rowClass}>
          {heads.map((head) => (
            <span key={`${head.kind} ${head.title}`} role="columnheader">
              {head.title}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="rows-body" style={{ height: virtual.height }}>
        {virtual.items.map(({ index, start }) => {
          const shownRow = rowAt(index);
          const row = shownRow?.row;
          return shownRow && row ? (
            <div
              key={row.id}
              ref={virtual.measure}
              data-index={index}
              role="row"
              aria-rowindex={index + 2}
              className={rowClass}
              style={{ transform: `translateY(${start}px)` }}
            >
              {heads.map((head, column) => {
                const isLocked = whyLocked(shownRow, head) !== null;
                return (
                  <span
                    key={`${head.kind} ${head.title}`}
                    id={cellId(index, column)}
                    role="gridcell"
                    aria-readonly={isLocked}
                    data-active={index === active.row && column === active.column ? '' : undefined}
                    className={head.kind !== 'cell' ? 'dim' : head.title === mapping?.text ? 'rows-text' : undefined}
                    onClick={() => onClick(shownRow, { row: index, column })}
                  >
                    {head.kind === 'cell'
                      ? content(row, head.title)
                      : head.kind === 'name'
                        ? row.id
                        : usedFor(shownRow.part)}
                  </span>
                );
              })}
            </div>
          ) : null;
        })}
      </div>
      {none ? <p className="dim rows-none">{none}</p> : null}
    </div>
    // biome-ignore-end lint/a11y: as above
  );
}
