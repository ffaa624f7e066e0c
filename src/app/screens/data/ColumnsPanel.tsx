import type { ParseOverride } from '../../../dataset/parse';
import { TASK_FACTS } from '../../../dataset/task-facts';
import { DELIMITER_NAMES, TASK_KINDS, type TaskKind } from '../../../dataset/types';
import { tabMemory } from '../../state/storage';
import { useDataFields, useStores } from '../../state/studio';
import { Panel, Select } from '../../ui';
import { ENCODING_NAMES, formatWords, QUOTE_NAMES } from './words';

/** While the file is read again, the panel is not there. */
const unfolded = tabMemory('file format unfolded', false);

const NONE = '\u0000none';
const LABEL_HERE = { id: '\u0000here', label: 'None: label rows here' };
const FORMAT = [
  { mark: 'delimiter' as const, label: 'Delimiter', names: DELIMITER_NAMES },
  { mark: 'quote' as const, label: 'Quotes', names: QUOTE_NAMES },
  { mark: 'encoding' as const, label: 'Encoding', names: ENCODING_NAMES },
].map(({ names, ...of }) => ({ ...of, options: Object.entries(names).map(([id, label]) => ({ id, label })) }));
const TASKS = TASK_KINDS.map((id) => ({ id, label: TASK_FACTS[id].name }));

export function ColumnsPanel() {
  const { data } = useStores();
  const { table, mapping, prepared, canReread } = useDataFields('table', 'mapping', 'prepared', 'canReread');
  if (!table) return null;
  const { text, label, id, task } = mapping;
  const { format } = table;
  const constant = prepared?.constantColumns ?? [];
  const columns = table.columns
    .filter((name) => !constant.includes(name) || [text, label, id].includes(name))
    .map((name) => ({ id: name, label: name, detail: firstValue(table.rows.at(0)?.cells[name]) }));
  const { map, change, reread } = data;
  return (
    <Panel stack title="Columns" span={4}>
      <Select label="Task" value={task} onChange={(next) => void map({ task: next as TaskKind })} options={TASKS} />
      <Select label="Text" options={columns} value={text} onChange={(next) => void map({ text: next })} />
      <Select
        label={TASK_FACTS[task].column}
        options={prepared && task === 'classify' ? [...columns, LABEL_HERE] : columns}
        value={label}
        onChange={(next) =>
          void (next === LABEL_HERE.id ? change({ kind: 'mend', mend: 'label-column' }) : map({ label: next }))
        }
      />
      <details className="fold" open={unfolded.read()} onToggle={(event) => unfolded.write(event.currentTarget.open)}>
        <summary>File format</summary>
        <div className="stack">
          <p className="dim small">{[`${formatWords(table)}.`, ...(table.notes ?? [])].join(' ')}</p>
          <Select
            label="Row name"
            means="A column that identifies each row: results still refer to it after you add or remove others."
            options={[{ id: NONE, label: 'None: number the rows' }, ...columns]}
            value={id ?? NONE}
            onChange={(next) => void map({ id: next === NONE ? null : next })}
          />
          {canReread && (format.kind === 'csv' || format.kind === 'tsv') ? (
            <div className="data-format">
              {FORMAT.map(({ mark, ...of }) => (
                <Select
                  key={mark}
                  {...of}
                  value={format[mark] ?? '"'}
                  onChange={(next) => void reread({ [mark]: next } as ParseOverride)}
                />
              ))}
            </div>
          ) : null}
        </div>
      </details>
    </Panel>
  );
}

const firstValue = (cell = '') => (cell.length > 24 ? `${cell.slice(0, 23)}…` : cell);
