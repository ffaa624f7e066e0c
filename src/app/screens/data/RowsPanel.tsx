import { useMemo, useState } from 'react';
import { Input } from 'react-aria-components/Input';
import { SearchField } from 'react-aria-components/SearchField';
import { useQuery } from '../../shell/location';
import { count } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { Select } from '../../ui/Select';
import { filterOptions, shownRows, usedForById } from './rows';
import { useData } from './use-data';
import { VirtualRows } from './VirtualRows';

/** All rows. What is typed into the search never reaches the address. */
export function RowsPanel() {
  const table = useData((s) => s.table);
  const prepared = useData((s) => s.prepared);
  const [filter, setFilter] = useQuery<string>('rows', 'all');
  const [search, setSearch] = useState('');
  const usedFor = useMemo(() => usedForById(prepared?.dataset ?? null), [prepared]);
  const all = prepared?.dataset.table.rows ?? table?.rows;
  const rows = useMemo(
    () => shownRows(all ?? [], { prepared, usedFor, filter, search }),
    [all, prepared, usedFor, filter, search],
  );
  if (!table || !all) return null;
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
            options={filterOptions(prepared)}
            value={filter}
            onChange={setFilter}
          />
        </div>
      }
    >
      <VirtualRows rows={rows} columns={table.columns} mapping={prepared?.dataset.mapping ?? null} usedFor={usedFor} />
    </Panel>
  );
}
