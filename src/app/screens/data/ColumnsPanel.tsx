import { DELIMITER_NAMES, DELIMITERS } from '../../../dataset/delimiter';
import type { ColumnMapping, SourceFormat } from '../../../dataset/types';
import { useStores } from '../../state/studio';
import { Choices } from '../../ui/Choices';
import { Panel } from '../../ui/Panel';
import { Select } from '../../ui/Select';
import { Term } from '../../ui/Term';
import { useData } from './use-data';
import { ENCODING_NAMES } from './words';

const NONE = '\u0000none';
const ENCODINGS = (Object.keys(ENCODING_NAMES) as SourceFormat['encoding'][]).map((id) => ({
  id,
  label: ENCODING_NAMES[id],
}));
const SEPARATORS = DELIMITERS.map((id) => ({ id, label: DELIMITER_NAMES[id] }));

/** Which column is what; and how the file was read, where that can still be changed. */
export function ColumnsPanel() {
  const { data } = useStores();
  const table = useData((s) => s.table);
  const { text, label, id, task = 'choose' } = useData((s) => s.mapping);
  const writing = task === 'write';
  const canReread = useData((s) => s.canReread);
  if (!table) return null;
  const columns = table.columns.map((name) => ({
    id: name,
    label: name,
    detail: firstValue(table.rows.at(0)?.cells[name]),
  }));
  const { map, reread } = data.getState();
  return (
    <Panel title="Which column is what" span={4}>
      <div className="stack">
        <Choices<NonNullable<ColumnMapping['task']>>
          label="What should a prompt do?"
          value={task}
          onChange={(next) => void map({ task: next })}
          options={[
            { id: 'choose', label: 'Choose a label' },
            { id: 'write', label: 'Write a text' },
          ]}
        />
        <Select label="Text" options={columns} value={text} onChange={(next) => void map({ text: next })} />
        <Select
          label={writing ? 'What should be written' : 'Label'}
          options={columns}
          value={label}
          onChange={(next) => void map({ label: next })}
        />
        <Select
          label={
            <Term means="A column that names each row. It makes a row’s name stay the same when you add or remove others.">
              Row name
            </Term>
          }
          options={[{ id: NONE, label: 'none: count the rows' }, ...columns]}
          value={id ?? NONE}
          onChange={(next) => void map({ id: next === NONE ? null : next })}
        />
        {canReread && table.format.kind !== 'jsonl' ? (
          <div className="data-format">
            <Select
              label="Separated by"
              options={SEPARATORS}
              value={table.format.delimiter}
              onChange={(next) => void reread({ delimiter: next as SourceFormat['delimiter'] })}
            />
            <Select
              label="Characters"
              options={ENCODINGS}
              value={table.format.encoding}
              onChange={(next) => void reread({ encoding: next as SourceFormat['encoding'] })}
            />
          </div>
        ) : null}
      </div>
    </Panel>
  );
}

const firstValue = (cell = '') => (cell.length > 24 ? `${cell.slice(0, 23)}…` : cell);
