import { useCallback, useState } from 'react';
import { Input } from 'react-aria-components/Input';
import { SearchField } from 'react-aria-components/SearchField';
import { useStore } from 'zustand';
import type { RowSort } from '../../../dataset/query';
import { TASK_FACTS } from '../../../dataset/task-facts';
import type { DataVersion, TaskKind } from '../../../dataset/types';
import { count } from '../../../lib/format';
import { useQuery } from '../../state/location';
import { useData, useDataFields, useStores } from '../../state/studio';
import { Button, Panel, ScrollRegion, Select, Table, type TableColumn, Term, toastError } from '../../ui';
import { RowsGrid } from './RowsGrid';
import { type RowChoice, useIssues, useOrder } from './rows-store';
import { canGoBackTo, filterOptions, SORTS, whenWords, whyLocked } from './words';

const NO_ISSUES = [] as const;
const NO_VERSIONS: readonly DataVersion[] = [];

/** All rows. The address keeps the filter and the order, and never what is typed into the search. */
const howToEdit = (kind: TaskKind) =>
  `Enter changes ${TASK_FACTS[kind].editable}. Test rows are locked: editing them after seeing results biases the test. To correct a label, use “Check labels” on Compare, which shows no answers. To correct a text, edit the file. Masking and merging labels apply to all rows alike.`;

export function RowsPanel() {
  const [filter, setFilter] = useQuery<string>('rows', 'all');
  const [sort, setSort] = useQuery<RowSort>('sort', 'file');
  const [search, setSearch] = useState('');
  const choice = { filter, sort, search };
  const { all, shown, rowAt } = useShownRows(choice);
  const { data } = useStores();
  const { pending: drawn, prepared, table } = useDataFields('pending', 'prepared', 'table');
  // shown from the key that keeps it until the changed rows are drawn
  const pending = useStore(data, (s) => s.pending) ?? drawn;
  const dataset = prepared?.dataset ?? null;
  const columns = table?.columns;
  const kind = useData((s) => s.mapping.task);
  if (!columns || !all) return null;
  return (
    <Panel
      title={
        shown === null || shown === all.length
          ? `${count(all.length)} rows`
          : `${count(shown)} of ${count(all.length)} rows`
      }
      {...(dataset && { means: howToEdit(kind) })}
      aside={<Tools choice={choice} onFilter={setFilter} onSort={setSort} onSearch={setSearch} />}
    >
      <RowsGrid
        columns={columns}
        count={shown ?? 0}
        rowAt={rowAt}
        none={shown === 0 ? 'No row matches. Clear the search or show all rows.' : null}
        dataset={dataset}
        pending={pending}
        whyLocked={(row, head) => whyLocked(row, head, dataset?.mapping ?? null)}
        onLocked={(why) => toastError('This cell cannot be changed here', why)}
        onEdit={(row, column, value) => void data.change({ kind: 'cell', rowId: row.id, column, value })}
      />
    </Panel>
  );
}

function useShownRows(choice: RowChoice) {
  const issues = useIssues() ?? NO_ISSUES;
  const all = useData((s) => s.prepared?.dataset.table.rows ?? s.table?.rows);
  const order = useOrder(choice, issues);
  const rowAt = useCallback(
    (index: number) => {
      const place = order ? (order.places[index] ?? Number.NaN) : index;
      const row = all?.at(place);
      return row && { row, part: order?.parts[place] };
    },
    [all, order],
  );
  const isPlain = choice.filter === 'all' && choice.sort === 'file' && choice.search.trim() === '';
  const shown = order ? order.places.length : isPlain ? (all?.length ?? null) : null;
  return { all, shown, rowAt };
}

interface ToolsProps {
  readonly choice: RowChoice;
  readonly onFilter: (filter: string) => void;
  readonly onSort: (sort: RowSort) => void;
  readonly onSearch: (search: string) => void;
}

function Tools({ choice: { filter, sort, search }, onFilter, onSort, onSearch }: ToolsProps) {
  const dataset = useData((s) => s.prepared?.dataset ?? null);
  const issues = useIssues() ?? NO_ISSUES;
  return (
    <div className="row rows-tools">
      <SearchField className="rows-search" aria-label="Search the rows" value={search} onChange={onSearch}>
        <Input className="input" placeholder="Search" />
      </SearchField>
      <Select
        label={<span className="visually-hidden">Show</span>}
        options={filterOptions(dataset, issues)}
        value={filter}
        onChange={onFilter}
      />
      {dataset ? (
        <Select
          label={<span className="visually-hidden">Order</span>}
          options={SORTS}
          value={sort}
          onChange={(next) => onSort(next as RowSort)}
        />
      ) : null}
    </div>
  );
}

export function VersionsPanel() {
  const versions = useData((s) => s.prepared?.dataset.versions ?? NO_VERSIONS);
  const now = versions.at(-1);
  if (!now) return null;
  return (
    <Panel
      span={5}
      title={`Version ${now.number} of the data`}
      aside={
        <Term means="A checksum of all rows. Each run and comparison records it, so you can see when a result belongs to earlier rows.">
          <code>{now.fingerprint.slice(0, 8)}</code>
        </Term>
      }
    >
      {versions.length === 1 ? (
        <p className="dim">
          Each edit, merge or masking makes a new version, and you can go back to any of them. {now.what},{' '}
          {whenWords(now.createdAt)}.
        </p>
      ) : (
        <VersionsTable versions={versions} now={now} />
      )}
    </Panel>
  );
}

function VersionsTable({ versions, now }: { readonly versions: readonly DataVersion[]; readonly now: DataVersion }) {
  const { data } = useStores();
  const preparing = useData((s) => s.preparing);
  const goBack = ({ number, fingerprint }: DataVersion) =>
    canGoBackTo(versions, number) && fingerprint !== now.fingerprint ? (
      <Button
        variant="link"
        size="s"
        isDisabled={preparing}
        aria-label={`Go back to version ${number}`}
        onPress={() => void data.change({ kind: 'go-back', version: number })}
      >
        Go back
      </Button>
    ) : null;
  const columns: readonly TableColumn<DataVersion>[] = [
    { name: 'Version', card: true, numeric: true, cell: ({ number }) => number },
    { name: 'What changed', primary: true, cell: ({ what }) => what },
    { name: 'When', cell: ({ createdAt }) => <span className="dim">{whenWords(createdAt)}</span> },
    {
      name: 'Go back',
      isNameHidden: true,
      numeric: true,
      cell: (version) => (version === now ? <span className="dim">now</span> : goBack(version)),
    },
  ];
  return (
    <ScrollRegion className="versions" label="Versions of the data">
      <Table
        caption="Versions of the data"
        columns={columns}
        rows={versions.toReversed()}
        rowKey={({ number }) => String(number)}
      />
      <p className="dim small">
        This browser keeps the cells of earlier versions, including those that are masked now.
      </p>
    </ScrollRegion>
  );
}
