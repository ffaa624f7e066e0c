import { type ComponentProps, Fragment, type ReactNode, useState } from 'react';
import { midSentence } from '../../lib/format';
import { Button } from './Button';
import { Term } from './Marks';
import './table.css';

export interface Column<T> {
  /** Unique. */
  readonly name: string;
  readonly head?: ReactNode;
  /** For those who do not see the column: it needs no words for the others. */
  readonly isNameHidden?: boolean;
  readonly means?: string;
  readonly cell: (row: T) => ReactNode;
  readonly numeric?: boolean;
  /** On a narrow screen this cell is the card's headline; the others are in one line under it. */
  readonly primary?: boolean;
  /** What the value is called on a card, `true` = by its name; none = the value speaks for itself. */
  readonly card?: string | true | undefined;
}

const Head = ({ name, head = name, isNameHidden, means }: Omit<Column<never>, 'cell'>) =>
  isNameHidden ? <span className="visually-hidden">{head}</span> : <Term means={means}>{head}</Term>;

interface TableProps<T> {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly selectedKey?: string | null;
}

/** A plain table; below 760 px each row is a card. Roles are spelled out since `display: block` would take them away. */
export const Table = <T,>({ caption, columns, rows, rowKey, selectedKey }: TableProps<T>) => (
  // biome-ignore-start lint/a11y: the roles are redundant only as long as the elements keep their display
  <table className="table" role="table">
    <caption className="visually-hidden">{caption}</caption>
    <thead role="rowgroup">
      <tr role="row">
        {columns.map((column) => (
          <th key={column.name} role="columnheader" scope="col" className={column.numeric ? 'num' : undefined}>
            <Head {...column} />
          </th>
        ))}
      </tr>
    </thead>
    <tbody role="rowgroup">
      {rows.map((row) => (
        <tr key={rowKey(row)} role="row" data-selected={rowKey(row) === selectedKey ? '' : undefined}>
          {columns.map((column) => (
            <td
              key={column.name}
              role="cell"
              className={[column.numeric ? 'num' : '', column.primary ? 'primary' : ''].join(' ').trim() || undefined}
              data-label={column.card === true ? midSentence(column.name) : column.card}
            >
              {column.cell(row)}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
  // biome-ignore-end lint/a11y: as above
);

type PagedTableProps<T> = ComponentProps<typeof Table<T>> & {
  readonly page: number;
  readonly empty: string;
};

/** The first rows, and what shows a page more of them. */
export function usePages<T>(rows: readonly T[], page: number): readonly [shown: readonly T[], more: ReactNode] {
  const [shown, setShown] = useState(page);
  const more = (
    <div className="row">
      <Button variant="quiet" onPress={() => setShown(shown + page)}>
        Show {Math.min(page, rows.length - shown)} more of {rows.length}
      </Button>
    </div>
  );
  return [rows.slice(0, shown), rows.length > shown ? more : null];
}

export function PagedTable<T>({ page, empty, rows, ...table }: PagedTableProps<T>) {
  const [shown, more] = usePages(rows, page);
  if (rows.length === 0) return <p className="dim">{empty}</p>;
  return (
    <div className="stack">
      <Table<T> {...table} rows={shown} />
      {more}
    </div>
  );
}

export type Fact = readonly [name: string, value: ReactNode, means?: string];

export const Facts = ({ of }: { readonly of: readonly (Fact | null)[] }) => (
  <dl className="facts">
    {of.map((fact) => {
      if (!fact) return null;
      const [name, value, means] = fact;
      return (
        <Fragment key={name}>
          <dt>
            <Term means={means}>{name}</Term>
          </dt>
          <dd>{value}</dd>
        </Fragment>
      );
    })}
  </dl>
);
