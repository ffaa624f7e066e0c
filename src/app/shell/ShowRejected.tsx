import { useState } from 'react';
import { toCsv } from '../../dataset/csv-out';
import type { RejectedRow } from '../../dataset/types';
import { counted } from '../../lib/format';
import { Button, Dialog, Table, type TableColumn } from '../ui';
import { saveFile } from '../ui/download';

const COLUMNS: readonly TableColumn<RejectedRow>[] = [
  { name: 'Line', card: true, numeric: true, cell: ({ line }) => line },
  { name: 'Why', cell: ({ reason }) => reason },
  { name: 'In the file', primary: true, cell: ({ raw }) => <code className="raw">{raw}</code> },
];

const SHOWN = 100;

export function ShowRejected({ rejected }: { readonly rejected: readonly RejectedRow[] }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button variant="link" onPress={() => setOpen(true)}>
        Show
      </Button>
      <Dialog
        wide
        title={`${counted(rejected.length, 'row')} left out`}
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        actions={
          <Button variant="primary" onPress={() => saveRejected(rejected)}>
            Download as CSV
          </Button>
        }
      >
        <p className="dim">Correct them in your file and open it again; the other rows are in use.</p>
        <Table
          caption="Rows that were left out"
          columns={COLUMNS}
          rows={rejected.slice(0, SHOWN)}
          rowKey={({ line }) => String(line)}
        />
        {rejected.length > SHOWN ? <p className="dim small">The first {SHOWN}; the download has all of them.</p> : null}
      </Dialog>
    </>
  );
}

const saveRejected = (rejected: readonly RejectedRow[]) =>
  saveFile(
    'rows-left-out.csv',
    toCsv(
      ['line', 'reason', 'raw'],
      rejected.map(({ line, reason, raw }) => [line, reason, raw]),
      { bom: true, neutralise: true },
    ),
    'text/csv',
  );
