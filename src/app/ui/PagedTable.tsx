import { type ComponentProps, useState } from 'react';
import { Button } from './Button';
import { Table } from './Table';

type PagedTableProps<T> = ComponentProps<typeof Table<T>> & {
  /** Rows at first, and with each "Show more". */
  readonly page: number;
  /** Said in place of a table without rows. */
  readonly empty: string;
};

/** A table that shows its first rows, and more on request. */
export function PagedTable<T>({ page, empty, rows, ...table }: PagedTableProps<T>) {
  const [shown, setShown] = useState(page);
  if (rows.length === 0) return <p className="dim">{empty}</p>;
  return (
    <div className="stack">
      <Table<T> {...table} rows={rows.slice(0, shown)} />
      {rows.length > shown ? (
        <div className="row">
          <Button variant="quiet" onPress={() => setShown(shown + page)}>
            Show {Math.min(page, rows.length - shown)} more of {rows.length}
          </Button>
        </div>
      ) : null}
    </div>
  );
}
