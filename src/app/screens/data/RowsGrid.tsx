import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react';
import type { Dataset, Row } from '../../../dataset/types';
import type { DataState } from '../../state/data/data-state';
import { LabelTag } from '../../ui/Marks';
import { LabelEditor, TextEditor } from './CellEditor';
import { type Place, placeAfter, useRowWindow } from './grid';
import { type Head, NAME, type ShownRow, USE, usedFor } from './words';

interface RowsGridProps {
  readonly count: number;
  readonly rowAt: (index: number) => ShownRow | undefined;
  /** Of the file; the first few are shown until a mapping says which of them matter. */
  readonly columns: readonly string[];
  readonly dataset: Dataset | null;
  readonly whyLocked: (row: ShownRow, head: Head) => string | null;
  readonly none: string | null;
  readonly pending: DataState['pending'];
  readonly onLocked: (why: string) => void;
  readonly onEdit: (row: Row, column: string, value: string) => void;
}

const UNMAPPED = 4;

function headsOf(dataset: Dataset | null, columns: readonly string[]): readonly Head[] {
  const mapping = dataset?.mapping;
  const shown = mapping ? [mapping.text, mapping.label] : columns.slice(0, UNMAPPED);
  const cells = shown.map((title): Head => ({ kind: 'cell', title }));
  return [NAME, ...cells, ...(mapping ? [USE] : [])];
}

function useActiveCell(
  { count, rowAt, whyLocked, onLocked }: Pick<RowsGridProps, 'count' | 'rowAt' | 'whyLocked' | 'onLocked'>,
  heads: readonly Head[],
  show: (row: number) => void,
) {
  const [active, setActive] = useState<Place>({ row: 0, column: 0 });
  const [editing, setEditing] = useState<{ readonly rowId: string; readonly column: string } | null>(null);
  const edit = (row: ShownRow, head: Head | undefined) => {
    if (!head) return;
    const why = whyLocked(row, head);
    if (why) onLocked(why);
    else setEditing({ rowId: row.row.id, column: head.title });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return; // a cell is being edited: the keys are its own
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
    show(next.row);
  };
  const onClick = (row: ShownRow, place: Place) => {
    const again = place.row === active.row && place.column === active.column;
    setActive(place);
    if (again) edit(row, heads[place.column]);
  };
  return { active, editing, onKeyDown, onClick, endEditing: () => setEditing(null) };
}

/**
 * Rows of any height, drawn only where they are seen; a grid to a screen reader, with its true number of rows. One stop
 * for Tab: arrow keys move the active cell, Enter or F2 edits it, Escape discards the edit.
 */
export function RowsGrid(props: RowsGridProps) {
  const { count, rowAt, columns, dataset, none, pending, onEdit } = props;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useRowWindow(count, scroller);
  const heads = headsOf(dataset, columns);
  const { active, editing, onKeyDown, onClick, endEditing } = useActiveCell(props, heads, virtual.show);
  const cellId = (row: number, column: number) => `${id}-${row}-${column}`;
  const isDrawn = virtual.items.some(({ index }) => index === active.row);
  const answers = dataset && dataset.mapping.task === 'generate' ? ' rows-texts' : '';
  const rowClass = `rows-row rows-${heads.length}${answers}${virtual.isFixed ? ' rows-fixed' : ''}`;
  const cell = ({ row }: ShownRow, column: string) => (
    <Cell
      row={row}
      column={column}
      dataset={dataset}
      pending={pending}
      isEditing={editing?.rowId === row.id && editing.column === column}
      onDone={(value) => {
        endEditing();
        scroller.current?.focus();
        if (value !== null) onEdit(row, column, value);
      }}
    />
  );
  const rows = { ...props, heads, rowClass, active, cellId, cell, onClick };
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
      <GridHead heads={heads} rowClass={rowClass} />
      <div role="rowgroup" className="rows-body" style={{ height: virtual.height }}>
        {virtual.items.map(({ index, start }) => {
          const shown = rowAt(index);
          return shown ? (
            <GridRow key={shown.row.id} {...rows} shown={shown} index={index} start={start} measure={virtual.measure} />
          ) : null;
        })}
      </div>
      {none ? <p className="dim rows-none">{none}</p> : null}
    </div>
    // biome-ignore-end lint/a11y: as above
  );
}

interface GridRowProps extends Pick<RowsGridProps, 'dataset' | 'whyLocked'> {
  readonly shown: ShownRow;
  readonly index: number;
  readonly start: number;
  readonly heads: readonly Head[];
  readonly rowClass: string;
  readonly active: Place;
  readonly measure: ((element: HTMLElement | null) => void) | undefined;
  readonly cellId: (row: number, column: number) => string;
  readonly cell: (shown: ShownRow, column: string) => ReactNode;
  readonly onClick: (shown: ShownRow, place: Place) => void;
}

// biome-ignore-start lint/a11y: parts of the grid above
function GridRow(props: GridRowProps) {
  const { shown, index, start, heads, rowClass, active, measure, dataset, cellId, cell, whyLocked, onClick } = props;
  return (
    <div
      ref={measure}
      data-index={index}
      role="row"
      aria-rowindex={index + 2}
      className={rowClass}
      style={{ transform: `translateY(${start}px)` }}
    >
      {heads.map((head, column) => (
        <span
          key={`${head.kind} ${head.title}`}
          id={cellId(index, column)}
          role="gridcell"
          aria-readonly={whyLocked(shown, head) !== null}
          data-active={index === active.row && column === active.column ? '' : undefined}
          className={cellClass(head, dataset)}
          onClick={() => onClick(shown, { row: index, column })}
        >
          {head.kind === 'cell' ? cell(shown, head.title) : head.kind === 'name' ? shown.row.id : usedFor(shown.part)}
        </span>
      ))}
    </div>
  );
}

// biome-ignore-end lint/a11y: as above

const cellClass = ({ kind, title }: Head, dataset: Dataset | null): string | undefined => {
  if (kind !== 'cell') return 'dim';
  return title === dataset?.mapping.text ? 'rows-text' : undefined;
};

// biome-ignore-start lint/a11y: parts of the grid above
const GridHead = ({ heads, rowClass }: { readonly heads: readonly Head[]; readonly rowClass: string }) => (
  <div role="rowgroup" className="rows-head">
    <div role="row" aria-rowindex={1} className={rowClass}>
      {heads.map((head) => (
        <span key={`${head.kind} ${head.title}`} role="columnheader">
          {head.title}
        </span>
      ))}
    </div>
  </div>
);
// biome-ignore-end lint/a11y: as above

interface CellProps {
  readonly row: Row;
  readonly column: string;
  readonly dataset: Dataset | null;
  readonly pending: DataState['pending'];
  readonly isEditing: boolean;
  readonly onDone: (value: string | null) => void;
}

function Cell({ row, column, dataset, pending, isEditing, onDone }: CellProps) {
  const isPending = pending?.rowId === row.id && pending.column === column;
  const value = (isPending ? pending.value : row.cells[column]) ?? '';
  const isLabel = dataset !== null && column === dataset.mapping.label && dataset.mapping.task === 'classify';
  if (isEditing) {
    const done = (next: string | null) => onDone(next === value ? null : next);
    const name = `${column} of row ${row.id}`;
    return isLabel ? (
      <LabelEditor name={name} value={value} labels={dataset.labels} onDone={done} />
    ) : (
      <TextEditor name={name} value={value} onDone={done} />
    );
  }
  if (isPending) return <span className="dim">{value}</span>;
  if (!isLabel) return value;
  return value === '' ? <span className="dim">none</span> : <LabelTag>{value}</LabelTag>;
}
