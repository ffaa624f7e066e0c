import { useCallback, useState } from 'react';
import { Input } from 'react-aria-components/Input';
import { SearchField } from 'react-aria-components/SearchField';
import { useStore } from 'zustand';
import type { RowSort } from '../../../dataset/query';
import { writes } from '../../../dataset/writing';
import { useQuery } from '../../shell/location';
import { useStores } from '../../state/studio';
import { count } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { Select } from '../../ui/Select';
import { Term } from '../../ui/Term';
import { toastError } from '../../ui/toast';
import { RowsGrid } from './RowsGrid';
import { filterOptions, SORTS, whyLocked } from './rows';
import { useData, useIssues } from './use-data';
import { useOrder } from './use-order';

/** All rows. What is typed into the search never reaches the address. */
export function RowsPanel() {
  const { data } = useStores();
  const table = useData((s) => s.table);
  const prepared = useData((s) => s.prepared);
  const preparing = useData((s) => s.preparing);
  const drawn = useData((s) => s.pending);
  // stands there from the key that keeps it until the changed rows are drawn
  const pending = useStore(data, (s) => s.pending) ?? drawn;
  const issues = useIssues() ?? NO_ISSUES;
  const [filter, setFilter] = useQuery<string>('rows', 'all');
  const [sort, setSort] = useQuery<RowSort>('sort', 'file');
  const [search, setSearch] = useState('');
  const dataset = prepared?.dataset ?? null;
  const writing = dataset !== null && writes(dataset.mapping);
  const all = dataset?.table.rows ?? table?.rows;
  const order = useOrder({ filter, search, sort }, issues);
  const rowAt = useCallback(
    (index: number) => {
      const place = order ? (order.places[index] ?? Number.NaN) : index;
      const row = all?.at(place);
      return row && { row, part: order?.parts[place] };
    },
    [all, order],
  );
  if (!table || !all) return null;
  const isPlain = filter === 'all' && sort === 'file' && search.trim() === '';
  const shown = order ? order.places.length : isPlain ? all.length : null;
  return (
    <Panel
      span={12}
      title={
        shown === null || shown === all.length
          ? `${count(all.length)} rows`
          : `${count(shown)} of ${count(all.length)} rows`
      }
      aside={
        <div className="rows-tools">
          <SearchField className="rows-search" aria-label="Search the rows" value={search} onChange={setSearch}>
            <Input className="input" placeholder="Search" />
          </SearchField>
          <Select
            label={<span className="visually-hidden">Show</span>}
            options={filterOptions(prepared, issues)}
            value={filter}
            onChange={setFilter}
          />
          {dataset ? (
            <Select
              label={<span className="visually-hidden">Order</span>}
              options={SORTS}
              value={sort}
              onChange={(next) => setSort(next as RowSort)}
            />
          ) : null}
        </div>
      }
    >
      {dataset || preparing ? (
        <p className="dim small rows-how">
          {writing ? 'Every text' : 'A label or a text'} can be changed: choose its cell and press Enter, or click it
          twice.{' '}
          <Term means="Whoever changes them with results in view bends the test. “Check labels” on Compare corrects their labels with the answers out of sight; a text is corrected in the file. Masking and merging labels are done in all rows alike.">
            Held-back rows
          </Term>{' '}
          stay as they are.
        </p>
      ) : null}
      <RowsGrid
        count={shown ?? 0}
        none={shown === 0 ? 'No row matches. Clear the search or show all rows.' : null}
        rowAt={rowAt}
        columns={table.columns}
        dataset={dataset}
        pending={pending}
        whyLocked={(row, head) => whyLocked(row, head, dataset?.mapping ?? null)}
        onLocked={(why) => toastError('This cell cannot be changed here', why)}
        onEdit={(row, column, value) => void data.getState().change({ kind: 'cell', rowId: row.id, column, value })}
      />
    </Panel>
  );
}

const NO_ISSUES = [] as const;
