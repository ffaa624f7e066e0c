import { useMemo, useState } from 'react';
import { Input } from 'react-aria-components/Input';
import { SearchField } from 'react-aria-components/SearchField';
import type { Row } from '../../../dataset/types';
import { useQuery } from '../../shell/location';
import { useStores } from '../../state/studio';
import { count } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { Select } from '../../ui/Select';
import { toastError } from '../../ui/toast';
import { RowsGrid } from './RowsGrid';
import { filterOptions, SORTS, type SortKey, shownRows, usedForById } from './rows';
import { useData, useFindings } from './use-data';

/** All rows. What is typed into the search never reaches the address. */
export function RowsPanel() {
  const { data } = useStores();
  const table = useData((s) => s.table);
  const prepared = useData((s) => s.prepared);
  const findings = useFindings() ?? NO_FINDINGS;
  const [filter, setFilter] = useQuery<string>('rows', 'all');
  const [sort, setSort] = useQuery<SortKey>('sort', 'file');
  const [search, setSearch] = useState('');
  const dataset = prepared?.dataset ?? null;
  const usedFor = useMemo(() => usedForById(dataset), [dataset]);
  const held = useMemo(() => new Set(dataset?.split.test), [dataset]);
  const all = dataset?.table.rows ?? table?.rows;
  const rows = useMemo(
    () => shownRows(all ?? [], { dataset, findings, usedFor, filter, search, sort }),
    [all, dataset, findings, usedFor, filter, search, sort],
  );
  if (!table || !all) return null;
  const whyLocked = (row: Row, column: string) =>
    column === dataset?.mapping.label && held.has(row.id)
      ? `Row ${row.id} is held back: its label stays, so that nobody bends the test to a result. “Check labels” on Compare checks it with the answers out of sight.`
      : null;
  return (
    <Panel
      span={12}
      title={
        rows.length === all.length ? `${count(all.length)} rows` : `${count(rows.length)} of ${count(all.length)} rows`
      }
      aside={
        <div className="rows-tools">
          <SearchField className="rows-search" aria-label="Search the rows" value={search} onChange={setSearch}>
            <Input className="input" placeholder="Search" />
          </SearchField>
          <Select
            label={<span className="visually-hidden">Show</span>}
            options={filterOptions(prepared, findings)}
            value={filter}
            onChange={setFilter}
          />
          {dataset ? (
            <Select
              label={<span className="visually-hidden">Order</span>}
              options={SORTS}
              value={sort}
              onChange={(next) => setSort(next as SortKey)}
            />
          ) : null}
        </div>
      }
    >
      {dataset ? (
        <p className="dim small rows-how">
          A label or a text can be changed: choose its cell and press Enter, or click it twice. Labels of held-back rows
          stay as they are here, since whoever changes them with results in view bends the test; “Check labels” on
          Compare hides the answers.
        </p>
      ) : null}
      <RowsGrid
        rows={rows}
        columns={table.columns}
        dataset={dataset}
        usedFor={usedFor}
        whyLocked={whyLocked}
        onLocked={(why) => toastError('This label cannot be changed here', why)}
        onEdit={(row, column, value) => void data.getState().change({ kind: 'cell', rowId: row.id, column, value })}
      />
    </Panel>
  );
}

const NO_FINDINGS = [] as const;
