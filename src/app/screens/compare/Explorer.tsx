/** The rows behind a difference: in groups, page by page, one of them open. */
import type { ReactNode } from 'react';
import { useQuery } from '../../state/location';
import { Button, Dialog, format, PagedTable, Panel, type TableColumn, Tabs } from '../../ui';

interface ExploredRow {
  readonly id: string;
  readonly text: string;
}

interface RowGroup<R> {
  readonly id: string;
  readonly title: string;
  readonly empty: string;
  readonly of: (row: R) => boolean;
}

interface ExplorerProps<R extends ExploredRow> {
  readonly title: string;
  readonly caption: string;
  /** Over the tabs: filters, notes. */
  readonly lead: ReactNode;
  /** As filtered. */
  readonly rows: readonly R[];
  /** Without the filters. */
  readonly all: readonly R[];
  readonly page: number;
  readonly groups: readonly [RowGroup<R>, ...RowGroup<R>[]];
  /** Between the text and the link to all answers. */
  readonly columns: readonly TableColumn<R>[];
  /** All answers to a row. */
  readonly open: (row: R) => ReactNode;
}

export function Explorer<R extends ExploredRow>(props: ExplorerProps<R>) {
  const { title, caption, lead, rows, all, page, groups, columns, open } = props;
  const [chosen, setChosen] = useQuery<string>('rows', groups[0].id);
  const [rowId, setRowId] = useQuery<string>('row', '');
  const group = groups.find(({ id }) => id === chosen) ?? groups[0];
  const row = all.find(({ id }) => id === rowId) ?? null;
  const table = (group: RowGroup<R>) => (
    <PagedTable<R>
      caption={caption}
      rows={rows.filter(group.of)}
      page={page}
      empty={rows.length < all.length ? 'No such row in this group.' : group.empty}
      rowKey={({ id }) => id}
      columns={[
        { id: 'text', header: 'Text', primary: true, cell: ({ text }) => text },
        ...columns,
        {
          id: 'open',
          header: <span className="visually-hidden">All answers</span>,
          cell: ({ id }) => (
            <Button variant="link" size="s" aria-label={`All answers to row ${id}`} onPress={() => setRowId(id)}>
              All answers
            </Button>
          ),
        },
      ]}
    />
  );
  return (
    <Panel title={title} span={12}>
      {lead}
      <Tabs
        label="Rows"
        selected={group.id}
        onSelect={setChosen}
        tabs={groups.map((each) => ({
          id: each.id,
          label: `${each.title} · ${format.count(rows.filter(each.of).length)}`,
          content: each === group ? table(each) : null,
        }))}
      />
      <Dialog title={`Row ${row?.id ?? ''}`} isOpen={row !== null} onClose={() => setRowId('')} wide>
        {row ? (
          <div className="stack">
            <blockquote className="row-text">{row.text}</blockquote>
            {open(row)}
          </div>
        ) : null}
      </Dialog>
    </Panel>
  );
}
