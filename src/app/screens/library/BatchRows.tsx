import { useState } from 'react';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { MAX_BYTES, MAX_ROWS } from '../../../dataset/limits';
import type { Row } from '../../../dataset/types';
import { Button, format, Panel, Select, Table, type TableColumn } from '../../ui';
import { RejectedDialog } from '../data/RejectedDialog';
import { ReadingRows } from './ReadingRows';
import { useBatch } from './use-library';

const COLUMNS_SHOWN = 4;
const CELL_SHOWN = 160;

const shortened = (cell: string) => (cell.length > CELL_SHOWN ? `${cell.slice(0, CELL_SHOWN)}…` : cell);

/** The file, which column has the texts, and its first rows with what was answered. */
export function BatchRows() {
  const { file, reading, text, run, openFile, stopReading, chooseText, clear } = useBatch((s) => s);
  const [showsRejected, setShowsRejected] = useState(false);
  const isHeld = run !== null;
  const choose = (
    <FileTrigger onSelect={(files) => files?.[0] && void openFile(files[0])}>
      <Button isDisabled={isHeld}>{file ? 'Another file' : 'Choose a file'}</Button>
    </FileTrigger>
  );
  if (!file)
    return (
      <Panel span={12} title="Which rows">
        <div className="stack">
          <p className="dim">
            A CSV, TSV or JSONL with one text a row, up to {format.bytes(MAX_BYTES)} and{' '}
            {format.counted(MAX_ROWS, 'row')}; no labels are needed. Drop it here, or choose it. It stays in this tab:
            nothing of it is stored.
          </p>
          {reading ? <ReadingRows reading={reading} onStop={stopReading} /> : <div className="row">{choose}</div>}
        </div>
      </Panel>
    );
  const { format: source, columns, rows, rejected, notes, first } = file;
  const shown = [...(text === null ? [] : [text]), ...columns.filter((name) => name !== text)].slice(0, COLUMNS_SHOWN);
  const numbered = first.map((row, place) => ({ row, place }));
  const answer = (place: number) => {
    const said = run?.first[place];
    if (said?.kind === 'label') return `${said.label} · ${format.percentWhole(said.confidence)}`;
    if (said?.kind === 'text') return <span className="version-text">{shortened(said.text)}</span>;
    return <span className="dim">{said?.reason ?? '–'}</span>;
  };
  const tableColumns: readonly TableColumn<{ row: Row; place: number }>[] = [
    ...shown.map((name, i) => ({
      id: `column ${name}`,
      header: name,
      primary: i === 0,
      cardLabel: i === 0 ? '' : name,
      cell: ({ row }: { row: Row }) => <span className="version-text">{shortened(row.cells[name] ?? '')}</span>,
    })),
    { id: 'said', header: 'Answer', cardLabel: 'answer', cell: ({ place }) => answer(place) },
  ];
  return (
    <Panel
      span={12}
      title={`${format.counted(rows, 'row')} of ${source.fileName}`}
      aside={`${source.kind}, ${source.encoding}`}
    >
      <div className="stack">
        <div className="batch-choice">
          <Select
            label="The text is in"
            options={columns.map((name) => ({ id: name, label: name }))}
            value={text}
            onChange={chooseText}
            isDisabled={isHeld}
          />
          <div className="row batch-file">
            {choose}
            <Button variant="quiet" isDisabled={isHeld} onPress={clear}>
              Close the file
            </Button>
          </div>
        </div>
        {notes.map((note) => (
          <p key={note} className="dim small">
            {note}
          </p>
        ))}
        {rejected.length > 0 ? (
          <p>
            {format.counted(rejected.length, 'row')} could not be read.{' '}
            <Button variant="link" onPress={() => setShowsRejected(true)}>
              Show and download
            </Button>
          </p>
        ) : null}
        <Table caption="The first rows" rows={numbered} rowKey={({ place }) => String(place)} columns={tableColumns} />
        {columns.length > shown.length ? (
          <p className="dim small">
            {format.counted(columns.length - shown.length, 'more column')} will be in the result as they are.
          </p>
        ) : null}
      </div>
      <RejectedDialog rejected={rejected} isOpen={showsRejected} onClose={() => setShowsRejected(false)} />
    </Panel>
  );
}
